import t from 'tap';
import {
  type IssuedCertificate,
  issuedMax,
  issuedPerHolderMax,
  recordIssued,
} from '../../../src/core/trust/issued.ts';

const certificate = (name: string, serial: string, issuedAtMs = 0): IssuedCertificate => ({
  serial,
  identity: { kind: 'node', name },
  issuedAtMs,
  notAfterMs: issuedAtMs + 100,
});

t.test('expired ones go, a holder pushes out only its own', async (t) => {
  let list = recordIssued([], certificate('quiet', 'Q'));
  for (let count = 0; count < issuedPerHolderMax + 5; count++)
    list = recordIssued(list, certificate('busy', `B${count}`));
  t.equal(list.filter((each) => each.identity.name === 'busy').length, issuedPerHolderMax);
  t.equal(list[0]?.serial, 'Q');
  t.equal(list.at(-1)?.serial, `B${issuedPerHolderMax + 4}`);
  t.strictSame(recordIssued(list, certificate('late', 'L', 100)), [certificate('late', 'L', 100)]);
});

t.test('bounded in all', async (t) => {
  const full = Array.from({ length: issuedMax }, (_, index) => certificate(`n${index}`, `${index}`));
  const list = recordIssued(full, certificate('more', 'M'));
  t.equal(list.length, issuedMax);
  t.equal(list.at(-1)?.serial, 'M');
});
