/**
 * The manager goes for good in the middle of a shutdown of booted nodes: each carries out its own part alone, in the
 * order that the plan wants, and all are off in the end. Who switches the site on again finds it as after any shutdown: the
 * coordinator stays on, and a startup works.
 */
import t from 'tap';
import { stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { clusterForTest } from '../site/cluster-site.ts';
import { applied } from './support/applied-operations.ts';
import { begin, describe, finished, hasIntent } from './support/cluster-runs.ts';
import { heldOrders, orderFile } from './support/held-orders.ts';
import { quickShutdown, quickStartup } from './support/quick-sequences.ts';

const timeout = 600_000;
t.setTimeout(timeout);

t.test('a manager that goes for good', { skip: await skipUnless('booted'), timeout }, async (t) => {
  const shutdown = quickShutdown({ wait: '5s', stopTimeout: '6s', offTimeout: '15s' });
  const sequences = { shutdown, startup: quickStartup() };
  const cluster = await clusterForTest(t, { servers: 1, workers: 1, config: () => ({ sequences }) });
  const started = await finished(cluster, await begin(cluster, 'startup'));
  t.equal(stateOf(started), 'done', describe(started));
  const before = new Map(cluster.nodes.map((node) => [node.name, applied(node).length]));

  const runId = await begin(cluster, 'shutdown');
  const beginsAtMs = await heldOrders(cluster);
  // Nobody starts it again in this boot.
  const manager = await cluster.manager.pid();
  await cluster.coordinator.runOrThrow(['systemctl', 'mask', '--runtime', 'hecate-manager.service']);
  cluster.coordinator.kill(manager, 'SIGKILL');

  await cluster.untilAllOff();
  const times = cluster.timesOff();
  t.comment(JSON.stringify({ beginsAtMs, times }));
  t.same(
    times.map(({ node, isOrderly }) => `${node} ${isOrderly}`),
    ['worker-1 true', 'server-1 true', 'coordinator true'],
    'I3, I4: nobody tells them, and yet in order',
  );
  for (const { node, atMs } of times) t.ok(atMs >= (beginsAtMs[node] ?? 0), `${node}: not before its time`);
  const ofRun = cluster.nodes.map((node) => [node.name, applied(node).slice(before.get(node.name))]);
  t.same(Object.fromEntries(ofRun), {
    coordinator: ['poweroff'],
    'server-1': ['stop k3s.service', 'poweroff'],
    'worker-1': ['stop k3s-agent.service', 'poweroff'],
  });

  const { coordinator } = cluster;
  const powerBefore = coordinator.power().length;
  await coordinator.boot();
  await cluster.untilOnline('coordinator');
  const resumed = await finished(cluster, runId);
  t.equal(stateOf(resumed), 'degraded', describe(resumed));
  t.notOk(await hasIntent(cluster));
  const last = applied(coordinator).slice(before.get('coordinator'));
  t.same(last, ['poweroff'], 'I2: the coordinator is not powered off a second time');

  const restarted = await finished(cluster, await begin(cluster, 'startup'));
  t.equal(stateOf(restarted), 'done', describe(restarted));
  await cluster.untilOnline();
  for (const node of cluster.nodes)
    await until(async () => (await node.run(['test', '-e', orderFile])).exitCode !== 0, {
      what: `${node.name} has nothing more to tell of that run`,
    });
  const events = coordinator
    .power()
    .slice(powerBefore)
    .map(({ event }) => event);
  t.same(events, ['on'], 'the coordinator has been on since');
});
