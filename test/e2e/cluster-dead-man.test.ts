/**
 * A worker is cut off in the middle of a shutdown of booted nodes: it carries out its own part alone, at its time and
 * not before, and the others go on without it.
 */
import t from 'tap';
import { stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { monotonicMs } from '../nodes/monotonic.ts';
import { until } from '../nodes/until.ts';
import { clusterForTest } from '../site/cluster-site.ts';
import { applied } from './support/applied-operations.ts';
import { begin, describe, finished } from './support/cluster-runs.ts';
import { quickShutdown, quickStartup } from './support/quick-sequences.ts';

const timeout = 400_000;
t.setTimeout(timeout);

const orderFile = '/var/lib/hecate-agent/armed-order.json';

t.test('a worker that is cut off', { skip: await skipUnless('booted'), timeout }, async (t) => {
  const sequences = { shutdown: quickShutdown({ wait: '8s', stopTimeout: '25s' }), startup: quickStartup() };
  const cluster = await clusterForTest(t, { servers: 1, workers: 1, config: () => ({ sequences }) });
  const worker = cluster.node('worker-1');
  // The manager takes the cut worker for off, so the server takes its time: the order is to be seen all the same.
  const slow = '[Service]\nExecStop=/bin/sleep 20\nTimeoutStopSec=60\n';
  await cluster.writeUnit('server-1', 'k3s.service.d/slow.conf', slow);
  await finished(cluster, await begin(cluster, 'startup'));
  const before = applied(worker).length;

  const beganAtMs = monotonicMs();
  const runId = await begin(cluster, 'shutdown');
  await until(async () => (await worker.run(['test', '-e', orderFile])).exitCode === 0, {
    what: 'the worker holds its order',
  });
  const { beginAtClockMs } = JSON.parse(await worker.readFile(orderFile)) as { beginAtClockMs: number };
  await worker.cut();
  t.ok(monotonicMs() < beginAtClockMs, 'cut before its time');
  // After the manager's first work on it at the latest: the pause, and its stop with the whole of its limit.
  t.ok(
    beginAtClockMs >= beganAtMs + 33_000,
    `its time is ${Math.round(beginAtClockMs - beganAtMs)} ms after the begin`,
  );

  await cluster.untilAllOff();
  const times = cluster.timesOff();
  t.comment(times.map(({ node, atMs }) => `${node} after ${Math.round(atMs - beganAtMs)} ms`).join(', '));
  const [first] = times.filter(({ node }) => node === 'worker-1');
  t.ok((first?.atMs ?? 0) >= beginAtClockMs, 'it went off by itself, not before its time');
  t.equal(first?.isOrderly, true);
  t.same(applied(worker).slice(before), ['stop k3s-agent.service', 'poweroff'], 'each once');

  await worker.heal();
  await cluster.coordinator.boot();
  const report = await finished(cluster, runId);
  t.equal(stateOf(report), 'degraded', describe(report));
  t.match(
    describe(report),
    /worker-1 is silent, .*: it may be up, and cut off; by its order, worker-1 would go off/,
  );

  await t.test('the next startup finds it willing, and no order left', async (t) => {
    const again = await finished(cluster, await begin(cluster, 'startup'));
    t.equal(stateOf(again), 'done', describe(again));
    t.not((await worker.run(['test', '-e', orderFile])).exitCode, 0);
    t.equal(await cluster.unitState('worker-1', 'k3s-agent'), 'active');
  });
});
