/** A person aborts the shutdown on battery: not asked for again at once, and asked for again in time. */
import t from 'tap';
import { readingOf, UpsWorld } from '../support/ups-world.ts';

/** As a UPS tells it that counts down by itself. */
const draining =
  (fromSeconds: number, status = 'OB') =>
  (sinceMs: number) =>
    readingOf(status, { runtimeMs: fromSeconds * 1000 - sinceMs });
/** Each once: one that has no run yet is asked for again. */
const ids = (world: UpsWorld): string[] => [
  ...new Set(world.triggers().map(({ effect }) => effect.triggerId)),
];
const alertsOf = (world: UpsWorld) =>
  world.told.flatMap(({ effect }) => (effect.type === 'alert' && effect.key === 'held' ? [effect] : []));

/** Budget 120 s, threshold 177 s, cleared at 194.7 s; the runtime is 160 s when it is aborted. */
function aborted(): UpsWorld {
  const world = new UpsWorld();
  world.looks(2, readingOf('OL', { runtimeMs: 175_000 }));
  world.looks(3, draining(175));
  world.run('started');
  world.run('aborted');
  return world;
}

t.test('it is held, and says so', async (t) => {
  const world = aborted();
  t.match(world.state, { phase: 'on-battery', trigger: undefined });
  world.looks(4, draining(160));
  t.same(ids(world), ['ups:rack-a:1'], 'not asked for again, twenty seconds under the threshold');
  t.equal(world.state.phase, 'on-battery');
  t.match(alertsOf(world), [
    { isRaised: true, sentence: /was aborted: none is asked for until its runtime falls/ },
  ]);
});

t.test('until half of what was left then', async (t) => {
  const world = aborted();
  world.looks(15, draining(160));
  t.same(ids(world), ['ups:rack-a:1']);
  world.looks(6, draining(85));
  t.same(ids(world), ['ups:rack-a:1', 'ups:rack-a:1.2'], 'and then in as many looks as ever');
  t.match(alertsOf(world).at(-1), { isRaised: false });
});

t.test('until it has been enough, and falls under the threshold anew', async (t) => {
  const world = aborted();
  world.looks(10, readingOf('OB', { runtimeMs: 300_000 }));
  world.looks(2, draining(160));
  t.same(ids(world), ['ups:rack-a:1']);
  world.looks(10, draining(150));
  t.same(ids(world), ['ups:rack-a:1', 'ups:rack-a:1.2']);
});

t.test('a low battery is not held back; one look of it is none', async (t) => {
  const world = aborted();
  world.looks(1, draining(160, 'OB LB'));
  world.looks(3, draining(155));
  t.same(ids(world), ['ups:rack-a:1']);
  world.looks(2, draining(140, 'OB LB'));
  t.match(world.triggers().at(-1)?.effect, { triggerId: 'ups:rack-a:1.2', cause: 'low-battery' });
  t.match(alertsOf(world).at(-1), { isRaised: false }, 'and is not said to be held any more');
  t.equal(world.state.outage?.hold, undefined);
});

t.test('nor is an output that is off, or a forced shutdown', async (t) => {
  const world = aborted();
  world.looks(10, readingOf('OB OFF', { runtimeMs: 160_000 }));
  t.match(world.triggers().at(-1)?.effect, { cause: 'output-off' });
  const forced = aborted();
  forced.looks(1, readingOf('FSD OB', { runtimeMs: 155_000 }));
  t.match(forced.triggers().at(-1)?.effect, { cause: 'forced-shutdown' });
});

t.test('the manager starts anew: it is still held', async (t) => {
  const world = aborted();
  world.restart();
  world.looks(4, draining(160));
  t.same(ids(world), ['ups:rack-a:1']);
});

t.test('where nothing is told, time ends it', async (t) => {
  const world = new UpsWorld();
  world.looks(1, readingOf('OL'));
  world.looks(28, readingOf('OB'));
  t.equal(world.state.phase, 'triggered', 'by the timer of two minutes');
  world.run('started');
  world.run('aborted');
  world.looks(23, readingOf('OB'));
  t.same(ids(world), ['ups:rack-a:1']);
  world.looks(6, readingOf('OB'));
  t.same(ids(world), ['ups:rack-a:1', 'ups:rack-a:1.2'], 'two minutes more');
});

t.test('mains for a minute ends it with the outage', async (t) => {
  const world = aborted();
  world.looks(14, readingOf('OL', { runtimeMs: 160_000 }));
  t.equal(world.state.outage, undefined);
  world.looks(4, draining(160));
  t.same(ids(world), ['ups:rack-a:1', 'ups:rack-a:2']);
});

t.test('aborted as mains came back: nothing is held', async (t) => {
  const world = new UpsWorld();
  world.looks(2, readingOf('OL', { runtimeMs: 175_000 }));
  world.looks(3, draining(175));
  world.run('started');
  world.looks(16, readingOf('OL', { runtimeMs: 600_000 }));
  world.run('aborted');
  t.match(world.state, { phase: 'online', trigger: undefined });
  t.same(alertsOf(world), []);
});
