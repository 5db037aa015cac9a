/** What is kept of a UPS, and what a start makes of it. */
import t from 'tap';
import { durableOf, resumedUps } from '../../../../src/core/power/ups/ups-state.ts';
import { readingOf, UpsWorld } from '../support/ups-world.ts';

const runtime = (seconds: number, status = 'OB') => readingOf(status, { runtimeMs: seconds * 1000 });
const kept = (world: UpsWorld) => durableOf(world.state);

t.test('nothing kept: unknown', async (t) => {
  const state = resumedUps(undefined, 'rack-a', 'boot-1', 60_000);
  t.match(state, { phase: 'unknown', outages: 0, budgetMs: 60_000, ups: 'rack-a' });
});

t.test('with mains a look writes nothing, but for once a minute', async (t) => {
  const world = new UpsWorld();
  world.looks(2, runtime(900, 'OL'));
  const before = world.told.length;
  world.looks(240, runtime(900, 'OL'));
  const writes = world.told.slice(before).filter(({ effect }) => effect.type === 'persist').length;
  t.ok(writes >= 19 && writes <= 21, `${writes} writes in 20 minutes`);
});

t.test('nor when hosts are off, or mains is silent: that may last for hours', async (t) => {
  const writesOf = (world: UpsWorld, look: Parameters<UpsWorld['sample']>[0]): number => {
    const before = world.told.length;
    world.looks(240, look);
    return world.told.slice(before).filter(({ effect }) => effect.type === 'persist').length;
  };
  const off = new UpsWorld();
  off.looks(4, runtime(100));
  off.run('past-no-return');
  off.run('ended');
  t.equal(off.state.phase, 'hosts-off');
  t.ok(writesOf(off, runtime(90, 'OB LB')) <= 21);
  const silent = new UpsWorld();
  silent.looks(2, runtime(900));
  silent.looks(2, runtime(900, 'OL'));
  silent.looks(1, 'data-stale');
  t.equal(silent.state.phase, 'blind-online');
  t.equal(writesOf(silent, 'data-stale'), 0);
});

t.test('in an outage every look is kept, and a start in the same boot goes on from it', async (t) => {
  const world = new UpsWorld();
  world.looks(2, runtime(900, 'OL'));
  world.looks(3, runtime(880));
  t.same(JSON.parse(world.disk ?? ''), JSON.parse(JSON.stringify(world.state)));
  const { phase, belief } = world.state;
  world.restart();
  t.equal(world.state.phase, phase);
  t.same(JSON.parse(JSON.stringify(world.state.belief)), JSON.parse(JSON.stringify(belief)));
});

t.test('the budget is that of the start', async (t) => {
  const world = new UpsWorld({ budgetMs: 1000 });
  world.looks(2, runtime(900));
  t.equal(resumedUps(kept(world), 'rack-a', 'boot-1', 7000).budgetMs, 7000);
});

t.test('another boot: times mean nothing, triggers and what was powered off do', async (t) => {
  const outage = new UpsWorld();
  outage.looks(2, runtime(900));
  const rebooted = resumedUps(kept(outage), 'rack-a', 'boot-2', 120_000);
  t.match(rebooted, { phase: 'unknown', outages: 1, bootId: 'boot-2' });
  t.equal(rebooted.outage, undefined);
  t.equal(rebooted.belief.believed, undefined);

  const triggered = new UpsWorld();
  triggered.looks(4, runtime(100));
  t.equal(triggered.state.phase, 'triggered');
  const asked = resumedUps(kept(triggered), 'rack-a', 'boot-2', 120_000);
  t.match(asked, { phase: 'triggered', trigger: { triggerId: 'ups:rack-a:1', isStarted: false } });

  for (const event of ['past-no-return', 'ended'] as const) {
    triggered.run(event);
    const off = resumedUps(kept(triggered), 'rack-a', 'boot-2', 120_000);
    t.equal(off.phase, 'hosts-off', event);
    t.equal(off.trigger, undefined, event);
  }
});

t.test('FSD that was there before the host was booted anew is an old one', async (t) => {
  const world = new UpsWorld();
  world.looks(2, runtime(900, 'OL'));
  world.restart('boot-2');
  world.looks(1, runtime(900, 'OL FSD'));
  t.equal(world.triggers().length, 0);
  t.ok(world.alerts().includes('critical forced-shutdown'));
});

t.test('FSD that comes while the manager starts anew is a command', async (t) => {
  const world = new UpsWorld();
  world.looks(30, runtime(900, 'OL'));
  world.restart();
  world.looks(1, runtime(900, 'OL FSD'));
  t.equal(world.triggers()[0]?.effect.cause, 'forced-shutdown');
});
