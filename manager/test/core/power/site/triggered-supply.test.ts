import t from 'tap';
import { triggeredSupplyMs } from '../../../../src/core/power/site/triggered-supply.ts';
import { bootedMs, readingOf, UpsWorld } from '../support/ups-world.ts';

const triggered = () => {
  const world = new UpsWorld();
  world.looks(2, readingOf('OL', { runtimeMs: 180_000 }));
  for (let look = 0; look < 10 && world.state.phase !== 'triggered'; look += 1)
    world.looks(1, readingOf('OB', { runtimeMs: 170_000 }));
  return world;
};
const now = (world: UpsWorld): number => bootedMs + world.nowMs;

t.test('what it has asked for, counted down', async (t) => {
  const { state } = triggered();
  const triggerId = state.trigger?.triggerId ?? '';
  const asked = { effect: { triggerId, timeLimitMs: 100_000 }, atMs: 1000 };
  t.equal(triggeredSupplyMs(state, asked, 11_000), 90_000);
  t.equal(triggeredSupplyMs(state, asked, 200_000), 0);
});

t.test('it has triggered, and what it asks for has not left yet: what was decided counts', async (t) => {
  const world = triggered();
  t.equal(world.state.phase, 'triggered');
  const limitMs = world.triggers()[0]?.effect.timeLimitMs ?? 0;
  t.ok(limitMs > 100_000);
  t.equal(triggeredSupplyMs(world.state, undefined, now(world)), limitMs);
  const other = { effect: { triggerId: 'of before', timeLimitMs: 5 }, atMs: 0 };
  t.equal(triggeredSupplyMs(world.state, other, now(world)), limitMs);
  world.restart();
  t.equal(triggeredSupplyMs(world.state, undefined, now(world) + 1000), limitMs - 1000, 'a restart');
  world.restart('boot-2');
  t.equal(triggeredSupplyMs(world.state, undefined, now(world)), undefined, 'another boot: to be seen');
  world.run('started');
  t.equal(triggeredSupplyMs(world.state, undefined, now(world)), 0, 'its run goes on: nobody knows');
});

t.test('it has not given out, or its hosts are off', async (t) => {
  const world = new UpsWorld();
  world.looks(2, readingOf('OB', { runtimeMs: 900_000 }));
  t.equal(triggeredSupplyMs(world.state, undefined, now(world)), undefined);
  const off = triggered();
  off.run('past-no-return');
  off.run('ended');
  t.equal(triggeredSupplyMs(off.state, undefined, now(off)), 0);
});

t.test('with mains, and its output off: nobody may count on it when another UPS gives out', async (t) => {
  const world = new UpsWorld();
  world.looks(2, readingOf('OL', { runtimeMs: 900_000 }));
  world.looks(3, readingOf('OL OFF', { runtimeMs: 900_000 }));
  t.equal(triggeredSupplyMs(world.state, undefined, now(world)), undefined, 'a glitch is none');
  world.looks(5, readingOf('OL OFF', { runtimeMs: 900_000 }));
  t.equal(world.triggers().length, 0);
  t.equal(triggeredSupplyMs(world.state, undefined, now(world)), 0);
  world.looks(1, readingOf('OL', { runtimeMs: 900_000 }));
  t.equal(triggeredSupplyMs(world.state, undefined, now(world)), undefined);
});
