/** When an order is carried out, and how: at its time, alone, one operation after the other, each once. */
import t from 'tap';
import { armedOpId } from '../../src/core/armed-order.ts';
import { nextDeadManTickMs } from '../../src/core/dead-man.ts';
import { carriedOutRunId, deadManLimits, neverMs } from '../../src/core/dead-man-state.ts';
import { armedOrder, DeadManDriver, ended, part } from '../support/dead-man.ts';

const { graceMs, attemptsMax, retryMs, answerMarginMs, discardRetryMs } = deadManLimits;
const wholePart = ['stop k3s.service', 'exec', 'poweroff'];

/** Armed at 500 000 for 600 000, with a session and a bus. */
function armed(): DeadManDriver {
  const driver = new DeadManDriver().connect();
  driver.arm();
  return driver;
}

/** Cut off since 550 000. */
function alone(): DeadManDriver {
  const driver = armed();
  driver.at(550_000);
  driver.session(false);
  return driver;
}

/** Begun: its first operation is under way. */
function begun(): DeadManDriver {
  const driver = alone();
  driver.at(600_000);
  return driver;
}

t.test('cut off: not before its time, then at it, and to its end', async (t) => {
  const driver = alone();
  t.equal(nextDeadManTickMs(driver.state), 600_000);
  driver.at(599_999);
  t.same(driver.verbs, []);
  driver.at(600_000);
  t.same(driver.verbs, ['stop k3s.service'], 'one after the other');
  driver.end();
  driver.end();
  t.same(driver.verbs, wholePart);
  driver.end();
  t.same(driver.told, [
    'armed',
    'begun',
    'operation-ended',
    'operation-ended',
    'operation-ended',
    'finished',
  ]);
  t.match(driver.file, { next: 3, isPoweroffTaken: true }, 'kept over the boot: the run is to hear of it');
  t.equal(carriedOutRunId(driver.state), '', 'in this boot it is not off yet');
  t.equal(nextDeadManTickMs(driver.state), neverMs, 'at rest again (I14)');
  driver.at(10_000_000);
  t.same(driver.verbs, wholePart, 'and never again');
});

t.test('withdrawn while its poweroff is under way: no boot after this one tells of it', async (t) => {
  const driver = begun();
  driver.end();
  driver.end();
  driver.end();
  driver.session(true);
  driver.disarm();
  t.equal(driver.file, undefined);
  t.equal(driver.state.carriedOut, undefined);
});

t.test('a poweroff that was refused, or has failed, has powered nothing off', async (t) => {
  for (const [status, isKept] of [
    ['refused', false],
    ['failed', false],
    ['unknown', true],
  ] as const) {
    const driver = begun();
    driver.end();
    driver.end();
    driver.end({ status });
    t.equal(driver.file !== undefined, isKept, status);
    t.equal(driver.told.at(-1), 'finished');
  }
});

t.test('without an order silence says nothing', async (t) => {
  const driver = new DeadManDriver().connect();
  driver.session(false);
  driver.at(10_000_000);
  t.same(driver.effects, []);
});

t.test('what is applied: the ids of the order, its limits, the newest epoch (I6)', async (t) => {
  const driver = alone();
  driver.step({ type: 'epoch', epoch: 9 });
  driver.at(600_000);
  driver.end();
  t.match(driver.applied, [
    { opId: armedOpId(armedOrder(), 0), epoch: 9, verb: 'stop', timeLimitMs: 90_000 },
    { opId: armedOpId(armedOrder(), 1), verb: 'exec', options: { argv: ['sync'] } },
  ]);
  t.ok((driver.applied[0]?.notAfterClockMs ?? 0) >= 690_000);
});

t.test('a manager is there at the time: it waits, as long as that takes', async (t) => {
  const driver = armed();
  t.equal(nextDeadManTickMs(driver.state), neverMs, 'without a timer');
  driver.at(900_000);
  t.same(driver.verbs, []);
  driver.session(false);
  t.equal(nextDeadManTickMs(driver.state), 900_000 + graceMs);
  driver.at(900_000 + graceMs - 1);
  t.same(driver.verbs, []);
  driver.at(900_000 + graceMs);
  t.same(driver.verbs, ['stop k3s.service']);
});

t.test('a flap of the network switches nothing off', async (t) => {
  for (const [what, lostAtMs] of [
    ['past the time', 700_000],
    ['around the time', 599_000],
  ] as const) {
    const driver = armed();
    for (let flap = 0; flap < 20; flap += 1) {
      driver.at(lostAtMs + flap * graceMs);
      driver.session(false);
      driver.at(lostAtMs + flap * graceMs + graceMs - 1);
      driver.session(true);
    }
    t.same(driver.verbs, [], what);
  }
});

t.test('cut, healed before the time, and cut again: the grace begins anew', async (t) => {
  const driver = alone();
  driver.at(590_000);
  driver.session(true);
  driver.at(595_000);
  driver.session(false);
  driver.at(600_000);
  t.same(driver.verbs, []);
  driver.at(595_000 + graceMs);
  t.same(driver.verbs, ['stop k3s.service']);
});

t.test('found late, after a suspend of the host: at once', async (t) => {
  const driver = alone();
  driver.at(5_000_000);
  t.same(driver.verbs, ['stop k3s.service']);
});

t.test('that it has begun is durable before anything is applied (I9)', async (t) => {
  const driver = alone();
  driver.disk = 'silent';
  driver.at(600_000);
  t.match(driver.effects.at(-1), { type: 'persist', order: { begunAtClockMs: 600_000, next: 0 } });
  t.same(driver.verbs, []);
  driver.step({ type: 'persisted' });
  t.same(driver.verbs, ['stop k3s.service']);
  driver.end();
  t.match(driver.effects.at(-1), { type: 'persist', order: { next: 1 } }, 'and how far it is');
  t.same(driver.verbs, ['stop k3s.service']);
  driver.step({ type: 'persisted' });
  t.same(driver.verbs, ['stop k3s.service', 'exec']);
});

