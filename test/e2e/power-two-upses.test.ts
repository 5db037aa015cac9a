/**
 * Two UPSes of a real upsd, and nodes that hang on one of them, or on both: drivers and servers that come and go on
 * battery, one UPS that gives out, a person who aborts, and a battery that is low at the transfer.
 */
import t from 'tap';
import { failMains, full, upsOf } from '../../manager/test/support/power-bench.ts';
import { abortRun, ended, listRuns, stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { skipWithoutUpsd } from '../nut/nut-programs.ts';
import { startUpsd } from '../nut/upsd.ts';
import { siteForTest } from '../site/site.ts';
import { activeState } from './support/counted-unit.ts';
import { operatorOf } from './support/run-site.ts';

t.setTimeout(240_000);

const skip = (await skipUnless('user')) || skipWithoutUpsd();
const unit = 'load.service';
const names = ['api', 'db', 'web'];
const feeds: Record<string, string[]> = { web: ['rack-a'], db: ['rack-b'], api: ['rack-a', 'rack-b'] };

t.test('two UPSes', { skip, timeout: 240_000 }, async (t) => {
  const dev = { kind: 'dev', values: full } as const;
  const upsd = await startUpsd(t, { upses: { a: dev, b: dev } });
  const site = await siteForTest(t, {
    names,
    units: {
      [unit]: '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\nExecStop=/bin/sleep 6\n',
    },
    config: {
      inventory: names.map((name) => ({ name, units: [unit], address: '127.0.0.1', feeds: feeds[name] })),
      power: {
        upses: ['a', 'b'].map((ups) => ({ name: `rack-${ups}`, ups: `${ups}@127.0.0.1:${upsd.port}` })),
        poll_interval: '500ms',
        debounce_polls: 2,
        budget: '20s',
        mode: 'cluster-only',
        coordinator: 'stays-up',
        stable_mains: '1s',
      },
    },
  });
  await Promise.all(site.fleet.nodes.map((node) => node.systemctl('start', unit)));
  const operator = await operatorOf(t, site);
  const untilPhase = (ups: string, ...phases: string[]) =>
    until(async () => phases.includes((await upsOf(operator, ups)).phase), {
      what: `${ups} is ${phases.join(' or ')}`,
      timeoutMs: 60_000,
    });
  const runsOf = async (kind: string) => (await listRuns(operator)).filter((run) => run.kind === kind);
  const untilRun = (kind: string, count: number) =>
    until(
      async () => {
        const runs = await runsOf(kind);
        return runs.length === count && runs[0];
      },
      { what: `there are ${count} runs of ${kind}`, timeoutMs: 60_000 },
    );
  const states = () => Promise.all(names.map((name) => activeState(site.node(name), unit)));
  const untilAllActive = () =>
    until(async () => (await states()).every((state) => state === 'active'), { what: 'all is up again' });
  await untilPhase('rack-a', 'online');
  await untilPhase('rack-b', 'online');

  await t.test(
    'its driver is killed and started again on battery: counted down, and nothing more',
    async (t) => {
      await upsd.set('a', { 'ups.status': 'OB DISCHRG', 'battery.runtime': '900' });
      await untilPhase('rack-a', 'on-battery');
      await upsd.killDriver('a');
      await untilPhase('rack-a', 'blind-on-battery');
      t.match(
        (await upsOf(operator, 'rack-a')).sentence,
        /silent \((driver-not-connected|.* only starting .*)\): runtime .* believed/,
      );
      t.equal((await upsOf(operator, 'rack-b')).phase, 'online', 'its neighbour is heard');
      await upsd.startDriver('a');
      await untilPhase('rack-a', 'on-battery', 'pending');
    },
  );

  await t.test('upsd is restarted on battery: the same', async (t) => {
    await upsd.stop('SIGKILL');
    await untilPhase('rack-a', 'blind-on-battery');
    await untilPhase('rack-b', 'blind-online');
    await upsd.start();
    await untilPhase('rack-a', 'on-battery', 'pending');
    await untilPhase('rack-b', 'online');
    await upsd.set('a', full);
    await untilPhase('rack-a', 'online');
    t.same(await listRuns(operator), []);
  });

  await t.test(
    'one gives out: only what hangs on it alone goes down, and comes back with mains',
    async (t) => {
      await failMains(upsd, operator, { ups: 'a', name: 'rack-a' });
      const run = await untilRun('shutdown', 1);
      t.equal(stateOf(await ended(operator, run.runId)), 'done');
      await untilPhase('rack-a', 'hosts-off');
      t.same(await states(), ['active', 'active', 'inactive']);
      await upsd.set('a', full);
      const startup = await untilRun('startup', 1);
      t.match(startup, { requestedBy: 'power', reason: /^rack-a: mains is back/ });
      t.equal(stateOf(await ended(operator, startup.runId)), 'done');
      await untilAllActive();
      await untilPhase('rack-a', 'online');
    },
  );

  await t.test('a person aborts it on battery: not asked for again, until the battery is low', async (t) => {
    await failMains(upsd, operator, { ups: 'b', name: 'rack-b', runtimeSeconds: 40 });
    const { runId } = await untilRun('shutdown', 2);
    await abortRun(operator, runId, 'the generator runs');
    t.equal(stateOf(await ended(operator, runId)), 'aborted');
    const held = await until(
      async () => {
        const ups = await upsOf(operator, 'rack-b');
        return ups.alerts.some(({ key }) => key === 'held') && ups;
      },
      { what: 'it is held' },
    );
    t.match(held, { phase: 'on-battery', trigger: undefined });
    t.match(
      held.sentence,
      /its shutdown was aborted .* ago, and none is asked for, unless its runtime falls/,
    );
    await upsd.set('b', 'ups.status', 'OB LB DISCHRG');
    const again = await untilRun('shutdown', 3);
    t.match(again.reason, /battery low \(OB LB\) in 2 looks/);
    t.equal(stateOf(await ended(operator, again.runId)), 'done');
    await untilPhase('rack-b', 'hosts-off');
    t.equal(await activeState(site.node('db'), unit), 'inactive');
  });

  await t.test('the other one follows, low at the transfer: what is left goes down, too', async (t) => {
    await upsd.set('a', 'ups.status', 'OB LB');
    const run = await untilRun('shutdown', 4);
    t.match(run.reason, /rack-a, on battery for .* battery low \(OB LB\) in 2 looks in a row/);
    t.equal(stateOf(await ended(operator, run.runId)), 'done');
    t.same(await states(), ['inactive', 'inactive', 'inactive']);
  });
});
