/** A trigger of before a start: its UPS is looked at before a run is asked for. */
import t from 'tap';
import { readingOf, UpsWorld } from '../support/ups-world.ts';

const onMains = readingOf('OL', { runtimeMs: 900_000 });
const onBattery = readingOf('OB', { runtimeMs: 100_000 });

/** A shutdown was asked for, and no run has begun. */
function triggered(isStarted = false): UpsWorld {
  const world = new UpsWorld();
  world.looks(2, onMains);
  for (let look = 0; look < 10 && world.state.phase !== 'triggered'; look += 1)
    world.looks(1, readingOf('OB', { runtimeMs: 120_000 }));
  if (isStarted) world.run('started');
  world.told.length = 0;
  return world;
}

t.test('another boot, and mains is back: no run is asked for, and the trigger is taken back', async (t) => {
  const world = triggered();
  world.restart('boot-2');
  t.equal(world.triggers().length, 0, 'before the first look');
  t.equal(world.state.phase, 'triggered', 'it stands (I10)');
  world.looks(11, onMains);
  t.equal(world.triggers().length, 0);
  world.looks(3, onMains);
  t.ok(world.told.some(({ effect }) => effect.type === 'reverse'));
  world.run('failed');
  t.equal(world.state.phase, 'online');
  t.equal(world.triggers().length, 0);
});

t.test('another boot on battery: asked for at the first look', async (t) => {
  const world = triggered();
  const { triggerId } = world.state.trigger ?? {};
  world.restart('boot-2');
  world.looks(1, onBattery);
  t.match(world.triggers(), [{ effect: { triggerId } }]);
  world.looks(1, onBattery);
  t.equal(world.triggers().length, 2, 'and again, as ever');
});

t.test('mains that fails again within the minute: asked for at once', async (t) => {
  const world = triggered();
  world.restart('boot-2');
  world.looks(5, onMains);
  world.looks(1, onBattery);
  t.equal(world.triggers().length, 1);
});

t.test('nothing can be seen: asked for after the limit of silence', async (t) => {
  const world = triggered();
  world.restart('boot-2');
  for (let atMs = 0; atMs < world.config.blindLimitMs - 10_000; atMs += 10_000) world.tick(10_000);
  t.equal(world.triggers().length, 0);
  world.looks(1, 'data-stale');
  world.tick(10_000);
  t.equal(world.triggers().length, 1);
});

t.test('silence after mains is no outage', async (t) => {
  const world = triggered();
  world.restart('boot-2');
  world.looks(2, onMains);
  world.looks(200, 'server-lost');
  t.equal(world.triggers().length, 0);
  world.looks(1, onBattery);
  t.equal(world.triggers().length, 1);
});

t.test('FSD that is still there is still a command', async (t) => {
  const world = triggered();
  world.restart('boot-2');
  world.looks(1, readingOf('OL FSD', { runtimeMs: 900_000 }));
  t.equal(world.triggers().length, 1);
});

t.test('an output that is off for half a minute', async (t) => {
  const world = triggered();
  world.restart('boot-2');
  world.looks(3, readingOf('OFF'));
  t.equal(world.triggers().length, 0);
  world.looks(5, readingOf('OFF'));
  t.not(world.triggers().length, 0);
});

t.test('in the same boot: only where nobody has looked for a while', async (t) => {
  const world = triggered();
  world.restart();
  t.equal(world.triggers().length, 1, 'a moment later it is asked for at once');
  world.nowMs += 600_000;
  world.restart();
  world.looks(3, onMains);
  t.equal(world.triggers().length, 1, 'later it is looked first');
  world.looks(1, onBattery);
  t.equal(world.triggers().length, 2);
});

t.test('a run that was there, and is nowhere: another one only when the UPS is on battery', async (t) => {
  const world = triggered(true);
  world.restart('boot-2');
  world.run('failed');
  world.looks(10, onMains);
  t.equal(world.triggers().length, 0);
  world.looks(1, onBattery);
  t.equal(world.triggers().length, 1);
});