t.test('a full disk does not stop it: the power is going', async (t) => {
  const driver = alone();
  driver.disk = 'full';
  driver.at(600_000);
  for (let count = 0; count < 3; count += 1) driver.end();
  t.same(driver.verbs, wholePart);
  t.ok(driver.told.includes('not-recorded'));
});

t.test('what fails is told, and it goes on', async (t) => {
  for (const outcome of [
    { status: 'failed', code: 'HEC_UNIT_FAILED' },
    { status: 'timeout', code: 'HEC_TIMEOUT' },
    { status: 'unknown', code: 'HEC_UNKNOWN' },
    { status: 'refused', code: 'HEC_POLICY' },
  ] as const) {
    const driver = begun();
    driver.end(outcome);
    t.same(driver.verbs, ['stop k3s.service', 'exec'], outcome.status);
    const told = driver.effects.filter((effect) => effect.type === 'tell').at(-1);
    t.match(told, { event: 'operation-ended', index: 0, outcome });
  }
});

t.test('an answer that never comes is given up', async (t) => {
  const driver = begun();
  const lateMs = 600_000 + 90_000 + answerMarginMs;
  t.equal(nextDeadManTickMs(driver.state), lateMs);
  driver.at(lateMs - 1);
  t.same(driver.verbs, ['stop k3s.service']);
  driver.at(lateMs);
  t.same(driver.verbs, ['stop k3s.service', 'exec']);
  const { opId } = driver.applied[0] ?? { opId: '' };
  driver.step({ type: 'operation-ended', outcome: ended(opId) });
  t.same(driver.verbs, ['stop k3s.service', 'exec'], 'and when it comes after all, it is not heard');
  t.equal(driver.file?.next, 1);
});

t.test('without a bus it waits, and a refusal for now is asked for again', async (t) => {
  const driver = alone();
  driver.step({ type: 'bus', isConnected: false });
  driver.at(600_000);
  t.same([driver.verbs, nextDeadManTickMs(driver.state)], [[], neverMs]);
  driver.at(800_000);
  driver.step({ type: 'bus', isConnected: true });
  t.same(driver.verbs, ['stop k3s.service']);
  driver.end({ status: 'refused', code: 'HEC_BUS_GONE' });
  t.equal(nextDeadManTickMs(driver.state), 800_000 + retryMs);
  driver.at(800_000 + retryMs);
  t.same(driver.verbs, ['stop k3s.service', 'stop k3s.service']);
  t.equal(driver.applied[0]?.opId, driver.applied[1]?.opId, 'under the same id (I2)');
  driver.step({ type: 'bus', isConnected: false });
  driver.end({ status: 'refused', code: 'HEC_BUS_GONE' });
  t.equal(nextDeadManTickMs(driver.state), neverMs, 'the bus itself wakes it');
  driver.bootTimeMs = 810_000;
  driver.step({ type: 'bus', isConnected: true });
  t.equal(driver.verbs.length, 3);
});

t.test('a refusal for now that stays is a failure after the time limit', async (t) => {
  const driver = begun();
  for (let atMs = 600_000; atMs <= 700_000; atMs += retryMs) {
    driver.at(atMs);
    if (driver.state.attempt?.phase === 'applied' && driver.verbs.at(-1) !== 'exec')
      driver.end({ status: 'refused', code: 'HEC_BUSY' });
  }
  t.equal(driver.verbs.at(-1), 'exec');
});

t.test('what an interruption certainly kept from being applied is asked for anew, a few times', async (t) => {
  const driver = begun();
  for (let count = 0; count < attemptsMax; count += 1)
    driver.end({ status: 'failed', result: 'not-applied', inferred: true });
  t.same(driver.verbs, [...Array(attemptsMax).fill('stop k3s.service'), 'exec']);
  t.equal(
    new Set(driver.applied.map(({ opId }) => opId)).size,
    attemptsMax + 1,
    'each under an id of its own (I2)',
  );
  driver.end({ status: 'unknown', result: '', inferred: true });
  t.equal(driver.verbs.at(-1), 'poweroff', 'but not what may have been applied');
});

t.test('a manager that comes back in its middle: it goes on, unless it is withdrawn', async (t) => {
  const driver = begun();
  driver.session(true);
  t.equal(driver.told.at(-1), 'manager-back');
  driver.end();
  t.same(driver.verbs, ['stop k3s.service', 'exec']);
  t.match(driver.disarm(), [{ event: 'withdrawn' }, { type: 'forget' }, { type: 'answer' }]);
  driver.end();
  driver.session(false);
  driver.at(10_000_000);
  t.same(driver.verbs, ['stop k3s.service', 'exec'], 'no further');
});

t.test('the file of a finished order that cannot be removed is tried again', async (t) => {
  const driver = new DeadManDriver().connect();
  driver.arm({ operations: part().operations.slice(0, 1) });
  driver.session(false);
  driver.at(600_000);
  driver.disk = 'full';
  driver.end();
  t.equal(driver.told.at(-1), 'not-recorded');
  t.equal(nextDeadManTickMs(driver.state), 600_000 + discardRetryMs);
  driver.disk = 'well';
  driver.at(600_000 + discardRetryMs);
  t.equal(driver.file, undefined);
  t.equal(nextDeadManTickMs(driver.state), neverMs);
});
