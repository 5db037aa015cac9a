/** What becomes of a trigger, and the way back. */
import t from 'tap';
import { readingOf, UpsWorld } from '../support/ups-world.ts';

const runtime = (seconds: number, status = 'OB') => readingOf(status, { runtimeMs: seconds * 1000 });

const committed = (): UpsWorld => {
  const world = new UpsWorld();
  world.looks(2, runtime(150, 'OL'));
  world.looks(3, runtime(150));
  world.run('started');
  world.run('past-no-return');
  return world;
};

t.test('hosts off, mains back, site up', async (t) => {
  const world = committed();
  world.run('ended');
  t.equal(world.state.phase, 'hosts-off');
  world.looks(3, runtime(60));
  t.equal(world.state.phase, 'hosts-off');
  world.looks(3, runtime(60, 'OL'));
  t.equal(world.state.phase, 'recover');
  world.looks(80, runtime(60, 'OL'));
  t.equal(world.state.phase, 'recover', 'until somebody says so');
  world.take({ type: 'recovered' });
  t.equal(world.state.phase, 'online');
});

t.test('mains is back before the hosts are off', async (t) => {
  const world = committed();
  world.looks(3, runtime(60, 'OL'));
  t.equal(world.state.phase, 'committed', 'it goes on to its end');
  world.run('ended');
  t.equal(world.state.phase, 'recover');
});

t.test('an outage again while the site comes back is decided in two looks', async (t) => {
  const world = committed();
  world.run('ended');
  world.looks(30, runtime(100, 'OL'));
  world.looks(2, runtime(100));
  t.same(
    world.triggers().map(({ effect }) => effect.triggerId),
    ['ups:rack-a:1', 'ups:rack-a:2'],
  );
});

t.test('silence on the way back is none of it', async (t) => {
  const world = committed();
  world.run('ended');
  world.looks(3, runtime(100, 'OL'));
  world.looks(3, 'server-lost');
  t.equal(world.state.phase, 'recover');
  t.equal(world.state.mainsSinceMs, undefined, 'mains is not stable any more');
});

t.test('what is said of another run is not heard', async (t) => {
  const world = committed();
  const { state } = world;
  for (const event of ['ended', 'failed', 'started'] as const)
    world.take({ type: 'run', triggerId: 'ups:rack-a:9', event });
  t.equal(world.state, state);
  world.run('ended');
  world.run('failed');
  t.equal(world.state.phase, 'hosts-off', 'nor of one that is over');
});

t.test('recovered says nothing to a UPS that was not away', async (t) => {
  const world = new UpsWorld();
  world.looks(3, runtime(500));
  world.take({ type: 'recovered' });
  t.equal(world.state.phase, 'on-battery');
});

const last = (remainingMs: number | undefined): UpsWorld => {
  const world = new UpsWorld({ remainingMs });
  world.looks(2, runtime(150, 'OL'));
  world.looks(3, runtime(150));
  for (const event of ['started', 'past-no-return', 'ended'] as const) world.run(event);
  return world;
};

t.test('the hosts are off, and what stayed up goes down in time, too', async (t) => {
  // 1.1 × 60 s + 30 s + 3 × 5 s = 111 s.
  const world = last(60_000);
  world.looks(20, runtime(300));
  t.equal(world.state.phase, 'hosts-off', 'enough for it');
  t.equal(world.triggers().length, 1);
  let told = 300;
  while (world.triggers().length === 1 && told > 0) {
    told -= 5;
    world.looks(1, runtime(told));
  }
  t.ok(told >= 90 && told <= 115, `at ${told} s`);
  t.match(world.triggers().at(-1)?.effect, {
    triggerId: 'ups:rack-a:1.2',
    cause: 'runtime',
    sentence: /asks for the rest to go down, too: .*threshold 1 min 51 s = 1\.1 × budget 1 min/,
  });
  t.match(world.state, { phase: 'triggered', trigger: { isLast: true } });
  world.run('started');
  world.run('past-no-return');
  world.run('ended');
  t.equal(world.state.phase, 'hosts-off');
});

t.test(
  'a low battery, or silence, is the end for what stayed up, too; not in the first half minute',
  async (t) => {
    const low = last(60_000);
    low.looks(5, runtime(300, 'OB LB'));
    t.equal(low.triggers().length, 1, 'a load that has just gone tells no figure yet');
    low.looks(2, runtime(300, 'OB LB'));
    t.match(low.triggers().at(-1)?.effect, { cause: 'low-battery' });
    const silent = last(60_000);
    silent.looks(10, runtime(3000));
    silent.looks(70, 'server-lost');
    t.match(silent.triggers().at(-1)?.effect, { cause: 'silent' });
  },
);

t.test('mains is back while it goes: the site comes back from there', async (t) => {
  const world = last(60_000);
  world.looks(20, runtime(20, 'OB LB'));
  t.match(world.state, { phase: 'triggered', trigger: { isLast: true } });
  world.run('started');
  world.looks(30, runtime(900, 'OL'));
  t.match(world.state.trigger, { isReversing: true });
  world.run('failed');
  t.equal(world.state.phase, 'recover', 'the hosts are off still');
});

t.test('where nothing stayed up, nothing is asked for', async (t) => {
  const world = last(undefined);
  world.looks(60, runtime(5, 'OB LB'));
  t.equal(world.triggers().length, 1);
  t.equal(world.state.phase, 'hosts-off');
});

t.test('booted, and on battery before anybody has looked: that is another outage', async (t) => {
  for (const endsBefore of [true, false]) {
    const world = committed();
    if (endsBefore) world.run('ended');
    world.restart('boot-2');
    world.looks(2, 'driver-not-connected');
    world.looks(2, runtime(900));
    t.equal(world.state.phase, 'on-battery', 'hosts may have come up with this one');
    world.looks(2, runtime(100));
    t.same(
      world.triggers().map(({ effect }) => effect.triggerId),
      ['ups:rack-a:1', 'ups:rack-a:2'],
    );
  }
});

t.test('the manager alone starts anew: the hosts are off still, and it is the same outage', async (t) => {
  const world = committed();
  world.run('ended');
  world.restart();
  world.looks(20, runtime(20));
  t.equal(world.state.phase, 'hosts-off');
  t.equal(world.triggers().length, 1);
});

t.test('a shutdown that failed is not told of any more when none is asked for', async (t) => {
  const world = new UpsWorld();
  world.looks(2, runtime(150, 'OL'));
  world.looks(3, runtime(150));
  world.run('started');
  world.run('failed');
  t.ok('run-failed' in world.state.alerts);
  world.looks(20, runtime(900, 'OL'));
  t.match(world.state.trigger, { isReversing: true });
  world.run('failed');
  t.equal(world.state.phase, 'online');
  t.notOk('run-failed' in world.state.alerts);
});

t.test('taken back with mains, and silent a moment later: no outage goes on in silence (I12)', async (t) => {
  const world = new UpsWorld();
  const onMains = readingOf('OL', { runtimeMs: 900_000 });
  world.looks(2, onMains);
  for (let look = 0; look < 10 && world.state.phase !== 'triggered'; look += 1)
    world.looks(1, readingOf('OB', { runtimeMs: 120_000 }));
  world.looks(12, onMains);
  world.tick(5000);
  t.ok(world.state.trigger?.isReversing);
  world.sample('data-stale');
  world.run('failed');
  t.equal(world.state.phase, 'blind-online');
  const { length } = world.triggers();
  world.looks(100, 'data-stale');
  t.equal(world.triggers().length, length);
});
