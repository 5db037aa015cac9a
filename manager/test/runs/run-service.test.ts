/** Runs and what is around them: hooks, notifications, an intent over a restart, health, metrics. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGetHealth, createGetMetrics, createOperationOutcome } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { failureOf, managerBench } from '../support/manager-bench.ts';
import {
  agentOf,
  agentsOf,
  ended,
  execute,
  getRun,
  startRun,
  stateOf,
  stepStates,
  watchRun,
} from '../support/runs-bench.ts';

t.setTimeout(120_000);

const inventory = [{ name: 'node-a', units: ['x.service'], address: '127.0.0.1' }];
const stop = { stop: { nodes: ['node-a'] }, timeout: '30s' };
const start = { start: { nodes: ['node-a'] }, timeout: '30s' };
const oneStage = (...steps: unknown[]) => ({ stages: [{ name: 'only', steps }] });
const sequences = { startup: oneStage(start), shutdown: oneStage(stop) };
const never = new Promise<never>(() => undefined);

t.test('hooks and notifications', async (t) => {
  const bench = await managerBench(t, {
    inventory,
    hooks: {
      write: {
        command: ['/bin/sh', '-c', 'echo "$HECATE_PLAN $HECATE_REASON" >> "$HECATE_TEST_FILE"; echo said'],
      },
      fail: { command: ['/bin/false'] },
    },
    sequences: {
      hooked: oneStage(
        { hook: 'write', timeout: '10s' },
        { hook: 'fail', timeout: '10s', on_failure: 'continue' },
      ),
      failing: oneStage({ hook: 'fail', timeout: '10s' }),
    },
    runs: {
      notifications: [
        { command: ['/bin/sh', '-c', 'cat >> "$HECATE_TEST_FILE.told"; echo >> "$HECATE_TEST_FILE.told"'] },
      ],
    },
  });
  const file = join(bench.folder, 'hook');
  process.env.HECATE_TEST_FILE = file;
  t.teardown(() => {
    delete process.env.HECATE_TEST_FILE;
  });
  const operator = await bench.operator('admin');
  const { run } = await execute(operator, 'hooked', { reason: 'test' });
  const { report, lines } = await watchRun(operator, run?.summary?.runId ?? '');
  t.equal(stateOf(report), 'degraded');
  t.same(stepStates(report), ['1.1 done', '1.2 degraded']);
  t.match(report.degradations, [/step 1\.2 .*fail ended with exit status 1/]);
  t.equal(readFileSync(file, 'utf8'), 'hooked test\n');
  t.ok(lines.some(({ text }) => /said/.test(text)));
  const { run: second } = await execute(operator, 'failing');
  t.equal(stateOf(await ended(operator, second?.summary?.runId ?? '')), 'failed');
  const told = () =>
    existsSync(`${file}.told`)
      ? readFileSync(`${file}.told`, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as { event: string; plan: string })
      : [];
  const isTold = () => told().filter(({ event }) => event === 'finished').length === 2;
  await until(isTold, { what: 'both ends are told' });
  t.same(
    told().map(({ event, plan }) => `${plan} ${event}`),
    [
      'hooked started',
      'hooked degraded',
      'hooked stage-done',
      'hooked finished',
      'failing started',
      'failing failed',
      'failing finished',
    ],
  );
});

t.test('a host is switched on by its command, and a dry run says where there is none', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-wake-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const mark = join(folder, 'mark');
  const wakes = (command: string) => [
    { name: 'node-a', units: ['x.service'], wake_command: [command, '-c', `echo "$HECATE_NODE" > ${mark}`] },
  ];
  const woken = {
    startup: oneStage({ wake: { nodes: ['node-a'] }, timeout: '60s' }),
    shutdown: oneStage(stop),
  };
  const bench = await managerBench(t, { inventory: wakes('/bin/sh'), sequences: woken });
  const operator = await bench.operator('admin');
  const { run } = await execute(operator, 'startup');
  await until(() => existsSync(mark) && readFileSync(mark, 'utf8') === 'node-a\n', { what: 'it has run' });
  await agentOf(bench, 'node-a');
  t.equal(stateOf(await ended(operator, run?.summary?.runId ?? '')), 'done');

  const other = await managerBench(t, { inventory: wakes('/no/such/bmc'), sequences: woken });
  const dry = await startRun(await other.operator('admin'), { name: 'startup' });
  t.match(dry.run?.summary, { state: 'failed', why: /what wakes node-a: \/no\/such\/bmc is not a program/ });
});

t.test('what could not be told is told by the manager that comes next', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-told-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [door, told] = [join(folder, 'door'), join(folder, 'told')];
  // Fails until the door is there.
  const command = ['/bin/sh', '-c', `test -e ${door} && cat >> ${told} && echo >> ${told}`];
  const bench = await managerBench(t, {
    inventory,
    sequences: { only: oneStage({ wait: '100ms' }) },
    runs: { notifications: [{ command }] },
  });
  const operator = await bench.operator('admin');
  const { run } = await execute(operator, 'only');
  const runId = run?.summary?.runId ?? '';
  t.equal(stateOf(await ended(operator, runId)), 'done');
  await bench.stop();
  writeFileSync(door, '');
  await bench.start();
  const lines = () => (existsSync(told) ? readFileSync(told, 'utf8').split('\n').filter(Boolean) : []);
  await until(() => lines().length >= 3, { what: 'all of it is told' });
  const notices = lines().map((line) => JSON.parse(line) as { event: string; id: string });
  t.same(
    notices.map(({ event }) => event),
    ['started', 'stage-done', 'finished'],
  );
  t.equal(notices.at(-1)?.id, `${runId}-finished`);
});

t.test('I9: what is sent is in the journal already', async (t) => {
  const bench = await managerBench(t, { inventory, sequences });
  const agents = await agentsOf(bench, ['node-a']);
  const agent = agents.get('node-a');
  if (!agent) throw new Error('no agent');
  const journals: boolean[] = [];
  agent.onApply = async ({ opId }) => {
    for (const name of ['runs', 'operations'])
      journals.push(readFileSync(join(bench.folder, `state/journal/${name}.records`), 'utf8').includes(opId));
    return createOperationOutcome({ opId, status: 'done', result: 'done' });
  };
  const operator = await bench.operator('admin');
  const { run } = await execute(operator, 'startup');
  t.equal(stateOf(await ended(operator, run?.summary?.runId ?? '')), 'done');
  t.same(journals, [true, true]);
});

t.test('an intent over a restart, and what health and metrics say', async (t) => {
  const bench = await managerBench(t, { inventory, sequences });
  const agents = await agentsOf(bench, ['node-a']);
  const agent = agents.get('node-a');
  if (!agent) throw new Error('no agent');
  agent.onApply = () => never;
  const operator = await bench.operator('admin');
  const { run } = await execute(operator, 'shutdown', { reason: 'mains gone' });
  const runId = run?.summary?.runId ?? '';
  const intentFile = join(bench.folder, 'state/intent.json');
  t.match(JSON.parse(readFileSync(intentFile, 'utf8')), { runId, plan: 'shutdown', reason: 'mains gone' });
  const health = await operator.get('health', { case: 'getHealth', value: createGetHealth() });
  t.match(
    health.checks.find(({ name }) => name === 'runs'),
    { passed: true, detail: /shutdown .* is going on: step 1\.1/ },
  );
  const metricsOf = async (asking: typeof operator) =>
    (await asking.get('metrics', { case: 'getMetrics', value: createGetMetrics() })).text;
  t.match(await metricsOf(operator), /hecate_runs_active\{type="shutdown"\} 1/);
  const second = await execute(operator, 'shutdown');
  t.match(second, { joined: true, run: { summary: { runId } } }, 'a second trigger joins');
  const refused = await failureOf(execute(operator, 'startup'));
  t.equal(refused.code, 'HEC_RUN_ACTIVE');
  const dry = await startRun(operator, { name: 'startup' });
  t.match(dry.run?.summary, { state: 'failed', why: /would not work as things are/ });

  await bench.stop();
  await bench.start();
  const again = await bench.operator('admin');
  t.equal(stateOf(await getRun(again, runId)), 'running');
  t.ok(existsSync(intentFile));
  const back = await agentOf(bench, 'node-a');
  back.onApply = async ({ opId }) => createOperationOutcome({ opId, status: 'done', result: 'done' });
  const report = await ended(again, runId);
  t.equal(stateOf(report), 'done', JSON.stringify(report.degradations));
  t.notOk(existsSync(intentFile), 'gone with the commit that ends it');
  t.match(await metricsOf(again), /hecate_runs_total\{type="shutdown",outcome="done"\} 1/);
  const { run: startup } = await execute(again, 'startup');
  t.equal(stateOf(await ended(again, startup?.summary?.runId ?? '')), 'done');
});

t.test('an intent that a crash left blocks a startup, unless it is overridden', async (t) => {
  const bench = await managerBench(t, { inventory, sequences });
  const intent = {
    version: 1,
    runId: '01M7ZH0M95XW64C72NRBQPM8SG',
    plan: 'shutdown',
    mode: 'poweroff',
    reason: 'test',
    sinceWallMs: Date.now() - 1000,
  };
  await bench.stop();
  writeFileSync(join(bench.folder, 'state/intent.json'), JSON.stringify(intent));
  await bench.start();
  await agentsOf(bench, ['node-a']);
  const operator = await bench.operator('admin');
  t.match(await failureOf(execute(operator, 'startup')), { code: 'HEC_INTENT', remedy: /--override-intent/ });
  const { run } = await execute(operator, 'startup', { overrideIntent: true });
  t.equal(stateOf(await ended(operator, run?.summary?.runId ?? '')), 'done');
  t.notOk(existsSync(join(bench.folder, 'state/intent.json')));
});
