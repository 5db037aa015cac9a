import t from 'tap';
import {
  type DialerInput,
  type DialerState,
  dialerLimits,
  dialerStep,
  nextDialMs,
  openDialer,
} from '../../src/core/dialer.ts';

const addresses = [
  { host: 'a', port: 1 },
  { host: 'b', port: 2 },
];

function drive(state: DialerState = openDialer(addresses, 0)) {
  const driver = {
    state,
    dialled: [] as string[],
    step(input: DialerInput) {
      const { state: next, effects } = dialerStep(driver.state, input);
      driver.state = next;
      driver.dialled.push(...effects.map(({ address }) => address.host));
    },
    /** The time until the next dial after a failure, and that dial. */
    fail(nowMs: number, random = 1): number {
      driver.step({ type: 'failed', nowMs, random });
      const atMs = nextDialMs(driver.state);
      driver.step({ type: 'tick', nowMs: atMs });
      return atMs - nowMs;
    },
  };
  return driver;
}

t.test('addresses in order, then a pause that doubles up to its cap', async (t) => {
  const driver = drive();
  driver.step({ type: 'tick', nowMs: 0 });
  const pauses = Array.from({ length: 10 }, () => driver.fail(0));
  t.same(driver.dialled, ['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b', 'a', 'b', 'a']);
  t.same(pauses, [0, 400, 0, 800, 0, 1000, 0, 1000, 0, 1000], 'no pause within a round');
});

t.test('full jitter: anything between nothing and the whole pause', async (t) => {
  const pauseOf = (random: number): number => {
    const driver = drive(openDialer(addresses.slice(0, 1), 0));
    driver.step({ type: 'tick', nowMs: 0 });
    return driver.fail(0, random);
  };
  t.equal(pauseOf(0), 0);
  t.equal(pauseOf(0.5), 200);
  t.equal(pauseOf(7), 400, 'never more than the whole');
});

t.test('back within 2 s of a healed link: one attempt given up and one pause', async (t) => {
  const { connectTimeLimitMs, backoffMsMax } = dialerLimits;
  // A SYN of the last attempt before the healing may be repeated after 1 s, which then succeeds; else:
  t.ok(connectTimeLimitMs - 1000 + backoffMsMax <= 2000);
});

t.test('after a session: from the first address again, soon', async (t) => {
  const driver = drive();
  driver.step({ type: 'tick', nowMs: 0 });
  driver.fail(0);
  driver.step({ type: 'connected', nowMs: 100 });
  t.equal(nextDialMs(driver.state), Number.POSITIVE_INFINITY, 'no timer while connected');
  driver.step({ type: 'failed', nowMs: 200, random: 1 });
  t.equal(driver.state.phase, 'connected', 'what comes late changes nothing');
  driver.step({ type: 'ended', nowMs: 100_000, random: 1, skip: false });
  t.equal(nextDialMs(driver.state), 100_200);
  driver.step({ type: 'tick', nowMs: 100_200 });
  t.same(driver.dialled, ['a', 'b', 'a']);
});

t.test('a manager that welcomes and ends at once is a failure like any other', async (t) => {
  const driver = drive(openDialer(addresses.slice(0, 1), 0));
  const pauses: number[] = [];
  for (let nowMs = 0; pauses.length < 5; nowMs = nextDialMs(driver.state)) {
    driver.step({ type: 'tick', nowMs });
    driver.step({ type: 'connected', nowMs });
    driver.step({ type: 'ended', nowMs: nowMs + 1, random: 1, skip: false });
    pauses.push(nextDialMs(driver.state) - nowMs - 1);
  }
  t.same(pauses, [400, 800, 1000, 1000, 1000]);
});

t.test('a manager that is of no use: the next address', async (t) => {
  const driver = drive();
  driver.step({ type: 'tick', nowMs: 0 });
  driver.step({ type: 'connected', nowMs: 0 });
  driver.step({ type: 'ended', nowMs: 5, random: 1, skip: true });
  driver.step({ type: 'tick', nowMs: 5 });
  t.same(driver.dialled, ['a', 'b']);
});

t.test('stopped for good', async (t) => {
  const driver = drive();
  driver.step({ type: 'stop' });
  driver.step({ type: 'tick', nowMs: 0 });
  driver.step({ type: 'failed', nowMs: 0, random: 1 });
  t.same(driver.dialled, []);
  t.equal(nextDialMs(driver.state), Number.POSITIVE_INFINITY);
});

/** Connected to the second address, and about to dial a session that takes over. */
function handingOver() {
  const driver = drive();
  driver.step({ type: 'tick', nowMs: 0 });
  driver.fail(0);
  driver.step({ type: 'connected', nowMs: 10 });
  driver.step({ type: 'hand-over', nowMs: 1000 });
  t.equal(nextDialMs(driver.state), 1000, 'at once');
  driver.step({ type: 'tick', nowMs: 1000 });
  return driver;
}

t.test('a second session that takes over: the same manager, while the first is there', async (t) => {
  const driver = handingOver();
  t.same(driver.dialled, ['a', 'b', 'b']);
  t.equal(driver.state.phase, 'connected');
  driver.step({ type: 'hand-over', nowMs: 1001 });
  t.equal(nextDialMs(driver.state), Number.POSITIVE_INFINITY, 'one at a time');
  driver.step({ type: 'connected', nowMs: 1005 });
  t.match(driver.state, { phase: 'connected', handover: 'none', connectedAtMs: 1005 });
  t.equal(nextDialMs(driver.state), Number.POSITIVE_INFINITY, 'no timer at rest (I14)');
  driver.step({ type: 'hand-over', nowMs: 2000 });
  t.equal(nextDialMs(driver.state), 2000, 'and again, when its time has come');
});

t.test('an attempt to take over that fails is made again, ever later; the first session stays', async (t) => {
  const driver = handingOver();
  const pauses = Array.from({ length: 10 }, () => driver.fail(0));
  t.same(pauses, [400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
  t.same(new Set(driver.dialled.slice(2)), new Set(['b']));
  t.equal(driver.state.phase, 'connected');
});

t.test('the first session ends before the second is there', async (t) => {
  const dialling = handingOver();
  dialling.step({ type: 'ended', nowMs: 1002, random: 1, skip: false });
  t.match(dialling.state, { phase: 'dialling', handover: 'none' }, 'the second is the only one then');
  t.equal(nextDialMs(dialling.state), Number.POSITIVE_INFINITY, 'nothing else is dialled');
  dialling.step({ type: 'connected', nowMs: 1010 });
  t.equal(dialling.state.phase, 'connected');

  const waiting = handingOver();
  waiting.step({ type: 'failed', nowMs: 1002, random: 1 });
  waiting.step({ type: 'ended', nowMs: 90_000, random: 1, skip: false });
  t.match(waiting.state, { phase: 'waiting', handover: 'none', next: 0 }, 'as after any session');
  waiting.step({ type: 'tick', nowMs: nextDialMs(waiting.state) });
  t.equal(waiting.state.phase, 'dialling');
});

t.test('without a session there is nothing to take over from', async (t) => {
  const driver = drive();
  driver.step({ type: 'hand-over', nowMs: 0 });
  driver.step({ type: 'tick', nowMs: 0 });
  driver.step({ type: 'hand-over', nowMs: 0 });
  t.match(driver.state, { phase: 'dialling', handover: 'none' });
  t.same(driver.dialled, ['a']);
});
