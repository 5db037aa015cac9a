/** A manager with a real upsd: outages that become runs, and those that do not. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGetHealth, createGetPower } from '@hecate/proto/generated/wire.ts';
import t, { type Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { skipWithoutUpsd } from '../../../test/nut/nut-programs.ts';
import { startUpsd, type Upsd } from '../../../test/nut/upsd.ts';
import { type ManagerBench, managerBench, type Operator } from '../support/manager-bench.ts';
import { agentsOf, ended, listRuns, stateOf } from '../support/runs-bench.ts';

t.setTimeout(200_000);
const skip = skipWithoutUpsd();

const inventory = [{ name: 'node-a', units: ['x.service'], address: '127.0.0.1' }];
const oneStage = (...steps: unknown[]) => ({ stages: [{ name: 'only', steps }] });
const sequences = {
  startup: oneStage({ start: { nodes: ['node-a'] }, timeout: '30s' }),
  shutdown: oneStage({ stop: { nodes: ['node-a'] }, timeout: '30s' }),
};
const full = {
  'ups.status': 'OL',
  'battery.runtime': '3600',
  'battery.charge': '100',
  'ups.load': '20',
};
const dying = {
  'ups.status': 'OB DISCHRG',
  'battery.runtime': '20',
  'battery.charge': '12',
  'ups.load': '60',
};

const configOf = (upsd: Upsd, changes: Record<string, unknown> = {}) => ({
  inventory,
  sequences,
  power: {
    upses: [{ name: 'rack-a', ups: `rack@127.0.0.1:${upsd.port}` }],
    poll_interval: '200ms',
    debounce_polls: 2,
    budget: '10s',
    mode: 'cluster-only',
    ...changes,
  },
});

const powerOf = (operator: Operator) => operator.get('power', { case: 'getPower', value: createGetPower() });

async function untilPhase(operator: Operator, ...phases: string[]): Promise<void> {
  await until(async () => phases.includes((await powerOf(operator)).upses[0]?.phase ?? ''), {
    what: `the UPS is ${phases.join(' or ')}`,
  });
}

async function benchOf(t: Test, values: Record<string, string> = full) {
  const upsd = await startUpsd(t, { upses: { rack: { kind: 'dev', values } } });
  const bench = await managerBench(t, configOf(upsd));
  const agents = await agentsOf(bench, ['node-a']);
  const agent = agents.get('node-a');
  if (!agent) throw new Error('no agent');
  return { upsd, bench, agent, operator: await bench.operator('admin') };
}

const recordOf = (bench: ManagerBench) => {
  const file = join(bench.folder, 'state/power.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).upses['rack-a'] : undefined;
};

t.test('an outage under the threshold becomes one shutdown', { skip }, async (t) => {
  const { upsd, bench, operator } = await benchOf(t);
  await untilPhase(operator, 'online');
  await upsd.set('rack', dying);
  const run = await until(async () => (await listRuns(operator))[0], { what: 'a run is there' });
  t.match(run, { plan: 'shutdown', mode: 'cluster-only', requestedBy: 'power', reason: /rack-a.*shutdown/ });
  t.match(recordOf(bench), { state: { phase: /triggered|recover|hosts-off/ } }, 'I9: durable before it');
  t.equal(stateOf(await ended(operator, run.runId)), 'done');
  await untilPhase(operator, 'hosts-off');
  t.equal((await listRuns(operator)).length, 1);
  t.match((await bench.manager.metrics.text()).length > 0, true);
  const health = await operator.get('health', { case: 'getHealth', value: createGetHealth() });
  t.match(
    health.checks.find(({ name }) => name === 'power'),
    { passed: false, detail: /rack-a is on battery/ },
  );
});
