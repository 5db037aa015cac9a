/** A coordinator that stays up, on a real upsd: hosts go off without it, and it starts the site when mains is back. */
import { createOperationOutcome } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { skipWithoutUpsd } from '../../../test/nut/nut-programs.ts';
import { startUpsd, type Upsd } from '../../../test/nut/upsd.ts';
import type { FakeAgent } from '../../../test/support/fake-agent.ts';
import { type ReturningUps, SiteReturn } from '../../src/power/site-return.ts';
import { managerBench } from '../support/manager-bench.ts';
import { full, powerOf, untilPhase, upsOf } from '../support/power-bench.ts';
import { agentOf, agentsOf, ended, execute, listRuns, stateOf } from '../support/runs-bench.ts';

t.setTimeout(200_000);
const skip = skipWithoutUpsd();

const off = (name: string) => ({
  name: `off-${name}`,
  // Of a node on loopback the address always answers: its gate ends with its time.
  steps: [{ poweroff: { nodes: [name] }, timeout: '1s', on_failure: 'continue' }],
});
const configOf = (upsd: Upsd, power: Record<string, unknown> = {}) => ({
  inventory: [
    { name: 'node-a', units: ['x.service'], address: '127.0.0.1' },
    { name: 'node-b', role: 'coordinator', address: '127.0.0.1' },
  ],
  sequences: {
    startup: { stages: [{ name: 'start', steps: [{ start: { nodes: ['node-a'] }, timeout: '30s' }] }] },
    shutdown: {
      stages: [
        { name: 'stop', steps: [{ stop: { nodes: ['node-a'] }, timeout: '30s', on_failure: 'continue' }] },
        off('node-a'),
        off('node-b'),
      ],
    },
  },
  power: {
    upses: [{ name: 'rack-a', ups: `rack@127.0.0.1:${upsd.port}` }],
    poll_interval: '200ms',
    debounce_polls: 2,
    budget: '10s',
    coordinator: 'stays-up',
    coordinator_halt: '5s',
    stable_mains: '2s',
    ...power,
  },
});

/** Ends its session when it is powered off, as a host that goes off does. */
function leaveAtPowerOff(agent: FakeAgent): void {
  agent.onApply = async ({ opId, verb }) => {
    if (verb === 'poweroff') setTimeout(() => agent.leave(), 50);
    return createOperationOutcome({ opId, status: 'done', result: 'done' });
  };
}

/** At once; a runtime that was never short needs no time until it is believed again. */
const failMains = (upsd: Upsd): Promise<void> => upsd.set('rack', 'ups.status', 'OB LB DISCHRG');

const verbsOf = ({ applied }: FakeAgent): string[] => applied.map(({ verb }) => verb);

const nothingKnown = (): never => {
  throw new Error('no such run');
};

t.test('what a person has shut down is told of, and not started', async (t) => {
  const alerts = new Map<string, string>();
  const lookWith = (state: string): string[] => {
    const started: string[] = [];
    const operations = [{ verb: 'poweroff', state }];
    const ups = {
      name: 'rack-a',
      runner: {
        state: { phase: 'recover', trigger: undefined },
        run: { triggerId: 'ups:rack-a:1', runId: '01B' },
        alert: (key: string, { level, sentence }: { level: string; sentence: string }) =>
          alerts.set(`${level} ${key}`, sentence),
      },
    } as never;
    new SiteReturn({
      upses: [ups],
      runs: {
        active: () => [],
        report: () => ({ stages: [{ steps: [{ operations }] }] }) as never,
        request: () => new Promise(() => undefined),
      },
      history: () => [{ id: '01A', kind: 'shutdown', outcome: 'done', mode: 'poweroff' } as never],
      startup: () => ({ state: 'ready', sentence: 'power is good' }),
      starting: () => started.push('startup') as never,
      nowMs: () => 0,
      onWait: () => undefined,
    }).look();
    return started;
  };
  t.same(lookWith('offline'), []);
  t.match(alerts.get('notice not-started'), /rack-a: .*not started: .*run 01A, before the outage/);
  t.same(lookWith('accepted'), ['startup'], 'a host was on: somebody had switched it on');
});

t.test('that it cannot start is told until somebody has started it', async (t) => {
  const alerts = new Map<string, string>();
  const phase = { of: 'recover' };
  const ups = {
    name: 'rack-a',
    runner: {
      get state() {
        return { phase: phase.of, trigger: undefined };
      },
      run: undefined,
      alert: (key: string, alert: { sentence: string } | undefined) =>
        alert ? alerts.set(key, alert.sentence) : alerts.delete(key),
    },
  } as unknown as ReturningUps;
  const site = new SiteReturn({
    upses: [ups],
    runs: {
      active: () => [],
      report: nothingKnown,
      request: () => Promise.reject(new Error('the disk is full')),
    },
    history: () => [],
    startup: () => ({ state: 'ready', sentence: 'power is good' }),
    starting: () => ({}) as never,
    nowMs: () => 0,
    onWait: () => undefined,
  });
  site.look();
  await until(() => alerts.has('not-started'), { what: 'it is told' });
  t.match(alerts.get('not-started'), /rack-a: mains is back, and the site does not start: the disk is full/);
  phase.of = 'online';
  site.look();
  t.equal(alerts.size, 0);
});

