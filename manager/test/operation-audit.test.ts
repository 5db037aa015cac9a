import { createOperationOutcome, createVerbOptions } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { auditEntryOf } from '../src/operation-audit.ts';
import { requestOf } from './support/operations-fixtures.ts';

const done = createOperationOutcome({ status: 'done', durationMs: 12 });

t.test('a command is known by its digest, never by its arguments', async (t) => {
  const options = createVerbOptions({ argv: ['/bin/mount', '-o', 'password=hunter2'] });
  const entry = auditEntryOf({ ...requestOf(1), verb: 'exec', unit: '', options }, done, false);
  t.match(entry, { what: 'exec', command: '/bin/mount', argc: 3, outcome: 'done' });
  // printf '%s\0' /bin/mount -o password=hunter2 | sha256sum
  t.equal(entry.argvSha256, '9922606e776dd93607b01242ca81b23b125841e72ed26a80f2b3110e635f3d32');
  t.notMatch(JSON.stringify(entry), 'hunter2');
  t.notOk('command' in auditEntryOf(requestOf(1), done, false), 'units have no command');
});

t.test('a name that nothing proves is put down as a claim', async (t) => {
  t.equal(auditEntryOf({ ...requestOf(1), requestedBy: 'local:root' }, done, false).claimed, true);
  t.notOk('claimed' in auditEntryOf({ ...requestOf(1), requestedBy: 'alice' }, done, false));
});

t.test('late ones say so', async (t) => {
  t.equal(auditEntryOf(requestOf(1), done, true).late, true);
});

t.test("the result is systemd's own word, or there is none", async (t) => {
  const entryOf = (result: string) =>
    auditEntryOf(requestOf(1), createOperationOutcome({ status: 'failed', result }), false);
  t.equal(entryOf('dependency').result, 'dependency');
  t.notOk('result' in entryOf('refused'), 'systemd did not take the call');
});
