/** What an agent makes of the file that it finds at its start. */
import t from 'tap';
import { nextDeadManTickMs } from '../../src/core/dead-man.ts';
import { deadManLimits, neverMs } from '../../src/core/dead-man-state.ts';
import { armedOrder, DeadManDriver } from '../support/dead-man.ts';

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
