/** A trigger: asked for until it is answered, tightened, reversed, never lost (I10). */
import t from 'tap';
import { readingOf, UpsWorld } from '../support/ups-world.ts';

const runtime = (seconds: number, status = 'OB') => readingOf(status, { runtimeMs: seconds * 1000 });

const triggered = (seconds = 150): UpsWorld => {
  const world = new UpsWorld();
  world.looks(2, runtime(seconds, 'OL'));
  world.looks(3, runtime(seconds));
  return world;
};

const reversals = (world: UpsWorld): number =>
  world.told.filter(({ effect }) => effect.type === 'reverse').length;

t.test('asked for again every 5 s until a run has begun, under the same id', async (t) => {
  const world = triggered();
  world.looks(8, runtime(140), 1000);
  t.equal(world.triggers().length, 2);
  world.run('started');
  world.looks(20, runtime(140), 1000);
  const ids = world.triggers().map(({ effect }) => effect.triggerId);
  t.same(ids, ['ups:rack-a:1', 'ups:rack-a:1']);
});

t.test('its record is durable before it leaves (I9)', async (t) => {
  const world = new UpsWorld();
  world.looks(2, runtime(150, 'OL'));
  world.looks(2, runtime(150));
  world.nowMs += 5000;
  const types = world.sample(runtime(150)).map(({ type }) => type);
  t.equal(types[0], 'persist');
  t.ok(types.includes('trigger'));
  t.match(JSON.parse(world.disk ?? ''), { phase: 'triggered', trigger: { triggerId: 'ups:rack-a:1' } });
});

t.test('after a restart it is asked for at once, unless a run has begun', async (t) => {
  const world = triggered();
  world.restart();
  t.equal(world.triggers().length, 2);
  world.run('started');
  world.restart();
  t.equal(world.triggers().length, 2);
  const rebooted = triggered();
  rebooted.restart('boot-2');
  t.equal(rebooted.triggers().length, 1, 'in another boot, its UPS is looked at first');
  t.equal(rebooted.state.phase, 'triggered');
});

t.test('a battery that dies faster shortens the time limit of the run', async (t) => {
  const world = triggered();
  world.run('started');
  world.looks(5, runtime(140), 1000);
  t.equal(world.triggers().length, 1);
  world.looks(1, runtime(50, 'OB LB'), 1000);
  const [first, second] = world.triggers();
  t.equal(second?.effect.triggerId, first?.effect.triggerId);
  t.ok((second?.effect.timeLimitMs ?? 0) < 50_000, `${second?.effect.timeLimitMs}`);
});

t.test('mains for a minute and enough runtime reverse it, once', async (t) => {
  const world = triggered();
  world.run('started');
  world.looks(11, runtime(900, 'OL'));
  t.equal(reversals(world), 0);
  world.looks(3, runtime(900, 'OL'));
  t.equal(reversals(world), 1);
  const reverse = world.told.find(({ effect }) => effect.type === 'reverse')?.effect;
  t.match(reverse, {
    triggerId: 'ups:rack-a:1',
    sentence: /^rack-a takes its shutdown back, before the point of no return: mains has been back for 1 min/,
  });
  world.looks(30, runtime(900, 'OL'));
  t.equal(reversals(world), 1);
  world.run('failed');
  t.equal(world.state.phase, 'online');
});

t.test('a reverse that may not have left is asked for again; a shutdown is not, meanwhile', async (t) => {
  const started = triggered();
  started.run('started');
  started.looks(14, runtime(900, 'OL'));
  started.restart();
  t.equal(reversals(started), 2, 'after a restart');
  const unanswered = triggered();
  unanswered.looks(14, runtime(900, 'OL'));
  const asked = unanswered.triggers().length;
  unanswered.looks(3, runtime(900, 'OL'));
  t.equal(reversals(unanswered), 5, 'until it is answered');
  t.equal(unanswered.triggers().length, asked);
  unanswered.run('failed');
  t.equal(unanswered.state.phase, 'online');
});

t.test('mains without enough runtime does not', async (t) => {
  const world = triggered();
  world.run('started');
  world.looks(60, runtime(180, 'OL'));
  t.equal(reversals(world), 0);
});

t.test('past the point of no return nothing reverses it', async (t) => {
  const world = triggered();
  world.run('started');
  world.run('past-no-return');
  world.looks(100, runtime(900, 'OL'));
  t.equal(reversals(world), 0);
  t.equal(world.state.phase, 'committed');
  const late = triggered();
  late.run('started');
  late.looks(14, runtime(900, 'OL'));
  late.run('past-no-return');
  t.equal(late.state.phase, 'committed', 'the run was faster than the reverse');
});

t.test('an outage again while it is being reversed is another one', async (t) => {
  const world = triggered();
  world.run('started');
  world.looks(14, runtime(900, 'OL'));
  t.equal(reversals(world), 1);
  world.looks(2, runtime(100));
  const ids = world.triggers().map(({ effect }) => effect.triggerId);
  t.same(ids, ['ups:rack-a:1', 'ups:rack-a:2'], 'decided in two looks');
});

t.test('FSD is not reversed while it is set', async (t) => {
  const world = new UpsWorld();
  world.looks(2, runtime(900, 'OL'));
  world.looks(60, runtime(900, 'OL FSD'));
  t.equal(reversals(world), 0);
  world.looks(1, runtime(900, 'OL'));
  t.equal(reversals(world), 1, 'upsd has restarted');
});

t.test('a run that failed is asked for anew, under another id, after longer and longer pauses', async (t) => {
  const world = triggered();
  const asked: number[] = [];
  for (let attempt = 0; attempt < 6; attempt += 1) {
    world.run('started');
    world.run('failed');
    const before = world.triggers().length;
    const fromMs = world.nowMs;
    while (world.triggers().length === before) world.looks(1, runtime(100), 1000);
    asked.push((world.nowMs - fromMs) / 1000);
  }
  t.same(asked, [10, 20, 40, 60, 60, 60]);
  const ids = world.triggers().map(({ effect }) => effect.triggerId);
  t.equal(new Set(ids).size, ids.length);
  t.ok(world.alerts().includes('critical run-failed'));
});
