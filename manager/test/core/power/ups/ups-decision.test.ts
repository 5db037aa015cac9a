/** When it is time: threshold, debounce, hysteresis, and how fast the looks come. */
import t from 'tap';
import { readingOf, UpsWorld } from '../support/ups-world.ts';

const runtime = (seconds: number, status = 'OB') => readingOf(status, { runtimeMs: seconds * 1000 });
/** 1.1 × 120 s + 30 s + 3 × 5 s. */
const thresholdS = 177;

const onBattery = (seconds: number): UpsWorld => {
  const world = new UpsWorld();
  world.looks(2, runtime(seconds, 'OL'));
  world.looks(1, runtime(seconds));
  return world;
};

t.test('it triggers in the third look under the threshold, not before', async (t) => {
  const world = onBattery(thresholdS + 7);
  world.looks(1, runtime(thresholdS + 7));
  t.equal(world.state.phase, 'pending', 'counted down under it');
  world.looks(1, runtime(thresholdS + 7));
  t.equal(world.state.phase, 'pending');
  t.equal(world.triggers().length, 0);
  world.looks(1, runtime(thresholdS + 7));
  t.equal(world.state.phase, 'triggered');
  t.match(world.triggers()[0]?.effect, { triggerId: 'ups:rack-a:1', cause: 'runtime' });
});

t.test('what it asks for: less time than is believed, and the slack', async (t) => {
  const world = onBattery(thresholdS + 7);
  world.looks(3, runtime(thresholdS + 7));
  const [asked] = world.triggers();
  // Told in the first look at mains, counted down since the last of them: 20 s.
  t.equal(asked?.effect.slackMs, -13_000);
  t.equal(asked?.effect.timeLimitMs, Math.round(164_000 / 1.1));
});

t.test('time alone counts nothing', async (t) => {
  const world = onBattery(thresholdS - 20);
  for (let second = 0; second < 4; second += 1) world.tick(1000);
  t.equal(world.state.phase, 'pending');
  t.equal(world.state.outage?.looksBelow, 1);
});

t.test('a watcher that says nothing at all is silence', async (t) => {
  const world = onBattery(thresholdS + 20);
  for (let second = 0; second < 14; second += 1) world.tick(1000);
  t.equal(world.state.phase, 'on-battery');
  world.tick(1000);
  t.equal(world.state.phase, 'blind-on-battery');
  for (let second = 0; second < 30; second += 1) world.tick(1000);
  t.equal(world.state.phase, 'triggered', 'one look of silence in each interval');
});

t.test('from pending back: above the threshold by a tenth', async (t) => {
  const thresholdMs = 132_000 + 30_000 + 5000;
  const pending = (share: number): UpsWorld => {
    const world = new UpsWorld({ pollIntervalMs: 1000, debouncePolls: 5 });
    world.looks(1, readingOf('OL', { runtimeMs: thresholdMs * share }));
    world.looks(1, readingOf('OB', { runtimeMs: thresholdMs * share }));
    world.looks(1, readingOf('OB', { runtimeMs: thresholdMs * 0.95 }));
    t.equal(world.state.phase, 'pending');
    // What was told before the one low value, counted down by 2 s.
    world.looks(1, readingOf('OB', { runtimeMs: thresholdMs * share }));
    return world;
  };
  t.equal(pending(1.05).state.outage?.looksBelow, 1, 'kept between');
  t.equal(pending(1.05).state.phase, 'pending');
  t.equal(pending(1.2).state.outage?.looksBelow, 0, 'cleared above');
  t.equal(pending(1.2).state.phase, 'on-battery');
});

t.test('a budget that grows brings the decision nearer, at the next looks', async (t) => {
  const world = onBattery(600);
  world.take({ type: 'budget', budgetMs: 600_000 });
  t.equal(world.state.phase, 'on-battery', 'a budget is no look');
  world.looks(3, runtime(600));
  t.equal(world.state.phase, 'triggered');
});

t.test('looks come fast when it is near, and as usual when it is not', async (t) => {
  const world = onBattery(600);
  t.equal(world.state.isFast, false);
  world.looks(1, runtime(600, 'OB LB'));
  t.equal(world.state.isFast, true, 'LB is looked at again soon');
  world.looks(1, runtime(600));
  t.equal(world.state.isFast, false);
  const near = onBattery(thresholdS + 25);
  t.equal(near.state.isFast, true);
  near.looks(1, runtime(900, 'OL'));
  t.equal(near.state.isFast, false);
});

t.test('mains that comes and goes: looks under the threshold add up', async (t) => {
  const world = onBattery(thresholdS - 20);
  for (let flap = 0; flap < 2; flap += 1) {
    world.looks(2, runtime(thresholdS - 20, 'OL'));
    world.looks(1, runtime(thresholdS - 20));
  }
  t.equal(world.state.phase, 'triggered');
  t.equal(world.state.outages, 1, 'one outage');
});

t.test('mains for a minute ends the outage, and the next has an id of its own', async (t) => {
  const world = onBattery(thresholdS - 20);
  world.looks(14, runtime(thresholdS - 20, 'OL'));
  t.equal(world.state.outage, undefined);
  world.looks(3, runtime(thresholdS - 20));
  t.equal(world.triggers()[0]?.effect.triggerId, 'ups:rack-a:2');
});

t.test('the fall of the charge decides where no runtime is told', async (t) => {
  const world = new UpsWorld();
  const charge = (percent: number, status = 'OB') => readingOf(status, { chargePercent: percent });
  world.looks(2, charge(100, 'OL'));
  // A point in 15 s: 10 % is reached after 1350 s.
  for (let look = 0; look < 400 && world.triggers().length === 0; look += 1)
    world.looks(1, charge(100 - Math.floor(look / 3)));
  const [asked] = world.triggers();
  t.match(asked?.effect.sentence, /by the fall of its charge to \d+ %/);
  const leftS = 1350 + 15 - (asked?.atMs ?? 0) / 1000;
  t.ok(leftS > 120 && leftS < 400, `${leftS} s before it is low`);
});

t.test('a host that slept for an hour believes what it is told then', async (t) => {
  const world = onBattery(900);
  world.tick(3_600_000);
  t.equal(world.state.phase, 'blind-on-battery');
  world.looks(6, runtime(400), 1000);
  t.equal(world.state.phase, 'on-battery');
  t.equal(world.triggers().length, 0);
});
