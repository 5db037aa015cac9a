import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { presentLedgers } from '../../src/backup/present-ledgers.ts';
import { emptyLedger } from '../../src/core/trust/ledger.ts';
import { formatLedger } from '../../src/trust/ledger-file.ts';

const top = mkdtempSync(join(tmpdir(), 'hecate-ledgers-'));
t.teardown(() => rmSync(top, { recursive: true, force: true }));

function place(name: string, certificate: string | undefined, ledger: string): string {
  const authority = join(top, name, 'authority');
  mkdirSync(authority, { recursive: true });
  if (certificate !== undefined) writeFileSync(join(authority, 'certificate.pem'), certificate);
  writeFileSync(join(authority, 'ledger.json'), ledger);
  return join(top, name);
}

t.test('those of the same authority are read, and what cannot be is told', async (t) => {
  const places = [
    place('same', 'own', formatLedger(emptyLedger)),
    place('half', undefined, formatLedger(emptyLedger)),
    place('other', 'another', formatLedger(emptyLedger)),
    place('damaged', 'own', '{}'),
    join(top, 'nothing'),
  ];
  const { ledgers, unread } = await presentLedgers(places, Buffer.from('own'));
  t.same(ledgers, [emptyLedger, emptyLedger]);
  t.match(unread, [/damaged\/authority\/ledger.json is damaged/]);
  t.equal(unread.length, 1);
});
