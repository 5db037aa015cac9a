/** What becomes of a trigger, and the way back. */
import t from 'tap';
import { readingOf, UpsWorld } from './support/ups-world.ts';

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
