import { createOperationOutcome } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { OperationLedger } from '../../src/core/operation-ledger.ts';
import { opId } from '../support/operations.ts';

const small = { agesMs: 1000, countMin: 3, countMax: 6 };
const done = (n: number) => createOperationOutcome({ opId: opId(n), status: 'done' });
const facts = (fields = {}) => ({
  nowMs: 0,
  notAfterClockMs: 0,
  wasApplied: true,
  isReported: true,
  ...fields,
});

t.test('remembers, and tells as it was told', async (t) => {
  const ledger = new OperationLedger(small);
  ledger.remember(done(1), facts());
  t.ok(ledger.has(opId(1)));
  t.match(ledger.get(opId(1)), { outcome: done(1), wasApplied: true });
  t.equal(ledger.get(opId(2)), undefined);
});

t.test('an hour, and at least so many', async (t) => {
  const ledger = new OperationLedger(small);
  for (let n = 1; n <= 5; n += 1) ledger.remember(done(n), facts({ nowMs: n }));
  ledger.makeRoom(999, 1);
  t.equal(ledger.size, 5, 'all are young');
  ledger.makeRoom(1002, 1);
  t.equal(ledger.size, 3, 'the two oldest are old enough');
  ledger.makeRoom(99_999, 1);
  t.equal(ledger.size, 3, 'the last ones stay');
});

t.test('what the manager has not acknowledged outlives the hour', async (t) => {
  const ledger = new OperationLedger(small);
  for (let n = 1; n <= 5; n += 1) ledger.remember(done(n), facts({ isReported: false }));
  ledger.makeRoom(99_999, 1);
  t.equal(ledger.size, 5);
  t.equal(ledger.unreported(99, 1e6).length, 5);
  t.equal(ledger.unreported(2, 1e6).length, 2);
  t.equal(ledger.unreported(99, 1).length, 1, 'always one, whatever its size');
  t.ok(ledger.markReported(opId(1)));
  t.notOk(ledger.markReported(opId(1)));
  t.equal(ledger.unreportedCount, 4);
});

t.test('never more than the limit, and never what a late frame could still apply (I2)', async (t) => {
  const ledger = new OperationLedger(small);
  for (let n = 1; n <= 6; n += 1)
    ledger.remember(done(n), facts({ notAfterClockMs: 100, isReported: false }));
  t.notOk(ledger.makeRoom(0, 100), 'no room: all could come back');
  t.equal(ledger.size, 6);
  t.ok(ledger.makeRoom(0, 101));
  t.equal(ledger.size, 5);
  t.ok(ledger.mayHaveForgotten(opId(1)));
  t.notOk(ledger.mayHaveForgotten(opId(2)));
});

t.test('one that could come back for long does not keep the others in (I14)', async (t) => {
  const ledger = new OperationLedger(small);
  ledger.remember(done(1), facts({ notAfterClockMs: 86_400_000 }));
  for (let n = 2; n <= 100; n += 1) {
    t.ok(ledger.makeRoom(0, 1000), `${n}`);
    ledger.remember(done(n), facts({ notAfterClockMs: 100 }));
  }
  t.equal(ledger.size, 6);
  t.ok(ledger.has(opId(1)));
  ledger.makeRoom(99_999, 1000);
  t.equal(ledger.size, 3, 'nor does it keep the old ones');
  t.ok(ledger.has(opId(1)));
});

t.test('the true outcome takes the place of the timeout', async (t) => {
  const ledger = new OperationLedger(small);
  ledger.remember({ ...done(1), status: 'timeout' }, facts());
  ledger.remember(done(1), facts({ isReported: false }));
  t.equal(ledger.get(opId(1))?.outcome.status, 'done');
  t.equal(ledger.unreportedCount, 1);
  t.equal([...ledger.records('boot-1')].length, 1);
  t.same(ledger.reportedIds(), []);
});
