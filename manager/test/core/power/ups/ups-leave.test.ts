/** How a trigger ends that was never answered: a run that failed past its point of no return. */
import t from 'tap';
import { readingOf, UpsWorld } from '../support/ups-world.ts';

const runtime = (seconds: number, status = 'OB') => readingOf(status, { runtimeMs: seconds * 1000 });

/** Its run has failed when hosts were being powered off. */
const unfinished = (): UpsWorld => {
  const world = new UpsWorld();
  world.looks(2, runtime(150, 'OL'));
  world.looks(3, runtime(150));
  world.run('started');
  world.run('past-no-return');
  world.run('failed');
  return world;
};

t.test('on battery it is asked for as long as it takes', async (t) => {
  const world = unfinished();
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const before = world.triggers().length;
    world.looks(14, runtime(100));
    t.ok(world.triggers().length > before, `attempt ${attempt}`);
    world.run('started');
    world.run('failed');
  }
  t.equal(world.state.phase, 'committed');
});

t.test('mains back, and enough: no more, and it is told until the site is up', async (t) => {
  const world = unfinished();
  world.looks(12, runtime(900, 'OL'));
  t.equal(world.state.phase, 'committed');
  world.looks(2, runtime(900, 'OL'));
  t.match(world.state, { phase: 'recover', trigger: undefined });
  t.ok(world.alerts().includes('critical unfinished'));
  const asked = world.triggers().length;
  world.looks(100, runtime(900, 'OL'));
  t.equal(world.triggers().length, asked);
  t.notOk(world.alerts().includes('over unfinished'));
  world.take({ type: 'recovered' });
  t.ok(world.alerts().includes('over unfinished'));
  t.equal(world.state.phase, 'online');
});

t.test('the next outage is one of its own', async (t) => {
  const world = unfinished();
  world.looks(14, runtime(900, 'OL'));
  world.looks(4, runtime(100));
  t.equal(world.triggers().at(-1)?.effect.triggerId, 'ups:rack-a:2');
  t.ok(world.alerts().includes('over unfinished'));
});

t.test('mains back, and not enough: it goes on', async (t) => {
  const world = unfinished();
  const before = world.triggers().length;
  world.looks(60, runtime(150, 'OL'));
  t.equal(world.state.phase, 'committed');
  t.ok(world.triggers().length > before);
});

t.test('a run that goes on is left alone', async (t) => {
  const world = unfinished();
  world.run('started');
  world.looks(100, runtime(900, 'OL'));
  t.equal(world.state.phase, 'committed');
});

t.test('FSD that it has set itself is no command; the one that has asked for it is', async (t) => {
  const own = unfinished();
  own.looks(14, runtime(900, 'OL FSD'));
  t.equal(own.state.phase, 'recover');
  const world = new UpsWorld();
  world.looks(2, runtime(900, 'OL'));
  world.looks(1, runtime(900, 'OL FSD'));
  world.run('past-no-return');
  world.run('failed');
  world.looks(100, runtime(900, 'OL FSD'));
  t.equal(world.state.phase, 'committed');
  world.looks(1, runtime(900, 'OL'));
  t.equal(world.state.phase, 'recover', 'until it is gone');
});

t.test(
  'the manager ends, and comes back with mains there: nothing is asked for before its UPS is seen',
  async (t) => {
    const world = unfinished();
    world.told.length = 0;
    world.nowMs += 600_000;
    world.restart();
    world.looks(11, runtime(900, 'OL'));
    t.equal(world.triggers().length, 0);
    world.looks(3, runtime(900, 'OL'));
    t.match(world.state, { phase: 'recover', trigger: undefined });
    t.equal(world.triggers().length, 0);
  },
);

t.test('the same with a battery that has too little left: it goes on', async (t) => {
  const world = unfinished();
  world.told.length = 0;
  world.nowMs += 600_000;
  world.restart();
  world.looks(11, runtime(100, 'OL'));
  t.equal(world.triggers().length, 0);
  world.looks(10, runtime(100, 'OL'));
  t.not(world.triggers().length, 0);
});

t.test('on battery at the first look after that: at once; unseen, after the limit of silence', async (t) => {
  const world = unfinished();
  world.told.length = 0;
  world.nowMs += 600_000;
  world.restart();
  world.looks(1, runtime(100));
  t.equal(world.triggers().length, 1);
  const silent = unfinished();
  silent.told.length = 0;
  silent.nowMs += 600_000;
  silent.restart();
  silent.looks(40, 'server-lost');
  t.equal(silent.triggers().length, 0);
  silent.looks(40, 'server-lost');
  t.not(silent.triggers().length, 0);
});

t.test('the pause after a run that failed goes on over a restart', async (t) => {
  const world = unfinished();
  world.told.length = 0;
  world.restart();
  world.looks(1, runtime(100));
  t.equal(world.triggers().length, 0);
  world.looks(1, runtime(100));
  t.equal(world.triggers().length, 1);
});

t.test('silent since a look with mains, when the run ends: nothing more goes down for that', async (t) => {
  const world = new UpsWorld({ remainingMs: 30_000 });
  world.looks(2, runtime(150, 'OL'));
  world.looks(3, runtime(150));
  world.run('started');
  world.run('past-no-return');
  world.looks(2, runtime(150, 'OL'));
  world.looks(2, 'data-stale');
  world.run('ended');
  t.equal(world.state.phase, 'recover');
  const asked = world.triggers().length;
  world.looks(400, 'data-stale');
  t.equal(world.triggers().length, asked, 'a coordinator that stays up stays up');
});

t.test('silent since a look on battery: the last line holds', async (t) => {
  const world = new UpsWorld({ remainingMs: 30_000 });
  world.looks(2, runtime(150, 'OL'));
  world.looks(3, runtime(150));
  world.run('started');
  world.run('past-no-return');
  world.looks(2, 'data-stale');
  world.run('ended');
  t.equal(world.state.phase, 'hosts-off');
  const asked = world.triggers().length;
  world.looks(400, 'data-stale');
  t.ok(world.triggers().length > asked);
});
