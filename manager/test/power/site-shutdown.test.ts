/** What is shut down when UPSes give out: all of it, what is behind them, without what stays up or is off by now. */
import t from 'tap';
import { parseConfig } from '../../src/config/load-config.ts';
import type { ManagerConfig } from '../../src/config/manager-config.ts';
import type { RunId, RunRequest } from '../../src/core/runs/run.ts';
import { SiteShutdown } from '../../src/power/site-shutdown.ts';

const upses = ['rack-a', 'rack-b'].map((name) => ({ name, ups: `${name}@127.0.0.1` }));
const inventory = [
  { name: 'pi', role: 'coordinator', address: '192.0.2.1' },
  { name: 'a-1', address: '192.0.2.2', feeds: ['rack-a'] },
  { name: 'b-1', address: '192.0.2.3', feeds: ['rack-b'] },
  { name: 'both', address: '192.0.2.4', feeds: ['rack-a', 'rack-b'], min_feeds: 2 },
];
const steps = (...of: unknown[]) => of.map((step, index) => ({ name: `stage-${index}`, steps: [step] }));
const off = (node: string) => ({ poweroff: { nodes: [node] }, timeout: '60s', on_failure: 'continue' });
const declared = { shutdown: { stages: steps(...['a-1', 'b-1', 'both', 'pi'].map(off)) } };

function shutdownOf(power: Record<string, unknown> = {}, more: Record<string, unknown> = {}) {
  const text = JSON.stringify({ inventory, power: { upses, coordinator_halt: '1m', ...power }, ...more });
  const parsed = parseConfig(text, 'test');
  if ('findings' in parsed) throw new Error(JSON.stringify(parsed.findings));
  const config: ManagerConfig = parsed.config;
  const online = new Set(inventory.map(({ name }) => name));
  const shutdown = new SiteShutdown({
    config: () => config,
    history: () => [],
    learnt: () => ({ durationsMs: {} }),
    newRunId: () => '01A' as RunId,
    wallMs: () => 0,
    isOnline: (node) => online.has(node),
  });
  const request = (supplies: Record<string, number>, gone: string[] = [], spent: string[] = []) =>
    shutdown.request(supplies, new Set(gone), 'why', 'ups:1', new Set(spent));
  return { shutdown, request, online };
}

const poweredOff = (request: RunRequest | undefined): string[] | undefined =>
  request?.plan.stages.flatMap(({ steps }) => steps.flatMap((step) => step.powersOff)).sort();
const all = ['a-1', 'b-1', 'both', 'pi'];

t.test('powers-off: the coordinator goes last, with all', async (t) => {
  const { request, shutdown } = shutdownOf();
  const both = request({ 'rack-a': 600_000, 'rack-b': 500_000 });
  t.same(poweredOff(both), all);
  t.equal(both?.timeLimitMs, 500_000, 'as long as the first of them has power');
  t.same(poweredOff(request({ 'rack-a': 600_000 })), ['a-1', 'both']);
  t.equal(shutdown.remainingMs('rack-a', 300_000), undefined);
  t.equal(shutdown.budget().budgetMs, 300_000);
});

t.test(
  'a UPS without output is no feed when the other one gives out, and takes no time from it',
  async (t) => {
    const { request, online } = shutdownOf();
    online.delete('a-1');
    const other = request({ 'rack-a': 0, 'rack-b': 500_000 }, ['rack-a']);
    t.same(poweredOff(other), ['b-1', 'both', 'pi']);
    t.equal(other?.timeLimitMs, 500_000);
  },
);

t.test('stays-up: all but the coordinator, and time is kept for it', async (t) => {
  for (const more of [{}, { sequences: declared }]) {
    const { request, shutdown } = shutdownOf({ coordinator: 'stays-up' }, more);
    const both = request({ 'rack-a': 600_000, 'rack-b': 500_000 });
    t.same(poweredOff(both), ['a-1', 'b-1', 'both']);
    t.notOk(
      both?.plan.parts.some(({ node }) => node === 'pi'),
      'it holds no order that would power it off',
    );
    t.equal(both?.timeLimitMs, 500_000 - 90_000, 'a minute for it, and half of one that hosts settle');
    const one = request({ 'rack-a': 600_000 });
    t.equal(one?.timeLimitMs, 600_000, 'which has another feed');
    t.equal(shutdown.budget().budgetMs, 300_000 + 90_000);
    t.equal(
      shutdown.budget().tails.some(({ node }) => node === 'pi'),
      false,
    );
  }
});

