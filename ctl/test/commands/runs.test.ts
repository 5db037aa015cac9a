/** Plans and runs, by hecatectl as a process and a whole manager with fake agents. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createArmShutdown, createOperationOutcome } from '@hecate/proto/generated/wire.ts';
import t, { type Test } from 'tap';
import { type ManagerBench, managerBench } from '../../../manager/test/support/manager-bench.ts';
import { agentOf, agentsOf } from '../../../manager/test/support/runs-bench.ts';
import { type RunningCtl, runCtl, startCtl } from '../support/run-ctl.ts';
import { schemaProblem } from '../support/schema.ts';
import { until } from '../support/until.ts';

const nodes = ['node-a', 'node-b', 'node-c'];

const config = {
  inventory: nodes.map((name) => ({ name, units: ['x.service'], address: '127.0.0.1' })),
  sequences: {
    maintenance: {
      stages: [
        { name: 'first', steps: [{ start: { nodes: ['node-a', 'node-b'] }, timeout: '2m' }] },
        { name: 'second', steps: [{ start: { nodes: ['node-c'] }, timeout: '2m' }, { wait: '100ms' }] },
      ],
    },
    lenient: {
      stages: [
        {
          name: 'only',
          steps: [{ start: { nodes: ['node-a'] }, timeout: '2m', on_failure: 'continue' }],
        },
      ],
    },
  },
};

async function site(t: Test, names: readonly string[] = nodes) {
  const bench = await managerBench(t, config);
  const agents = await agentsOf(bench, names);
  const socket = socketOf(bench);
  const ctl = (...argv: string[]) => runCtl(argv, { socket });
  const start = (...argv: string[]): RunningCtl => startCtl(argv, { socket });
  /** The operation of a node is not answered until it is let go. */
  const hold = (name: string): (() => void) => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const agent = agents.get(name);
    if (agent)
      agent.onApply = async ({ opId }) => {
        await held;
        return createOperationOutcome({ opId, status: 'done', result: 'done' });
      };
    t.teardown(release);
    return release;
  };
  return { bench, agents, ctl, start, hold };
}

const socketOf = (bench: ManagerBench): string => join(bench.folder, 'operator.sock');
const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const isRunning =
  (running: RunningCtl, text: RegExp): (() => boolean) =>
  () =>
    text.test(running.stdout());

t.test('plans: listed, shown, checked', async (t) => {
  const { ctl } = await site(t, []);
  t.equal((await ctl('plan', 'list')).stdout, 'lenient\nmaintenance\nshutdown\nstartup\n');
  const shown = await ctl('plan', 'maintenance');
  t.equal(shown.exitCode, 0);
  t.match(shown.stdout, /^maintenance \(sequence\) {2}sha256:[0-9a-f]{64}$/m);
  t.match(shown.stdout, /^3 nodes: node-a, node-b, node-c$/m);
  t.match(shown.stdout, /^stage 1: first .*expected .*, at most /m);
  t.match(shown.stdout, /^ {6}start x\.service on node-a, node-b$/m);
  t.match(shown.stdout, /no run of it has been measured yet/);
  const json = JSON.parse((await ctl('plan', 'maintenance', '-o', 'json')).stdout);
  t.equal(schemaProblem('plan', json), undefined);
  t.equal(json.stages[0].steps[0].methods[0].operations.length, 2);
  const list = JSON.parse((await ctl('plan', 'list', '-o', 'json')).stdout);
  t.equal(schemaProblem('plan-names', list), undefined);
  const checked = await ctl('plan', 'check');
  t.equal(checked.exitCode, 0, checked.stdout);
  t.match(checked.stdout, /^maintenance:\n {2}warning: /m);
  const findings = JSON.parse((await ctl('plan', 'check', 'maintenance', '-o', 'json')).stdout);
  t.equal(schemaProblem('plan-findings', findings), undefined);
  const unknown = await ctl('plan', 'mantenance');
  t.equal(unknown.exitCode, 4);
  t.match(unknown.stderr, /HEC_NO_SUCH_PLAN/);
});

t.test('a plan that can never work: each error with its line, and exit status 2', async (t) => {
  const bench = await managerBench(t, {
    ...config,
    sequences: {
      broken: {
        stages: [
          { name: 'off', steps: [{ poweroff: { nodes: ['node-a'] }, timeout: '2m' }] },
          {
            name: 'gate',
            gate: {
              sentence: 'node-a is online',
              node: { nodes: ['node-a'], state: 'online' },
              timeout: '2m',
            },
          },
        ],
      },
    },
  });
  const socket = socketOf(bench);
  const checked = await runCtl(['plan', 'check'], { socket });
  t.equal(checked.exitCode, 2, checked.stdout + checked.stderr);
  t.match(checked.stdout, /error: line \d+: sequences\.broken\.stages/);
  const shown = await runCtl(['plan', 'broken'], { socket });
  t.equal(shown.exitCode, 2);
  t.match(shown.stderr, /error: line \d+: [\s\S]*can never work[\s\S]*HEC_PLAN/);
  const refused = await runCtl(['run', 'broken', '--execute'], { socket });
  t.equal(refused.exitCode, 2);
  t.match(refused.stderr, /HEC_PLAN/);
});

