/** What goes wrong in a shutdown of booted nodes: an agent killed, a unit that hangs, a disk that is full. */
import t from 'tap';
import { failureOf } from '../../manager/test/support/manager-bench.ts';
import { execute, stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { stateDirectory } from '../site/cluster-manager.ts';
import { clusterForTest } from '../site/cluster-site.ts';
import { applied } from './support/applied-operations.ts';
import { ask, begin, describe, finished, hasIntent } from './support/cluster-runs.ts';
import { quickShutdown, quickStartup } from './support/quick-sequences.ts';

const timeout = 400_000;
t.setTimeout(timeout);

const clusterOnly = { mode: 'cluster-only' } as const;
const slowStop = '[Service]\nExecStop=/bin/sleep 4\nTimeoutStopSec=60\n';
const hangs = '[Service]\nExecStop=/bin/sleep infinity\nTimeoutStopSec=infinity\n';
const dropIn = 'k3s-agent.service.d/stop.conf';

t.test('faults of a shutdown', { skip: await skipUnless('booted'), timeout }, async (t) => {
  const sequences = { startup: quickStartup(), shutdown: quickShutdown({ stopTimeout: '12s' }) };
  const cluster = await clusterForTest(t, {
    servers: 1,
    workers: 1,
    stateDiskMiB: 16,
    config: () => ({ sequences }),
  });
  const worker = cluster.node('worker-1');
  const states = () =>
    Promise.all([cluster.unitState('server-1', 'k3s'), cluster.unitState('worker-1', 'k3s-agent')]);
  const startup = async () => {
    const report = await finished(cluster, await begin(cluster, 'startup'));
    t.equal(stateOf(report), 'done', describe(report));
  };
  const untilStopping = () =>
    until(async () => (await cluster.unitState('worker-1', 'k3s-agent')) === 'deactivating', {
      what: 'the worker stops',
    });
  /** By systemd's own journal of the node, over all its boots. */
  const stopsOf = async (unit: string) => {
    const log = await worker.runOrThrow(['journalctl', '--no-pager', '-o', 'cat', '-u', unit, '_PID=1']);
    return log.split('\n').filter((line) => line.startsWith(`Stopping ${unit}`)).length;
  };
  const hasReserve = async () =>
    (await cluster.coordinator.run(['test', '-e', `${stateDirectory}/reserve`])).exitCode === 0;

  await t.test('an agent that is killed in the middle of its stop', async (t) => {
    await cluster.writeUnit('worker-1', dropIn, slowStop);
    await startup();
    const before = { applied: applied(worker).length, stops: await stopsOf('k3s-agent.service') };
    const runId = await begin(cluster, 'shutdown', clusterOnly);
    await untilStopping();
    await cluster.killAgent('worker-1');
    const report = await finished(cluster, runId);
    t.equal(stateOf(report), 'done', describe(report));
    t.same(applied(worker).slice(before.applied), ['stop k3s-agent.service'], 'once');
    t.equal(await stopsOf('k3s-agent.service'), before.stops + 1, 'also by systemd');
    t.same(await states(), ['inactive', 'inactive']);
  });

  await t.test('a unit that hangs on stop: its limit, then on without it, and it is said', async (t) => {
    await cluster.untilOnline();
    await startup();
    await cluster.writeUnit('worker-1', dropIn, hangs);
    const { exitCode, stdout, stderr } = await cluster.manager.ctl(
      ['shutdown', '--mode', 'cluster-only', '--execute'],
      { timeoutMs: 120_000 },
    );
    t.equal(exitCode, 5, stdout + stderr);
    t.match(stdout + stderr, /degraded/);
    t.same(await states(), ['inactive', 'deactivating'], 'the server was stopped all the same');
    const report = await ask(cluster, async (operator) => execute(operator, 'startup')).then(({ run }) =>
      finished(cluster, run?.summary?.runId ?? ''),
    );
    t.equal(await hasIntent(cluster), false);
    t.equal(stateOf(report), 'degraded', `nor can it be started: ${describe(report)}`);
    await cluster.writeUnit('worker-1', dropIn, slowStop);
    await worker.runOrThrow(['systemctl', 'kill', '--signal=KILL', 'k3s-agent']);
    await startup();
  });

  await t.test('with a full disk no startup is begun', async (t) => {
    const before = applied(worker).length;
    await cluster.manager.fillDisk();
    const refused = await failureOf(ask(cluster, (operator) => execute(operator, 'startup', clusterOnly)));
    t.equal(refused.code, 'HEC_STATE', refused.message);
    t.same(await states(), ['active', 'active']);
    t.equal(applied(worker).length, before);
    t.equal(await hasReserve(), true, 'and what is kept back is not used up for that');
    await cluster.manager.emptyDisk();
  });

  await t.test(
    'a shutdown that was begun goes on, whatever fills the disk and kills the manager',
    async (t) => {
      const runId = await begin(cluster, 'shutdown');
      await untilStopping();
      await cluster.manager.fillDisk();
      await cluster.manager.kill();
      await cluster.untilAllOff();
      t.same(
        cluster.timesOff().map(({ node, isOrderly }) => `${node} ${isOrderly}`),
        ['worker-1 true', 'server-1 true', 'coordinator true'],
      );
      await cluster.coordinator.boot();
      const report = await finished(cluster, runId);
      t.equal(stateOf(report), 'done', describe(report));
      t.equal(await hasIntent(cluster), false);
      t.equal(await hasReserve(), false);
      t.match((await cluster.ctl('health')).stdout, /its disk is full/);
      await cluster.manager.emptyDisk();
      await startup();
      t.equal(await hasReserve(), true, 'with room, it is kept back again');
      t.match(await cluster.manager.log(), /its disk is full/);
    },
  );
});
