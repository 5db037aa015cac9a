/** What is told of a supply: nothing that no decision follows from. */
import t from 'tap';
import { outlookOf } from '../../../../src/core/power/ups/ups-outlook.ts';
import { bootedMs, readingOf, UpsWorld } from '../support/ups-world.ts';

const outlook = (world: UpsWorld) => outlookOf(world.state, world.config, bootedMs + world.nowMs);
const told = { runtimeMs: 1_800_000 };
const online = (): UpsWorld => {
  const world = new UpsWorld();
  world.looks(5, readingOf('OL', told));
  return world;
};
const nothing = { slackMs: undefined, triggerInMs: undefined };

t.test('with mains and on battery: how far the decision is', async (t) => {
  const world = online();
  const { leftMs, slackMs, triggerInMs } = outlook(world);
  t.equal(leftMs, 1_800_000);
  t.ok(slackMs !== undefined && slackMs > 1_500_000 && slackMs < 1_800_000);
  t.ok((triggerInMs ?? 0) > (slackMs ?? 0), 'and the looks that the debounce wants');
  world.looks(5, readingOf('OB', told));
  t.ok((outlook(world).slackMs ?? 0) > 0);
});

t.test('never heard, or silent with mains: nothing is known, and nothing will be asked for', async (t) => {
  const never = new UpsWorld();
  t.match(outlook(never), { leftMs: undefined, ...nothing });
  const silent = online();
  silent.looks(400, 'data-stale');
  t.equal(silent.state.phase, 'blind-online');
  t.match(outlook(silent), { leftMs: undefined, ...nothing }, 'half an hour later, too');
});

t.test('silent on battery it counts on', async (t) => {
  const world = online();
  world.looks(5, readingOf('OB', told));
  world.looks(20, 'data-stale');
  t.equal(world.state.phase, 'blind-on-battery');
  t.ok((outlook(world).triggerInMs ?? 0) > 0);
});

t.test('it has asked: what is left is told, and no other decision', async (t) => {
  const world = online();
  world.looks(3, readingOf('OB LB', told));
  t.equal(world.state.phase, 'triggered');
  t.match(outlook(world), nothing);
  t.ok((outlook(world).leftMs ?? 0) > 0);
  for (const event of ['started', 'past-no-return', 'ended'] as const) world.run(event);
  t.equal(world.state.phase, 'hosts-off');
  t.match(outlook(world), nothing);
});

t.test('with the hosts off, what stays up has a decision before it', async (t) => {
  const world = new UpsWorld({ remainingMs: 30_000 });
  world.looks(5, readingOf('OL', told));
  world.looks(3, readingOf('OB LB', told));
  for (const event of ['started', 'past-no-return', 'ended'] as const) world.run(event);
  world.looks(2, readingOf('OB', told));
  t.equal(world.state.phase, 'hosts-off');
  t.ok((outlook(world).triggerInMs ?? 0) > 0);
});

t.test('in a calibration nothing is decided', async (t) => {
  const world = online();
  world.looks(3, readingOf('OB CAL', { runtimeMs: 100_000 }));
  t.not(world.state.inhibition, '');
  t.match(outlook(world), nothing);
});
