import t from 'tap';
import { nextOperationsTickMs } from '../../src/core/operations.ts';
import type { OperationsEffect } from '../../src/core/operations-state.ts';
import { apply, begun, drive, openState, opId, removed } from '../support/operations.ts';

t.test('nobody waits: the outcome is reported until it is acknowledged', async (t) => {
  const driver = begun();
  driver.run({ type: 'abandoned', ticket: 1 });
  t.same(driver.run(removed('done')), [], 'no session, nobody to tell');
  const outcomes = [{ opId: opId(1), status: 'done' }];
  t.match(driver.run({ type: 'session', isOpen: true }), [{ type: 'report', outcomes }]);
  driver.nowMs = 10;
  driver.run({ type: 'report-failed' });
  t.equal(nextOperationsTickMs(driver.state), 5010);
  driver.nowMs = 5010;
  t.match(driver.run({ type: 'tick' }), [{ type: 'report', outcomes }]);
  driver.run({ type: 'session', isOpen: false });
  t.match(driver.run({ type: 'session', isOpen: true }), [{ type: 'report', outcomes }]);
  driver.run({ type: 'reported', opIds: [opId(1)] });
  t.same(driver.run({ type: 'session', isOpen: true }), []);
  t.same(drive(openState(driver.records)).run({ type: 'session', isOpen: true }), [], 'nor after a restart');
  const killedBefore = driver.records.filter(({ type }) => type !== 'reported');
  t.match(drive(openState(killedBefore)).run({ type: 'session', isOpen: true }), [
    { type: 'report', outcomes },
  ]);
});

t.test('the journal is compacted, and the compacted one tells the same', async (t) => {
  const driver = drive();
  let compacted: OperationsEffect | undefined;
  for (let n = 1; n <= 5000; n += 1) {
    const effects = [
      ...driver.run(
        apply({ opId: opId(n), verb: 'reset-failed', notAfterClockMs: driver.bootTimeMs + 5000 }, n),
      ),
      ...driver.run({ type: 'called', opId: opId(n), result: { case: 'done', changes: [], result: 'done' } }),
    ];
    compacted = effects.find((effect) => effect.type === 'compact') ?? compacted;
    driver.nowMs += 1000;
    driver.bootTimeMs += 1000;
  }
  if (compacted?.type !== 'compact') throw new Error('it was never compacted');
  const again = openState(compacted.records);
  t.ok(again.ledger.size >= 1000);
  t.equal(again.ledger.unreportedCount, 0);
  t.equal(again.highestEpoch, 5);
  t.ok(driver.state.ledger.size < 5000, 'the hour is over for the first ones');
});
