/** An operation that a late frame could still apply is not forgotten: also over restarts of the agent (I2, I7). */
import t from 'tap';
import { journalRecords } from '../../src/core/operation-ending.ts';
import { OperationLedger } from '../../src/core/operation-ledger.ts';
import { type OperationRecord, parseOperationRecord } from '../../src/core/operation-record.ts';
import { openOperations } from '../../src/core/operations-state.ts';
import { defaultPolicy } from '../../src/core/policy.ts';
import { apply, begun, drive, job, noFacts, opId, ownUnit, removed } from '../support/operations.ts';

/** As small as can be: what may be dropped, is. */
const open = (records: Iterable<OperationRecord>, bootId = 'boot-1') =>
  openOperations({
    records: [...records].map((record) => parseOperationRecord(JSON.parse(JSON.stringify(record)))),
    bootId,
    ownUnit,
    policy: defaultPolicy,
    highestEpoch: 0,
    nowMs: 0,
    ledger: new OperationLedger({ agesMs: 1, countMin: 0, countMax: 1 }),
  });

const notAfterClockMs = 600_000;
const youngEnough = { nowMs: 10, bootTimeMs: notAfterClockMs } as const;

function finished(): OperationRecord[] {
  const driver = begun({ notAfterClockMs });
  driver.run(removed('done'));
  return driver.records;
}

t.test('after a restart: kept until it has expired', async (t) => {
  for (const [name, records] of [
    ['as it was written', finished()],
    ['compacted', [...journalRecords(open(finished()))]],
    ['compacted twice', [...journalRecords(open(journalRecords(open(finished()))))]],
  ] as const) {
    const { ledger } = open(records);
    t.notOk(ledger.makeRoom(youngEnough.nowMs, youngEnough.bootTimeMs), `${name}: it could come back`);
    t.ok(ledger.has(opId(1)), name);
    t.ok(ledger.makeRoom(youngEnough.nowMs, notAfterClockMs + 1), name);
    t.notOk(ledger.has(opId(1)), `${name}: no late frame can apply it any more`);
  }
});

t.test('after a restart of the host: its clock began anew, and no frame is left', async (t) => {
  for (const records of [finished(), [...journalRecords(open(finished()))]]) {
    const { ledger } = open(records, 'boot-2');
    t.ok(ledger.makeRoom(youngEnough.nowMs, 1));
    t.notOk(ledger.has(opId(1)));
  }
  const [, ...kept] = [...journalRecords(open(finished(), 'boot-2'))];
  t.match(kept[0], { type: 'finished', expiry: undefined });
});

t.test('one that was running when the agent was killed, and ends afterwards', async (t) => {
  const before = begun({ notAfterClockMs });
  for (const records of [before.records, [...journalRecords(before.state)]]) {
    const driver = drive(open(records));
    driver.run({ type: 'bus', isConnected: true });
    driver.run({ type: 'inspected', opId: opId(1), facts: { ...noFacts, job } });
    driver.run(removed('done'));
    t.match(driver.state.ledger.get(opId(1)), { outcome: { status: 'done' } });
    t.notOk(driver.state.ledger.makeRoom(youngEnough.nowMs, youngEnough.bootTimeMs));
    t.ok(driver.state.ledger.makeRoom(youngEnough.nowMs, notAfterClockMs + 1));
  }
  t.equal(open(before.records, 'boot-2').running.get(opId(1))?.notAfterClockMs, 0);
});

t.test('a beginning that could not be recorded is remembered until it has expired', async (t) => {
  const driver = drive(open([]));
  driver.run({ type: 'bus', isConnected: true });
  driver.step(apply({ notAfterClockMs }));
  driver.run({ type: 'begun-lost', opId: opId(1), message: 'no space left' });
  t.notOk(driver.state.ledger.makeRoom(youngEnough.nowMs, youngEnough.bootTimeMs));
  t.ok(driver.state.ledger.makeRoom(youngEnough.nowMs, notAfterClockMs + 1));
});

t.test('journals of before the field still fold (I7)', async (t) => {
  const old = finished().map((record) => ({ ...record, notAfterClockMs: undefined, expiry: undefined }));
  const state = open(old as OperationRecord[]);
  t.ok(state.ledger.has(opId(1)));
  t.ok(state.ledger.makeRoom(youngEnough.nowMs, 1), 'dropped as before');
  const [first] = old;
  t.equal(open([first] as OperationRecord[]).running.get(opId(1))?.notAfterClockMs, 0);
  t.throws(() => parseOperationRecord({ ...first, notAfterClockMs: 'soon' }), {
    message: /"notAfterClockMs"/,
  });
});