t.test('stays-up, and its battery ends: it goes, alone where the others are off', async (t) => {
  for (const more of [{}, { sequences: declared }]) {
    const { request, online, shutdown } = shutdownOf({ coordinator: 'stays-up' }, more);
    t.equal(shutdown.remainingMs('rack-a', 390_000), 390_000, 'others are up');
    for (const name of ['a-1', 'b-1', 'both']) online.delete(name);
    t.equal(shutdown.remainingMs('rack-a', 390_000), 60_000);
    const supplies = { 'rack-a': 100_000, 'rack-b': 80_000 };
    const last = request(supplies, ['rack-a', 'rack-b'], ['rack-a', 'rack-b']);
    t.same(poweredOff(last), ['pi']);
    t.equal(last?.timeLimitMs, 100_000, 'the better of its feeds');
    t.equal(request(supplies, ['rack-a', 'rack-b'], ['rack-a']), undefined, 'it has the other feed');
    t.equal(shutdown.remainingMs('rack-x', 390_000), undefined, 'a UPS that it does not hang on');
  }
});

t.test('at a site that forwards: all that does not stay up, and in its own turn what does', async (t) => {
  for (const more of [{}, { sequences: declared }]) {
    const { shutdown, online } = shutdownOf({ coordinator: 'stays-up' }, more);
    const trigger = { sentence: 'why', triggerId: 'ups:1:local:1', timeLimitMs: 70_000 };
    const own = (...spent: string[]) => shutdown.own(trigger, 'rack-a', new Set(spent));
    t.same(poweredOff(own()), ['a-1', 'b-1', 'both']);
    t.same(poweredOff(own('rack-b')), ['a-1', 'b-1', 'both'], 'it is not the turn of this one');
    t.equal(shutdown.isAnyOtherUp, true);
    t.same(poweredOff(own('rack-a', 'rack-b')), all, 'its turn comes before the others are off');
    for (const name of ['a-1', 'b-1', 'both']) online.delete(name);
    t.equal(shutdown.isAnyOtherUp, false);
    const last = own('rack-a', 'rack-b');
    t.same(poweredOff(last), ['pi']);
    t.equal(last?.timeLimitMs, 70_000);
    t.equal(own('rack-a'), undefined, 'it has the other feed');
  }
});

t.test('the second UPS dies when the hosts of the first are off: they are not waited for', async (t) => {
  const { request, online } = shutdownOf();
  for (const name of ['a-1', 'both']) online.delete(name);
  t.same(poweredOff(request({ 'rack-a': 0, 'rack-b': 500_000 }, ['rack-a'])), ['b-1', 'pi']);
  online.add('a-1');
  const again = request({ 'rack-a': 0, 'rack-b': 500_000 }, ['rack-a']);
  t.same(poweredOff(again), ['a-1', 'b-1', 'pi'], 'I12: one that has a session is not off');
  t.equal(again?.timeLimitMs, 500_000, 'but nothing is in a hurry for it');
});

t.test('nothing to run: feeds enough, or nothing that is left', async (t) => {
  const { request, shutdown, online } = shutdownOf({
    coordinator: 'stays-up',
    upses: [...upses, { name: 'rack-c', ups: 'c@127.0.0.1' }],
  });
  t.equal(request({ 'rack-c': 1000 }), undefined);
  t.equal(shutdown.isSpared(new Set(['rack-c'])), true);
  for (const name of ['a-1', 'both']) online.delete(name);
  t.equal(request({ 'rack-a': 1000 }, ['rack-a']), undefined);
  t.equal(shutdown.isSpared(new Set(['rack-a'])), false);
});

t.test('the plan of UPSes that give out, before any does', async (t) => {
  const off = (shutdown: SiteShutdown, ...names: string[]) =>
    shutdown
      .planFor(new Set(names))
      ?.plan?.stages.flatMap(({ steps }) => steps.flatMap((step) => step.powersOff))
      .sort();
  const { shutdown } = shutdownOf();
  t.same(off(shutdown, 'rack-a'), ['a-1', 'both']);
  t.same(off(shutdown, 'rack-a', 'rack-b'), all);
  const staying = shutdownOf({ coordinator: 'stays-up' }).shutdown;
  t.same(off(staying, 'rack-a', 'rack-b'), ['a-1', 'b-1', 'both']);
  const third = { upses: [...upses, { name: 'rack-c', ups: 'c@127.0.0.1' }] };
  t.equal(shutdownOf(third).shutdown.planFor(new Set(['rack-c'])), undefined);
});

t.test('cluster-only: hosts stay on, and nothing is kept for the coordinator', async (t) => {
  const { shutdown } = shutdownOf({ coordinator: 'stays-up', mode: 'cluster-only' });
  t.equal(shutdown.remainingMs('rack-a', 1), undefined);
  t.equal(shutdown.budget().budgetMs, 300_000);
});
