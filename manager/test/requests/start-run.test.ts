/** A run from the request to its report, by a whole manager with fake agents. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOperationOutcome } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { unit } from '../support/fleet-fixtures.ts';
import { failureOf, managerBench } from '../support/manager-bench.ts';
import {
  abortRun,
  agentOf,
  agentsOf,
  ended,
  execute,
  getPlan,
  getRun,
  listRuns,
  startRun,
  stateOf,
  stepStates,
  watchRun,
} from '../support/runs-bench.ts';

const inventory = ['node-a', 'node-b', 'node-c'].map((name) => ({
  name,
  units: ['x.service'],
  address: '127.0.0.1',
}));

const twoStages = {
  stages: [
    { name: 'first', steps: [{ start: { nodes: ['node-a', 'node-b'] }, timeout: '10s' }] },
    { name: 'second', steps: [{ start: { nodes: ['node-c'] }, timeout: '10s' }, { wait: '100ms' }] },
  ],
};

const config = { inventory, sequences: { maintenance: twoStages } };

t.test('two stages, one after the other, watched to their end', async (t) => {
  const bench = await managerBench(t, config);
  const agents = await agentsOf(bench, ['node-a', 'node-b', 'node-c']);
  const order: string[] = [];
  for (const [name, agent] of agents) {
    agent.onApply = async ({ opId, requestedBy, unit }) => {
      order.push(`${name} ${unit}`);
      t.match(requestedBy, /^run 0[0-9A-Z]{25} \(local:alice\)$/);
      return createOperationOutcome({ opId, status: 'done', result: 'done' });
    };
  }
  const operator = await bench.operator('operator');
  const plan = await getPlan(operator, { name: 'maintenance' });
  t.match(plan.digest, /^sha256:[0-9a-f]{64}$/);
  t.match(plan.names, ['maintenance', 'shutdown', 'startup']);
  const { run } = await execute(operator, 'maintenance', { planDigest: plan.digest, reason: 'because' });
  const runId = run?.summary?.runId ?? '';
  const { report, lines, updates } = await watchRun(operator, runId);
  t.equal(stateOf(report), 'done');
  t.same(stepStates(report), ['1.1 done', '2.1 done', '2.2 done']);
  t.same(order.slice(0, 2).sort(), ['node-a x.service', 'node-b x.service']);
  t.equal(order[2], 'node-c x.service', 'I1: the second stage begins behind the first');
  t.equal(order.length, 3);
  t.match(
    report.stages[0]?.steps[0]?.operations.map(({ state }) => state),
    ['done', 'done'],
  );
  t.ok(updates.length > 0 && updates.every((update) => update.report));
  t.match(lines.at(-1), { type: 'run-ended', text: /the run has ended: done/ });
  t.equal((await listRuns(operator))[0]?.reason, 'because');
  t.same(await getRun(operator, runId.slice(0, 12)), report, 'the first characters of its id are enough');
  t.same(await getRun(operator), report, 'the newest');
  const history = JSON.parse(readFileSync(join(bench.folder, 'state/runs.json'), 'utf8'));
  t.match(history.runs, [{ past: { id: runId, outcome: 'done', isDryRun: false } }]);
  const journal = readFileSync(join(bench.folder, 'state/journal/runs.records'), 'utf8');
  t.equal(journal, '', 'what is over is in the history, and no longer in the journal');
  const audited = await bench.audited(({ subject }) => subject === runId, 2);
  t.match(audited, [
    { what: 'run maintenance', outcome: 'started', who: /alice/, reason: 'because' },
    { what: 'run maintenance ended', outcome: 'done' },
  ]);
  const again = await getPlan(operator, { name: 'maintenance' });
  t.equal(again.stages[0]?.steps[0]?.samples, 1, 'its durations have been learnt');
});

t.test('a dry run looks, tells, and applies nothing', async (t) => {
  const bench = await managerBench(t, config);
  const agents = await agentsOf(bench, ['node-a', 'node-b']);
  const operator = await bench.operator('operator');
  const { run } = await startRun(operator, { name: 'maintenance' });
  t.match(run?.summary, { dryRun: true, state: 'failed', why: /step 2\.1: node-c x\.service: offline/ });
  t.same(run && stepStates(run), ['1.1 would-run', '2.1 would-run', '2.2 would-run']);
  const operations = run?.stages.flatMap(({ steps }) => steps.flatMap((step) => step.operations)) ?? [];
  t.same(
    operations.map(({ node, state }) => `${node} ${state}`),
    ['node-a would-send', 'node-b would-send', 'node-c would-skip'],
  );
  for (const agent of agents.values()) t.same(agent.applied, []);
  t.match(await listRuns(operator), [{ dryRun: true, plan: 'maintenance' }]);
  const plan = await getPlan(operator, { name: 'maintenance' });
  t.equal(plan.stages[0]?.steps[0]?.samples, 0, 'it teaches nothing');
});

t.test('a dry run asks the nodes for units that are not loaded', async (t) => {
  const bench = await managerBench(t, config);
  const agents = await agentsOf(bench, ['node-a', 'node-b', 'node-c']);
  const states = new Map([
    ['node-a', 'disabled'],
    ['node-b', 'not-found'],
  ]);
  for (const [name, agent] of agents) {
    agent.onQuery = async ({ query }) => {
      const state = states.get(name);
      if (query.case !== 'unitFileStates' || !state) throw new Error('the bus is gone');
      const entries = query.value.units.map((unit) => ({ unit, state }));
      return { case: 'unitFileStates', value: { entries } };
    };
  }
  const operator = await bench.operator('operator');
  const { run } = await startRun(operator, { name: 'maintenance' });
  t.equal(
    run?.summary?.why,
    'it would not work as things are: step 1.1: node-b x.service: there is no such unit',
  );
  t.match(
    run?.stages[1]?.steps[0]?.operations,
    [{ state: 'would-send' }],
    'I12: nothing is claimed of node-c',
  );
});

t.test('a dry run asks the nodes what their policies would say', async (t) => {
  const bench = await managerBench(t, config);
  const agents = await agentsOf(bench, ['node-a', 'node-b', 'node-c']);
  for (const [name, agent] of agents) {
    agent.onQuery = async ({ query }) => {
      // One of them is older than the question.
      if (query.case !== 'judgeOperations' || name === 'node-c') throw new Error('unknown');
      const refusal = name === 'node-a' ? '' : `${query.value.operations[0]?.verb}: not allowed`;
      const verdicts = query.value.operations.map(() => ({ refusal, remedy: 'allow it' }));
      return { case: 'policyVerdicts', value: { verdicts } };
    };
  }
  const operator = await bench.operator('operator');
  const { run } = await startRun(operator, { name: 'maintenance' });
  t.match(run?.summary?.why, /as things are: step 1\.1: node-b x\.service: \w+: not allowed; allow it$/);
  t.match(
    run?.stages[1]?.steps[0]?.operations,
    [{ state: 'would-send' }],
    'I12: nothing is claimed of node-c',
  );
});

t.test('a gate looks when what it waits for changes, however seldom it looks by itself', async (t) => {
  const gate = {
    sentence: 'x is active',
    unit: { nodes: ['node-a'], units: ['x.service'], states: ['active'] },
    every: '5m',
    timeout: '10m',
  };
  const start = { start: { nodes: ['node-a'] }, timeout: '10s' };
  const online = {
    sentence: 'b is online',
    node: { nodes: ['node-b'], state: 'online' },
    every: '5m',
    timeout: '10m',
  };
  const bench = await managerBench(t, {
    inventory,
    sequences: {
      gated: { stages: [{ name: 'only', steps: [start], gate }] },
      online: { stages: [{ name: 'only', steps: [start], gate: online }] },
    },
  });
  const agents = await agentsOf(bench, ['node-a']);
  const agent = agents.get('node-a');
  agent?.tellUnits([unit('x.service', 'inactive')]);
  await bench.untilNode('node-a', 'online', true);
  const operator = await bench.operator('operator');
  const { run } = await execute(operator, 'gated');
  const runId = run?.summary?.runId ?? '';
  const waits = async () => (await getRun(operator, runId)).stages[0]?.steps[1]?.details[0];
  await until(async () => /inactive/.test((await waits()) ?? ''), { what: 'the gate has looked' });
  agent?.tellChanges([unit('x.service', 'activating')]);
  await until(async () => /activating/.test((await waits()) ?? ''), { what: 'it has looked again' });
  agent?.tellChanges([unit('x.service', 'active')]);
  t.equal(stateOf(await ended(operator, runId)), 'done');
  const { run: second } = await execute(operator, 'online');
  const secondId = second?.summary?.runId ?? '';
  const isLooking = async () => (await getRun(operator, secondId)).stages[0]?.steps[1]?.details.length === 1;
  await until(isLooking, { what: 'the gate has looked' });
  await agentOf(bench, 'node-b');
  t.equal(stateOf(await ended(operator, secondId)), 'done');
});

t.test('digest, names, roles', async (t) => {
  const bench = await managerBench(t, {
    ...config,
    hooks: { tell: { command: ['/bin/true'] } },
    sequences: {
      maintenance: twoStages,
      hooked: { stages: [{ name: 'only', steps: [{ hook: 'tell', timeout: '5s' }] }] },
      commands: {
        stages: [{ name: 'only', steps: [{ exec: { nodes: ['node-a'], command: ['id'] }, timeout: '5s' }] }],
      },
    },
  });
  const operator = await bench.operator('operator');
  const wrong = execute(operator, 'maintenance', { planDigest: `sha256:${'0'.repeat(64)}` });
  t.match(await failureOf(wrong), { code: 'HEC_PLAN_CHANGED', remedy: 'hecatectl plan maintenance' });
  t.match(await failureOf(execute(operator, 'nothing')), {
    code: 'HEC_NO_SUCH_PLAN',
    message: /maintenance/,
  });
  t.match(await failureOf(execute(operator, 'hooked')), { code: 'HEC_ROLE', message: /admin/ });
  t.match(await failureOf(execute(operator, 'commands')), { code: 'HEC_ROLE' });
  t.match(await failureOf(execute(operator, 'shutdown')), { code: 'HEC_ROLE' });
  const viewer = await bench.operator('viewer');
  t.match(await failureOf(startRun(viewer, { name: 'maintenance' })), { code: 'HEC_ROLE' });
  t.match(await failureOf(getRun(viewer, '01')), { code: 'HEC_NO_SUCH_RUN' });
  t.match(await failureOf(getRun(viewer)), { code: 'HEC_NO_SUCH_RUN', message: /no run yet/ });
  const admin = await bench.operator('admin');
  const { run } = await execute(admin, 'hooked');
  t.equal(stateOf(await ended(admin, run?.summary?.runId ?? '')), 'done');
  await bench.audited(({ what, outcome }) => what === 'startRun' && outcome === 'refused', 4);
});

t.test('an abort ends with the step that runs', async (t) => {
  const bench = await managerBench(t, config);
  const agents = await agentsOf(bench, ['node-a', 'node-b', 'node-c']);
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const slow = agents.get('node-a');
  if (slow)
    slow.onApply = async ({ opId }) => {
      await held;
      return createOperationOutcome({ opId, status: 'done', result: 'done' });
    };
  const operator = await bench.operator('operator');
  const { run } = await execute(operator, 'maintenance');
  const runId = run?.summary?.runId ?? '';
  await until(() => slow?.applied.length === 1, { what: 'the operation is there' });
  const active = await failureOf(execute(operator, 'maintenance', { triggerId: 'other' }));
  t.equal(active.code, 'HEC_RUN_ACTIVE', 'I11');
  t.equal(stateOf(await abortRun(operator, runId, 'enough')), 'aborting');
  release();
  const report = await ended(operator, runId);
  t.equal(stateOf(report), 'aborted');
  t.match(stepStates(report)[0], '1.1 done');
  t.same(agents.get('node-c')?.applied, [], 'the next stage did not begin');
  t.match(await failureOf(abortRun(operator, runId)), { code: 'HEC_NO_SUCH_RUN' });
});