t.test('a dry run: success when it would work, 1 when it would not, and nothing is applied', async (t) => {
  const { ctl, agents, bench } = await site(t, ['node-a', 'node-b']);
  const wouldNot = await ctl('run', 'maintenance');
  t.equal(wouldNot.exitCode, 1);
  t.match(wouldNot.stdout, /node-c start x\.service: would skip: offline/);
  t.match(wouldNot.stderr, /would not work as things are \(HEC_RUN_FAILED\)/);
  await bench.agent('node-c');
  await bench.untilNode('node-c', 'online');
  const would = await ctl('run', 'maintenance', '--time-limit', '5min');
  t.equal(would.exitCode, 0, would.stdout + would.stderr);
  t.match(
    would.stderr,
    /next: hecatectl run maintenance --time-limit 5min --execute --plan-digest sha256:[0-9a-f]{64}/,
  );
  const [report, ...more] = jsonLines((await ctl('run', 'maintenance', '-o', 'json')).stdout);
  t.same(more, []);
  t.equal(schemaProblem('run-event', report), undefined);
  t.match(report, { event: 'report', run: { is_dry_run: true, state: 'done' } });
  for (const agent of agents.values()) t.same(agent.applied, []);
  const listed = await ctl('runs', 'list');
  t.match(listed.stdout, /maintenance +- +done \(dry run\)/);
  for (const option of ['--detach', '--rehearsal'])
    t.equal((await ctl('run', 'maintenance', option)).exitCode, 2, `${option} without --execute`);
});

t.test('executed: a line for every event, from the first on', async (t) => {
  const { ctl } = await site(t);
  const digest = JSON.parse((await ctl('plan', 'maintenance', '-o', 'json')).stdout).digest;
  const shown = await ctl('run', 'maintenance', '--execute', '--plan-digest', digest, '--reason', 'patches');
  t.equal(shown.exitCode, 0, shown.stderr);
  for (const id of ['1.1', '2.1', '2.2'])
    t.match(shown.stdout, new RegExp(`^20.* step ${id} is done after`, 'm'), id);
  t.match(shown.stdout, /the run has ended: done\n$/);
  t.equal(shown.stdout.match(/step 1\.1 is done/g)?.length, 1, 'each is told once');
  const list = JSON.parse((await ctl('runs', 'list', '-o', 'json')).stdout);
  t.equal(schemaProblem('runs', list), undefined);
  t.match(list, [{ plan: 'maintenance', state: 'done', reason: 'patches' }]);
  const report = JSON.parse((await ctl('runs', 'show', '-o', 'json')).stdout);
  t.equal(schemaProblem('run', report), undefined);
  const text = await ctl('runs', 'show', report.run_id.slice(0, 20));
  t.match(text.stdout, /^asked for by .*: patches$/m);
  t.match(text.stdout, /✓ stage 1: first/);
  const again = await ctl('runs', 'watch', '-o', 'json');
  t.equal(again.exitCode, 0);
  const lines = jsonLines(again.stdout);
  for (const line of lines) t.equal(schemaProblem('run-event', line), undefined, JSON.stringify(line));
  t.match(lines.at(-1), { event: 'report', run: { state: 'done' } });
  t.equal((await ctl('runs', 'show', '7Z')).exitCode, 4);
  const wrong = await ctl('run', 'maintenance', '--execute', '--plan-digest', 'sha256:1');
  t.equal(wrong.exitCode, 77);
  t.match(wrong.stderr, /HEC_PLAN_CHANGED/);
});

t.test('what fails: continued is degraded, ended is failed', async (t) => {
  const { ctl, agents } = await site(t);
  const agent = agents.get('node-a');
  if (agent)
    agent.onApply = async ({ opId }) =>
      createOperationOutcome({ opId, status: 'failed', code: 'HEC_UNIT_FAILED', result: 'exit-code' });
  const degraded = await ctl('run', 'lenient', '--execute', '-o', 'jsonl');
  t.equal(degraded.exitCode, 5);
  const lines = jsonLines(degraded.stdout);
  for (const line of lines) t.equal(schemaProblem('run-event', line), undefined, JSON.stringify(line));
  t.match(lines[0], { event: 'accepted', is_joined: false, preempted: [] });
  t.match(lines.at(-1), { event: 'report', run: { state: 'degraded' } });
  const failed = await ctl('run', 'maintenance', '--execute');
  t.equal(failed.exitCode, 1);
  t.match(failed.stderr, /is failed after .*HEC_RUN_FAILED[\s\S]*next: hecatectl runs show 01/);
  t.match((await ctl('runs', 'show')).stdout, /✗ 1\.1 .*: failed/);
});

