/** What becomes of a run's operations when sessions, and the manager itself, end in between. */
import {
  createBusState,
  createOperationOutcome,
  createResolvedOperation,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { managerBench } from '../support/manager-bench.ts';
import { agentOf, agentsOf, ended, execute, getRun, stateOf, stepStates } from '../support/runs-bench.ts';

t.setTimeout(120_000);

const names = ['node-a', 'node-b'];
const inventory = names.map((name) => ({ name, units: ['x.service'], address: '127.0.0.1' }));
const config = {
  inventory,
  sequences: {
    maintenance: {
      stages: names.map((name) => ({ name, steps: [{ start: { nodes: [name] }, timeout: '60s' }] })),
    },
  },
};
const never = new Promise<never>(() => undefined);

t.test('lost on its way: asked for again under an id that follows, and the run goes on', async (t) => {
  const bench = await managerBench(t, config);
  const agents = await agentsOf(bench, names);
  const first = agents.get('node-a');
  if (!first) throw new Error('no agent');
  first.onApply = () => never;
  const operator = await bench.operator('operator');
  const { run } = await execute(operator, 'maintenance');
  await until(() => first.applied.length === 1, { what: 'it was sent' });
  first.vanish();
  // The agent that comes back has never seen it, and will not apply it any more.
  const back = await agentOf(bench, 'node-a');
  const report = await ended(operator, run?.summary?.runId ?? '');
  t.equal(stateOf(report), 'done', JSON.stringify(report.degradations));
  t.equal(back.applied.length, 1, 'applied once');
  t.not(back.applied[0]?.opId, first.applied[0]?.opId, 'I2: not under the id that was lost');
});

t.test('an agent that has just started and has not found systemd yet is asked again', async (t) => {
  const bench = await managerBench(t, config);
  const agents = await agentsOf(bench, names);
  const first = agents.get('node-a');
  if (!first) throw new Error('no agent');
  const code = 'HEC_BUS_GONE';
  first.onApply = async ({ opId }) =>
    first.applied.length < 3
      ? createOperationOutcome({ opId, status: 'refused', code, message: 'no D-Bus' })
      : createOperationOutcome({ opId, status: 'done', result: 'done' });
  const operator = await bench.operator('operator');
  const { run } = await execute(operator, 'maintenance');
  const report = await ended(operator, run?.summary?.runId ?? '');
  t.equal(stateOf(report), 'done', JSON.stringify(report.degradations));
  t.equal(new Set(first.applied.map(({ opId }) => opId)).size, 3, 'I2: each time under another id');
});

t.test('the manager is restarted: what was applied is not sent again, what was lost is', async (t) => {
  for (const resolution of ['finished', 'never-applied', 'running'] as const) {
    const bench = await managerBench(t, config);
    const agents = await agentsOf(bench, names);
    const first = agents.get('node-a');
    if (!first) throw new Error('no agent');
    first.onApply = () => never;
    const operator = await bench.operator('operator');
    const { run } = await execute(operator, 'maintenance');
    await until(() => first.applied.length === 1, { what: 'it was sent' });
    const opId = first.applied[0]?.opId ?? '';
    const done = createOperationOutcome({ opId, status: 'done', result: 'done' });
    await bench.stop();
    await bench.start();
    const known = createResolvedOperation({
      opId,
      resolution,
      ...(resolution === 'finished' ? { outcome: done } : {}),
    });
    const back = await agentOf(bench, { name: 'node-a', outcomes: [[opId, known]] });
    const other = await agentOf(bench, 'node-b');
    if (resolution === 'running') await back.report([done]);
    const again = await bench.operator('operator');
    const report = await ended(again, run?.summary?.runId ?? '');
    t.equal(stateOf(report), 'done', `${resolution}: ${JSON.stringify(report.degradations)}`);
    t.same(stepStates(report), ['1.1 done', '2.1 done']);
    t.equal(back.applied.length, resolution === 'never-applied' ? 1 : 0, resolution);
    t.equal(other.applied.length, 1);
  }
});

t.test('a node that is just redialling is waited for; one that is away is not', async (t) => {
  const bench = await managerBench(t, {
    inventory,
    sequences: {
      ...config.sequences,
      tolerant: {
        stages: [
          { name: 'only', steps: [{ start: { nodes: ['node-b'] }, timeout: '2s', on_failure: 'continue' }] },
        ],
      },
    },
  });
  const agents = await agentsOf(bench, names);
  agents.get('node-b')?.vanish();
  await bench.untilNode('node-b', 'offline');
  const operator = await bench.operator('operator');
  const { run } = await execute(operator, 'maintenance');
  await until(() => agents.get('node-a')?.applied.length === 1, { what: 'the first stage ran' });
  const back = await agentOf(bench, 'node-b');
  t.equal(stateOf(await ended(operator, run?.summary?.runId ?? '')), 'done');
  t.equal(back.applied.length, 1);
  back.vanish();
  await bench.untilNode('node-b', 'offline');
  const { run: second } = await execute(operator, 'tolerant');
  const report = await ended(operator, second?.summary?.runId ?? '');
  t.equal(stateOf(report), 'degraded');
  t.match(report.stages[0]?.steps[0], { state: 'degraded', operations: [{ state: 'offline' }] });
});

t.test('an agent that is there before its connection to systemd is waited for', async (t) => {
  const bench = await managerBench(t, config);
  const agents = await agentsOf(bench, ['node-b']);
  const early = await bench.agent('node-a');
  await bench.untilNode('node-a', 'online', false);
  const operator = await bench.operator('operator');
  const { run } = await execute(operator, 'maintenance');
  early.notify({ case: 'busState', value: createBusState({ connected: false, reason: 'booting' }) });
  await bench.untilNode('node-a', 'online', false);
  t.same(early.applied, [], 'nothing is sent that it could only refuse');
  early.tellUnits([]);
  t.equal(stateOf(await ended(operator, run?.summary?.runId ?? '')), 'done');
  t.equal(early.applied.length, 1);
  t.equal(agents.get('node-b')?.applied.length, 1);
});

t.test(
  'what a pre-empted run had not sent yet is not sent after it: nothing is started behind a shutdown',
  async (t) => {
    const bench = await managerBench(t, config);
    const agents = await agentsOf(bench, names);
    agents.get('node-b')?.vanish();
    await bench.untilNode('node-b', 'offline');
    const operator = await bench.operator('admin');
    const { run } = await execute(operator, 'maintenance');
    await until(() => agents.get('node-a')?.applied.length === 1, { what: 'the first stage ran' });
    await until(
      async () => stepStates(await getRun(operator, run?.summary?.runId ?? '')).includes('2.1 running'),
      { what: 'the second waits for its node' },
    );
    await execute(operator, 'shutdown', { mode: 'cluster-only' });
    const back = await agentOf(bench, 'node-b');
    await until(() => back.applied.length > 0, { what: 'the shutdown reaches it' });
    t.same(
      back.applied.map(({ verb }) => verb),
      ['stop'],
    );
    t.equal(stateOf(await ended(operator, run?.summary?.runId ?? '')), 'pre-empted');
  },
);
