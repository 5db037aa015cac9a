/** What goes wrong in a startup of booted nodes: workers and servers that never come, an agent killed, a node late. */
import t from 'tap';
import { stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { clusterForTest } from '../site/cluster-site.ts';
import { applied } from './support/applied-operations.ts';
import { begin, describe, finished, reportWhen } from './support/cluster-runs.ts';
import { quickStartup } from './support/quick-sequences.ts';

const timeout = 400_000;
t.setTimeout(timeout);

const sequences = {
  startup: quickStartup({ wakeTimeout: '12s' }),
  strict: { kind: 'startup', ...quickStartup({ wakeTimeout: '8s', onWorkerMissing: 'abort' }) },
  patient: { kind: 'startup', ...quickStartup({ wakeTimeout: '90s' }) },
};

t.test('faults of a startup', { skip: await skipUnless('booted'), timeout }, async (t) => {
  const cluster = await clusterForTest(t, { servers: 1, workers: 1, config: () => ({ sequences }) });
  const worker = cluster.node('worker-1');
  const server = cluster.node('server-1');
  const slowStart = '[Service]\nExecStartPre=/bin/sleep 4\n';
  await cluster.writeUnit('server-1', 'k3s.service.d/slow.conf', slowStart);
  await Promise.all([worker.poweroff(), server.poweroff()]);
  cluster.wake.break('worker-1');

  await t.test('an agent that is killed while its unit starts', async (t) => {
    const before = applied(server).length;
    const runId = await begin(cluster, 'startup');
    await until(async () => (await cluster.unitState('server-1', 'k3s')) === 'activating', {
      what: 'the server starts',
      timeoutMs: 60_000,
    });
    await cluster.killAgent('server-1');
    const report = await finished(cluster, runId);
    t.same(applied(server).slice(before), ['start k3s.service'], 'once');
    t.equal(await cluster.unitState('server-1', 'k3s'), 'active');
    t.match(describe(report), /1\.1 done.*1\.2 done/);
    t.equal(stateOf(report), 'degraded', 'and the worker did not come');
  });

  await t.test('a worker that never comes: its limit, then on without it, and it is said', async (t) => {
    const { exitCode, stdout, stderr } = await cluster.ctl('startup', '--execute');
    t.equal(exitCode, 5, stdout + stderr);
    t.match(stdout, /"worker-1 is online" did not hold within/);
    t.equal(await cluster.unitState('server-1', 'k3s'), 'active');
    t.equal(worker.isUp(), false);
    t.ok(cluster.wake.wakes.some(({ node, effect }) => node === 'worker-1' && effect === 'broken'));
  });

  await t.test('the same where the policy is to end: failed, and nothing behind it is done', async (t) => {
    const { exitCode, stdout, stderr } = await cluster.ctl('run', 'strict', '--execute');
    t.equal(exitCode, 1, stdout + stderr);
    const [newest] = await cluster.manager.json<{ state: string; run_id: string }[]>('runs', 'list');
    t.equal(newest?.state, 'failed');
    const { stdout: shown } = await cluster.ctl('runs', 'show', newest?.run_id ?? '');
    t.match(shown, /worker-1/);
  });

  await t.test('a worker that comes late is waited for, and woken again', async (t) => {
    const runId = await begin(cluster, 'patient');
    await reportWhen(cluster, runId, 'waits for the worker', ({ stages }) =>
      stages.some(({ steps }) =>
        steps.some(({ waitingFor, state }) => state === 'running' && waitingFor !== ''),
      ),
    );
    const packets = cluster.wake.wakes.length;
    await until(() => cluster.wake.wakes.length > packets, { what: 'another packet is sent' });
    cluster.wake.mend('worker-1');
    const report = await finished(cluster, runId);
    t.equal(stateOf(report), 'done', describe(report));
    t.equal(await cluster.unitState('worker-1', 'k3s-agent'), 'active');
  });
});
