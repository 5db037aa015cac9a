/** A shutdown of booted nodes to all off, by the built-in sequence, its manager killed at every record it writes. */
import t from 'tap';
import { stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { clusterForTest } from '../site/cluster-site.ts';
import { applied } from './support/applied-operations.ts';
import { begin, beginUnanswered, describe, finished, hasIntent } from './support/cluster-runs.ts';
import { ManagerKiller } from './support/manager-killer.ts';

const timeout = 600_000;
t.setTimeout(timeout);

t.test('a manager that is killed all the time', { skip: await skipUnless('booted'), timeout }, async (t) => {
  const cluster = await clusterForTest(t, { servers: 1, workers: 1 });
  const dropIn = '[Service]\nRestartSec=100ms\n';
  await cluster.writeUnit('coordinator', 'hecate-manager.service.d/restart.conf', dropIn);
  await finished(cluster, await begin(cluster, 'startup'));
  const before = new Map(cluster.nodes.map((node) => [node.name, applied(node).length]));

  const killer = new ManagerKiller(cluster);
  t.teardown(() => killer.stop());
  const runId = await beginUnanswered(cluster, 'shutdown');
  await cluster.untilAllOff();
  killer.stop();
  t.comment(killer.summary());
  t.ok(killer.hits.length >= 15, 'it was killed');

  const times = cluster.timesOff();
  t.same(
    times.map(({ node }) => node),
    ['worker-1', 'server-1', 'coordinator'],
    'I3, I4',
  );
  t.same(
    times.filter(({ isOrderly }) => !isOrderly),
    [],
    'each by its own systemd',
  );
  // SIGTERM for what k3s left over, and SIGKILL.
  const ofK3s = (unit: string) => [
    `stop ${unit}`,
    ...['kill', 'kill'].flatMap((kill) => [`${kill} ${unit}`, `${kill} kubepods.slice`]),
  ];
  const expected = {
    'worker-1': [...ofK3s('k3s-agent.service'), 'poweroff'],
    'server-1': [...ofK3s('k3s.service'), 'poweroff'],
    coordinator: ['poweroff'],
  };
  for (const [name, operations] of Object.entries(expected)) {
    const ofRun = applied(cluster.node(name)).slice(before.get(name));
    t.same(ofRun.sort(), operations.sort(), `${name}: everything, and nothing twice`);
  }
  await cluster.coordinator.boot();
  const report = await finished(cluster, runId);
  t.equal(stateOf(report), 'done', describe(report));
  t.equal(await hasIntent(cluster), false);
});
