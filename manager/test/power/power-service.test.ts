/** A manager with a real upsd: outages that become runs, and those that do not. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGetHealth } from '@hecate/proto/generated/wire.ts';
import t, { type Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { skipWithoutUpsd } from '../../../test/nut/nut-programs.ts';
import { startUpsd, type Upsd } from '../../../test/nut/upsd.ts';
import { createUpsControl } from '../../src/io/nut/nut-client.ts';
import { type ManagerBench, managerBench } from '../support/manager-bench.ts';
import { failMains, full, powerOf, untilPhase } from '../support/power-bench.ts';
import { agentsOf, ended, getPlan, listRuns, stateOf } from '../support/runs-bench.ts';

t.setTimeout(200_000);
const skip = skipWithoutUpsd();

const inventory = [{ name: 'node-a', units: ['x.service'], address: '127.0.0.1' }];
const oneStage = (...steps: unknown[]) => ({ stages: [{ name: 'only', steps }] });
const sequences = {
  startup: oneStage({ start: { nodes: ['node-a'] }, timeout: '30s' }),
  shutdown: oneStage({ stop: { nodes: ['node-a'] }, timeout: '30s' }),
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
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).upses['rack-a']?.record : undefined;
};

t.test('an outage under the threshold becomes one shutdown', { skip }, async (t) => {
  const { upsd, bench, operator } = await benchOf(t);
  await untilPhase(operator, 'online');
  await failMains(upsd, operator);
  const run = await until(async () => (await listRuns(operator))[0], { what: 'a run is there' });
  t.match(run, { plan: 'shutdown', mode: 'cluster-only', requestedBy: 'power', reason: /rack-a.*shutdown/ });
  t.match(recordOf(bench), { state: { phase: /triggered|recover|hosts-off/ } }, 'I9: durable before it');
  t.equal(stateOf(await ended(operator, run.runId)), 'done');
  await untilPhase(operator, 'hosts-off');
  t.equal((await listRuns(operator)).length, 1);
  const health = await operator.get('health', { case: 'getHealth', value: createGetHealth() });
  t.match(
    health.checks.find(({ name }) => name === 'power'),
    { passed: false, detail: /rack-a is on battery/ },
  );
});

t.test(
  'the manager ends after the trigger: the run goes on, and there is no second one',
  { skip },
  async (t) => {
    const { upsd, bench, agent, operator } = await benchOf(t);
    agent.onApply = () => new Promise<never>(() => undefined);
    await untilPhase(operator, 'online');
    await failMains(upsd, operator);
    await untilPhase(operator, 'triggered');
    const [before] = await until(async () => (await listRuns(operator)).length > 0 && listRuns(operator), {
      what: 'a run is there',
    });
    // What had not been sent to a node that is gone has failed, and is asked for again: no matter of this test.
    await until(() => agent.applied.length > 0, { what: 'the agent has its operation' });
    await bench.stop();
    await bench.start();
    const again = await bench.operator('admin');
    const { upses } = await powerOf(again);
    t.match(upses, [{ phase: 'triggered', trigger: { cause: 'runtime', runId: before?.runId } }]);
    const agents = await agentsOf(bench, ['node-a']);
    t.ok(agents.get('node-a'));
    t.match(await ended(again, before?.runId ?? ''), { summary: { plan: 'shutdown' } });
    await untilPhase(again, 'hosts-off', 'triggered');
    t.same(
      (await listRuns(again)).map(({ runId }) => runId),
      [before?.runId],
      'one run',
    );
  },
);

t.test('a forced shutdown that is set anew is a command, also with mains', { skip }, async (t) => {
  const users = { admin: { password: 'secret', upsmon: 'primary' as const } };
  const upsd = await startUpsd(t, { upses: { rack: { kind: 'dev', values: full } }, users });
  const bench = await managerBench(t, configOf(upsd));
  await agentsOf(bench, ['node-a']);
  const operator = await bench.operator('admin');
  await untilPhase(operator, 'online');
  const control = createUpsControl({
    nutName: 'rack',
    server: { host: '127.0.0.1', port: upsd.port, tls: { mode: 'off' } },
    credentials: () => ({ username: 'admin', password: 'secret' }),
  });
  await control.setForcedShutdown();
  const run = await until(async () => (await listRuns(operator))[0], { what: 'a run is there' });
  t.match(run.reason, /FSD/);
  t.equal(stateOf(await ended(operator, run.runId)), 'done');
});

t.test('I10: a trigger that cannot be carried out waits until it can', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses: { rack: { kind: 'dev', values: full } } });
  const config = configOf(upsd);
  const bench = await managerBench(t, { ...config, inventory: [], sequences: {} });
  await agentsOf(bench, ['node-a']);
  const operator = await bench.operator('admin');
  await untilPhase(operator, 'online');
  await failMains(upsd, operator);
  const isRefused = async () => {
    const [ups] = (await powerOf(operator)).upses;
    return ups?.alerts.find(({ key }) => key === 'refused') && ups;
  };
  const ups = await until(isRefused, { what: 'it is told that nothing begins' });
  t.match(ups, { phase: 'triggered', trigger: { runId: '', trouble: /no sequence "shutdown"/ } });
  await bench.reconfigure(config);
  const run = await until(async () => (await listRuns(operator))[0], { what: 'it has begun' });
  t.equal(stateOf(await ended(operator, run.runId)), 'done');
  t.notOk(
    (await powerOf(operator)).upses[0]?.alerts.some(({ key }) => key === 'refused'),
    'and all is well',
  );
});

t.test('of two UPSes one dies: only what hangs on it goes down', { skip }, async (t) => {
  const upsd = await startUpsd(t, {
    upses: { rack: { kind: 'dev', values: full }, other: { kind: 'dev', values: full } },
  });
  const at = `127.0.0.1:${upsd.port}`;
  const bench = await managerBench(t, {
    ...configOf(upsd, {
      upses: [
        { name: 'rack-a', ups: `rack@${at}` },
        { name: 'rack-b', ups: `other@${at}` },
      ],
    }),
    sequences: {},
    inventory: ['node-a', 'node-b', 'node-c'].map((name, index) => ({
      name,
      units: ['x.service'],
      address: '127.0.0.1',
      feeds: [['rack-a'], ['rack-b'], ['rack-a', 'rack-b']][index],
    })),
  });
  const agents = await agentsOf(bench, ['node-a', 'node-b', 'node-c']);
  const operator = await bench.operator('admin');
  await untilPhase(operator, 'online');
  t.match((await powerOf(operator)).upses, [
    { nodes: ['node-a', 'node-c'] },
    { nodes: ['node-b', 'node-c'] },
  ]);
  t.same(
    (await getPlan(operator, { name: 'shutdown', upses: ['rack-a'] })).nodes,
    ['node-a'],
    'as it will be',
  );
  const runOf = async (count: number) => {
    const runs = await until(async () => (await listRuns(operator)).length === count && listRuns(operator), {
      what: `${count} runs are there`,
    });
    const { runId = '' } = runs[0] ?? {};
    const report = await ended(operator, runId);
    return report.stages.flatMap(({ steps }) =>
      steps.flatMap(({ operations }) => operations.map(({ node }) => node)),
    );
  };
  await failMains(upsd, operator);
  t.same([...new Set(await runOf(1))], ['node-a'], 'node-c has another feed');
  await failMains(upsd, operator, { ups: 'other', name: 'rack-b' });
  t.match([...new Set(await runOf(2))].includes('node-b'), true);
  t.ok(agents.size === 3);
});

t.test('metrics: what dashboards know, and nothing that is stale', { skip }, async (t) => {
  const { upsd, bench, operator } = await benchOf(t);
  await untilPhase(operator, 'online');
  const page = () => bench.manager.metrics.text();
  const first = await page();
  for (const line of [
    'network_ups_tools_battery_charge{ups="rack-a"} 100',
    'network_ups_tools_battery_runtime{ups="rack-a"} 3600',
    'network_ups_tools_ups_load{ups="rack-a"} 20',
    'network_ups_tools_ups_status{ups="rack-a",flag="OL"} 1',
    'network_ups_tools_ups_status{ups="rack-a",flag="OB"} 0',
    'hecate_power_state{ups="rack-a",state="online"} 1',
    'hecate_power_budget_seconds 10',
    'hecate_power_budget_samples 0',
    'hecate_power_triggers_total{ups="rack-a",cause="runtime"} 0',
  ])
    t.match(first, line);
  t.match(first, /network_ups_tools_device_info\{ups="rack-a",.*\} 1/);
  await upsd.killDriver('rack');
  await untilPhase(operator, 'blind-online');
  const second = await page();
  t.notMatch(second, /^network_ups_tools_[a-z_]+\{ups="rack-a"/m);
  t.match(second, /hecate_power_data_age_seconds\{ups="rack-a"\} \d/);
});
