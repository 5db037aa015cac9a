/** Orders that nodes hold of runs that nobody leads here: told, and withdrawn. */
import { createArmShutdown, createGetHealth } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import type { FakeAgentOptions } from '../../../test/support/fake-agent.ts';
import { type ManagerBench, managerBench, type Operator } from '../support/manager-bench.ts';
import { abortRun, agentOf, ended, execute, stateOf } from '../support/runs-bench.ts';

t.setTimeout(120_000);

const unknownRunId = '01HF7YAT2D0000000000000000';
const config = {
  inventory: ['node-a', 'node-b'].map((name) => ({ name, units: ['x.service'], address: '127.0.0.1' })),
  sequences: {
    shutdown: {
      stages: [{ name: 'stop', steps: [{ stop: { nodes: ['node-a'] }, timeout: '30s' }] }],
    },
  },
};

async function holding(
  bench: ManagerBench,
  name: string,
  runId: string,
  outcomes: FakeAgentOptions['outcomes'] = [],
) {
  const agent = await agentOf(bench, { name, armed: createArmShutdown({ runId }), outcomes });
  await bench.untilNode(name, 'online', true);
  return agent;
}

const runsCheck = async (operator: Operator) =>
  (await operator.get('health', { case: 'getHealth', value: createGetHealth() })).checks.find(
    ({ name }) => name === 'runs',
  );

t.test('of a run that this manager does not know: told, and withdrawn when somebody says so', async (t) => {
  const bench = await managerBench(t, config);
  const here = await holding(bench, 'node-a', unknownRunId);
  const away = await holding(bench, 'node-b', unknownRunId);
  const operator = await bench.operator('admin');
  const isTold = async () => (await runsCheck(operator))?.detail.includes('; node-b holds');
  await until(isTold, { what: 'both are told' });
  t.match(await runsCheck(operator), {
    passed: false,
    detail: /^node-a holds the dead man's order of run 01HF7YAT2D0+, .*; node-b holds/,
    remedy: `hecatectl runs abort ${unknownRunId}`,
  });
  t.ok(here.armed, 'it may be meant: nobody has withdrawn it');
  away.vanish();
  await bench.untilNode('node-b', 'offline', false);
  const report = await abortRun(operator, unknownRunId.slice(0, 12), 'it was a test');
  t.equal(stateOf(report), 'aborted');
  t.same(report.armed, ['node-b']);
  t.match(report.degradations, [/node-b still holds its dead man's order: node-b is offline/]);
  t.equal(here.armed, undefined);
  t.match(await runsCheck(operator), { passed: true }, 'and what is decided is no trouble any more');
  const back = await holding(bench, 'node-b', unknownRunId);
  await until(() => back.armed === undefined, { what: 'it is withdrawn when the node comes back' });
  const [entry] = await bench.audited(({ what }) => String(what).startsWith('withdraw the orders'));
  t.match(entry, { subject: unknownRunId, outcome: 'degraded', reason: 'it was a test' });
  const again = () =>
    abortRun(operator, unknownRunId).then(
      () => '',
      ({ code }) => code,
    );
  await until(async () => (await again()) === 'HEC_NO_SUCH_RUN', { what: 'there is none left' });
});

t.test('of a run that is known to be over: withdrawn at once', async (t) => {
  const bench = await managerBench(t, config);
  const agent = await agentOf(bench, 'node-a');
  await bench.untilNode('node-a', 'online', true);
  const operator = await bench.operator('admin');
  const { run } = await execute(operator, 'shutdown');
  const runId = run?.summary?.runId ?? '';
  await ended(operator, runId);
  await until(() => agent.armed === undefined, { what: 'nothing is armed any more' });
  agent.vanish();
  await bench.untilNode('node-a', 'offline', false);
  const again = await holding(bench, 'node-a', runId);
  await until(() => again.armed === undefined, { what: 'it is withdrawn' });
  t.match(await runsCheck(operator), { passed: true });
});

t.test('of a run that is led here: left alone', async (t) => {
  const bench = await managerBench(t, config);
  const agent = await agentOf(bench, 'node-a');
  agent.onApply = () => new Promise<never>(() => undefined);
  await bench.untilNode('node-a', 'online', true);
  const operator = await bench.operator('admin');
  const { run } = await execute(operator, 'shutdown');
  const runId = run?.summary?.runId ?? '';
  await until(() => agent.armed?.runId === runId && agent.applied[0], { what: 'it has order and operation' });
  const opId = agent.applied[0]?.opId ?? '';
  agent.vanish();
  await bench.untilNode('node-a', 'offline', false);
  const again = await holding(bench, 'node-a', runId, [[opId, { resolution: 'running' }]]);
  t.match(await runsCheck(operator), { passed: true, detail: /shutdown .* is going on/ });
  t.equal(again.armed?.runId, runId);
});

t.test('the beginning of an id that may mean a known run, too, aborts none of them', async (t) => {
  const bench = await managerBench(t, config);
  await holding(bench, 'node-b', unknownRunId);
  const agent = await agentOf(bench, 'node-a');
  agent.onApply = () => new Promise<never>(() => undefined);
  await bench.untilNode('node-a', 'online', true);
  const operator = await bench.operator('admin');
  await until(async () => (await runsCheck(operator))?.passed === false, { what: 'the unknown one is told' });
  const { run } = await execute(operator, 'shutdown');
  const runId = run?.summary?.runId ?? '';
  await t.rejects(abortRun(operator, '01'), {
    code: 'HEC_NO_SUCH_RUN',
    message: new RegExp(`2 runs begin with 01: ${unknownRunId}, .* and ${runId}`),
  });
  t.equal(stateOf(await abortRun(operator, unknownRunId)), 'aborted', 'its whole id says which');
});