t.test('a UPS that has died for good, and that no node needs, keeps nothing down', async (t) => {
  const asked: string[] = [];
  const upsIn = (name: string, phase: string, trigger: unknown, alerts: Record<string, unknown>) =>
    ({
      name,
      runner: { state: { phase, trigger }, run: undefined, alerts, alert: () => undefined },
    }) as never;
  const lookWith = (alerts: Record<string, unknown>) => {
    const upses: ReturningUps[] = [upsIn('a', 'recover', undefined, {}), upsIn('b', 'triggered', {}, alerts)];
    new SiteReturn({
      upses,
      runs: { active: () => [], report: nothingKnown, request: async () => ({}) as never },
      history: () => [],
      startup: () => ({ state: 'ready', sentence: 'power is good' }),
      starting: () => asked.push('startup') as never,
      nowMs: () => 0,
      onWait: (sentence) => asked.push(sentence),
    }).look();
  };
  lookWith({});
  t.same(asked.splice(0), ['b has asked for a shutdown']);
  lookWith({ spared: { level: 'warning', sentence: 'every node still has feeds enough' } });
  t.same(asked, ['startup']);
});

t.test('it stays up, and wakes the others when mains is back', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses: { rack: { kind: 'dev', values: full } } });
  const bench = await managerBench(t, configOf(upsd));
  const agents = await agentsOf(bench, ['node-a', 'node-b']);
  const [host, coordinator] = ['node-a', 'node-b'].map((name) => agents.get(name));
  if (!host || !coordinator) throw new Error('no agents');
  leaveAtPowerOff(host);
  const operator = await bench.operator('admin');
  await untilPhase(operator, 'online');
  await failMains(upsd);
  const [run] = await until(async () => (await listRuns(operator)).length > 0 && listRuns(operator), {
    what: 'the shutdown has begun',
  });
  t.match(run, { mode: 'poweroff', requestedBy: 'power' });
  t.match(stateOf(await ended(operator, run?.runId ?? '')), /done|degraded/);
  await untilPhase(operator, 'hosts-off');
  t.same(verbsOf(host), ['stop', 'poweroff']);
  t.same(verbsOf(coordinator), [], 'nothing is asked of the coordinator');
  t.equal(coordinator.armed, undefined, 'nor does it hold an order that would power it off');
  t.match(
    (await upsOf(operator)).sentence,
    /the hosts are off; mains is not back; what has stayed up: runtime/,
  );

  await t.test('mains is back for a moment only: nothing starts', async () => {
    await upsd.set('rack', full);
    await untilPhase(operator, 'recover');
    t.equal((await listRuns(operator)).length, 1, 'mains is not stable yet');
  });

  await t.test('once it is stable: a startup, by itself', async (t) => {
    const back = await agentOf(bench, 'node-a');
    const startup = await until(
      async () => (await listRuns(operator)).find(({ kind }) => kind === 'startup'),
      { what: 'a startup begins' },
    );
    t.match(startup, { requestedBy: 'power', reason: /^rack-a: mains is back; rack-a: mains for .* needed/ });
    t.equal(stateOf(await ended(operator, startup.runId)), 'done');
    await untilPhase(operator, 'online');
    t.same(verbsOf(back), ['start']);
    t.equal((await listRuns(operator)).length, 2, 'one startup');
  });

  await t.test('a startup that somebody else has asked for is not followed by another', async (t) => {
    await until(async () => (await upsOf(operator)).phaseAgeMs > 6000, { what: 'the first outage is over' });
    await failMains(upsd);
    await until(async () => (await listRuns(operator)).length === 3, { what: 'a second outage' });
    await untilPhase(operator, 'hosts-off');
    const again = await agentOf(bench, 'node-a');
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    again.onApply = async ({ opId }) => {
      await held;
      return createOperationOutcome({ opId, status: 'done', result: 'done' });
    };
    await upsd.set('rack', full);
    await untilPhase(operator, 'recover');
    const { run } = await execute(operator, 'startup');
    await until(async () => (await upsOf(operator)).phaseAgeMs > 12_000, { what: 'power is good' });
    release();
    await ended(operator, run?.summary?.runId ?? '');
    await untilPhase(operator, 'online');
    await until(async () => (await upsOf(operator)).phaseAgeMs > 6000, { what: 'it has been looked at' });
    t.equal((await listRuns(operator)).length, 4, 'one startup');
  });

  await t.test('what an operator has shut down since, stays down', async (t) => {
    await failMains(upsd);
    await until(async () => (await listRuns(operator)).length === 5, { what: 'a third outage' });
    await untilPhase(operator, 'hosts-off');
    const { run } = await execute(operator, 'shutdown', { mode: 'cluster-only' });
    await ended(operator, run?.summary?.runId ?? '');
    await upsd.set('rack', full);
    await untilPhase(operator, 'recover');
    const isTold = async () => (await upsOf(operator)).alerts.find(({ key }) => key === 'not-started');
    const told = await until(isTold, { what: 'it is told that it is not started' });
    t.match(told, {
      level: 'notice',
      sentence: /was shut down by run \w+, after the outage: .*hecatectl startup/,
    });
    const isReady = async () => (await powerOf(operator)).startup?.state === 'ready';
    await until(isReady, { what: 'the site could be started' });
    // Asked at the looks, every five seconds.
    const { phaseAgeMs } = await upsOf(operator);
    await until(async () => (await upsOf(operator)).phaseAgeMs > phaseAgeMs + 6000, {
      what: 'it is asked again',
    });
    t.equal((await listRuns(operator)).filter(({ kind }) => kind === 'startup').length, 2);
  });
});
