/** What an agent makes of the file that it finds at its start. */
import t from 'tap';
import { nextDeadManTickMs } from '../../src/core/dead-man.ts';
import { carriedOutRunId, deadManLimits, neverMs } from '../../src/core/dead-man-state.ts';
import { armedOrder, DeadManDriver, runId } from '../support/dead-man.ts';
import { opId } from '../support/operations.ts';

const { graceMs } = deadManLimits;

t.test('no file: at rest, for ever (I14)', async (t) => {
  const driver = new DeadManDriver();
  t.same(driver.effects, []);
  t.equal(nextDeadManTickMs(driver.state), neverMs);
});

t.test('an order of this boot is armed again', async (t) => {
  const driver = new DeadManDriver({ order: armedOrder(), epoch: 3 });
  t.same(driver.told, ['armed']);
  t.equal(driver.state.highestEpoch, 5, 'its epoch counts (I6)');
  t.equal(nextDeadManTickMs(driver.state), 600_000);
});

t.test('an order whose time is over meets its manager first: the grace begins with the agent', async (t) => {
  const driver = new DeadManDriver({ order: armedOrder(), bootTimeMs: 700_000 });
  driver.step({ type: 'bus', isConnected: true });
  t.equal(nextDeadManTickMs(driver.state), 700_000 + graceMs);
  driver.at(700_000 + graceMs - 1);
  t.same(driver.verbs, []);
  driver.at(700_000 + graceMs);
  t.same(driver.verbs, ['stop k3s.service']);
});

t.test('an order of another boot is void: the host has been off', async (t) => {
  const driver = new DeadManDriver({ order: armedOrder(), bootId: 'boot-2' });
  t.same(driver.told, ['void']);
  t.equal(driver.file, undefined, 'and removed');
  driver.step({ type: 'bus', isConnected: true });
  driver.at(10_000_000);
  t.same(driver.verbs, []);
  t.equal(nextDeadManTickMs(driver.state), neverMs);
});

t.test('also one that had begun there: nothing of it is done in this boot', async (t) => {
  const order = armedOrder({ begunAtClockMs: 600_000, next: 1 });
  const driver = new DeadManDriver({ order, bootId: 'boot-2' });
  driver.step({ type: 'bus', isConnected: true });
  driver.at(10_000_000);
  t.same(driver.verbs, []);
});

t.test(
  'one that was on its poweroff has powered the host off: kept and told until it is withdrawn',
  async (t) => {
    const order = armedOrder({ begunAtClockMs: 600_000, next: 2 });
    const driver = new DeadManDriver({ order, bootId: 'boot-2', bootTimeMs: 5000 });
    t.same(driver.told, ['carried-out']);
    t.equal(carriedOutRunId(driver.state), runId);
    t.equal(nextDeadManTickMs(driver.state), neverMs, 'at rest (I14)');
    driver.connect();
    driver.session(false);
    driver.at(10_000_000);
    t.same(driver.verbs, [], 'nothing of it is done in this boot');

    const again = new DeadManDriver({ ...(driver.file && { order: driver.file }), bootId: 'boot-3' });
    t.equal(carriedOutRunId(again.state), runId, 'also after another boot: nobody has heard of it yet');
    again.connect().disarm({ runId: opId(78) });
    t.equal(carriedOutRunId(again.state), runId, "another run's withdrawal is none of it");
    again.disarm();
    t.equal(carriedOutRunId(again.state), '');
    t.same(again.told, ['carried-out', 'withdrawn']);
    t.equal(again.file, undefined);
    t.same(new DeadManDriver({ bootId: 'boot-3' }).effects, []);
  },
);

t.test('a newer order takes its place', async (t) => {
  const order = armedOrder({ begunAtClockMs: 600_000, next: 3, isPoweroffTaken: true });
  const driver = new DeadManDriver({ order, bootId: 'boot-2' }).connect();
  t.equal(carriedOutRunId(driver.state), runId);
  driver.disk = 'full';
  driver.arm({ runId: opId(78) });
  t.equal(carriedOutRunId(driver.state), runId, 'not before it is durable');
  driver.disk = 'well';
  driver.arm({ runId: opId(78) });
  t.equal(carriedOutRunId(driver.state), '');
  t.match(driver.file, { runId: opId(78), isPoweroffTaken: false });
});

t.test('what was not powered off by it: not begun, not that far, without a poweroff, refused', async (t) => {
  const { operations } = armedOrder();
  for (const fields of [
    { next: 0 },
    { begunAtClockMs: 600_000, next: 1 },
    { begunAtClockMs: 600_000, next: 1, operations: operations.slice(0, 2) },
    { begunAtClockMs: 600_000, next: 3 },
    // An order of one operation, not begun.
    { next: 0, operations: operations.slice(2) },
  ]) {
    const driver = new DeadManDriver({ order: armedOrder(fields), bootId: 'boot-2' });
    t.equal(carriedOutRunId(driver.state), '', JSON.stringify(fields));
    t.same(driver.told, ['void']);
    t.equal(driver.file, undefined);
  }
});

t.test('what had begun goes on at once, where it was', async (t) => {
  const driver = new DeadManDriver({
    order: armedOrder({ begunAtClockMs: 600_000, next: 1 }),
    bootTimeMs: 600_500,
  });
  t.same(driver.told, ['resumed']);
  t.same(driver.verbs, [], 'as soon as there is a bus');
  driver.step({ type: 'bus', isConnected: true });
  t.same(driver.verbs, ['exec']);
});