t.test(
  'Ctrl-C detaches and says how to come back; an abort says what was done and what was not',
  async (t) => {
    const { ctl, start, agents, hold } = await site(t);
    const release = hold('node-a');
    const running = start('run', 'maintenance', '--execute');
    await until(isRunning(running, /step 1\.1 begins/));
    await until(() => agents.get('node-a')?.applied.length === 1);
    running.child.kill('SIGINT');
    const detached = await running.result;
    t.equal(detached.exitCode, 130);
    const [, id = ''] =
      /detached; the run goes on\n {2}next: .*hecatectl runs watch (\w+)/.exec(detached.stderr) ?? [];
    t.match(id, /^0[0-9A-Z]{25}$/);
    t.match((await ctl('runs', 'list')).stdout, /running/);
    const aborting = start('runs', 'abort', id, '--reason', 'enough');
    await until(isRunning(aborting, /asked to abort|step 1\.1 begins/));
    t.match((await ctl('runs', 'show')).stdout, /aborting/);
    release();
    const aborted = await aborting.result;
    t.equal(aborted.exitCode, 0, aborted.stderr);
    t.match(aborted.stdout, /^done:\n {2}1\.1 [^\n]*\nnot done:\n {2}2\.1 [^\n]*\n {2}2\.2 /m);
    t.equal((await ctl('runs', 'watch', id)).exitCode, 1, 'the run itself did not reach its end');
    t.equal((await ctl('runs', 'abort', id)).exitCode, 4, 'it is over');
  },
);

t.test(
  'an order of a run that the manager does not know: health names it, an abort withdraws it',
  async (t) => {
    const { bench, ctl } = await site(t, ['node-b', 'node-c']);
    const runId = '01HF7YAT2D0000000000000000';
    const agent = await agentOf(bench, { name: 'node-a', armed: createArmShutdown({ runId }) });
    await bench.untilNode('node-a', 'online', true);
    let health = await ctl('health');
    for (let tries = 1; health.exitCode === 0 && tries < 20; tries += 1) health = await ctl('health');
    t.not(health.exitCode, 0);
    t.match(
      health.stdout,
      /node-a holds the dead man's order of run 01HF7YAT2D0+, which this manager does not/,
    );
    t.match(health.stderr, /hecatectl runs abort 01HF7YAT2D0+/);
    const aborted = await ctl('runs', 'abort', runId);
    t.equal(aborted.exitCode, 0, aborted.stderr);
    t.match(aborted.stderr, /does not know run 01HF7YAT2D0+; its orders are withdrawn\n/);
    t.equal(agent.armed, undefined);
    t.equal((await ctl('health')).exitCode, 0);
    t.equal((await ctl('runs', 'abort', runId)).exitCode, 4, 'there is none left');
  },
);

t.test('--detach prints the id; --timeout ends the watching only', async (t) => {
  const { ctl, hold } = await site(t);
  const release = hold('node-a');
  const { stdout, exitCode } = await ctl('run', 'maintenance', '--execute', '--detach');
  t.equal(exitCode, 0);
  const id = stdout.trim();
  t.match(id, /^0[0-9A-Z]{25}$/);
  const late = await ctl('runs', 'watch', id, '--timeout', '300ms');
  t.equal(late.exitCode, 124);
  t.match(late.stderr, /the run goes on \(HEC_TIMEOUT\)/);
  const held = await ctl('run', 'lenient', '--execute');
  t.equal(held.exitCode, 75);
  t.match(held.stderr, /HEC_RUN_ACTIVE/);
  release();
  t.equal((await ctl('runs', 'watch', id)).exitCode, 0);
});

t.test('over a restart of the manager', async (t) => {
  const { start, hold, bench, agents } = await site(t);
  hold('node-a');
  const running = start('run', 'maintenance', '--execute');
  await until(() => agents.get('node-a')?.applied.length === 1);
  await until(isRunning(running, /step 1\.1 begins/));
  await bench.stop();
  await until(() => /connection to the manager is lost/.test(running.stderr()));
  await bench.start();
  await until(() => /connected again/.test(running.stderr()));
  running.child.kill('SIGINT');
  t.equal((await running.result).exitCode, 130);
});

t.test('--config: the manager is found by the sockets of its configuration', async (t) => {
  const { bench } = await site(t);
  const file = join(bench.folder, 'hecate.yaml');
  const sockets = ['viewer', 'operator'].map(
    (role) => `  - { path: ${join(bench.folder, `${role}.sock`)}, role: ${role} }\n`,
  );
  writeFileSync(file, `site: bench\nsockets:\n${sockets.join('')}`);
  const environment = { HECATE_SOCKET: '/nonexistent' };
  const ctl = (...argv: string[]) => runCtl(argv, { environment });
  t.equal((await ctl('run', 'maintenance')).exitCode, 75, 'not there');
  t.equal((await ctl('run', 'maintenance', '--config', file, '--execute')).exitCode, 0, 'as the operator');
  t.equal((await ctl('--config', file, 'list-nodes')).exitCode, 0, 'any command');
  const both = await ctl('plan', 'maintenance', '--config', file, '--socket', '/x');
  t.equal(both.exitCode, 2);
  writeFileSync(file, 'sockets: [');
  const broken = await ctl('plan', 'maintenance', '--config', file);
  t.equal(broken.exitCode, 2);
  t.match(broken.stderr, /HEC_CONFIG[\s\S]*hecate-manager --check/);
  t.equal((await ctl('plan', 'maintenance', '--config', '/nonexistent')).exitCode, 2);
});
