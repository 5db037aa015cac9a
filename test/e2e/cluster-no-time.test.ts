/** A shutdown of booted nodes with no time left: hosts go off at once, still in order, and what was left out is told. */
import t from 'tap';
import { stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { clusterForTest } from '../site/cluster-site.ts';
import { applied } from './support/applied-operations.ts';
import { begin, describe, finished, reportWhen } from './support/cluster-runs.ts';

const timeout = 300_000;
t.setTimeout(timeout);

t.test('no time left', { skip: await skipUnless('booted'), timeout }, async (t) => {
  const cluster = await clusterForTest(t, { servers: 1, workers: 1 });
  await finished(cluster, await begin(cluster, 'startup'));
  const before = new Map(cluster.nodes.map((node) => [node.name, applied(node).length]));

  const runId = await begin(cluster, 'shutdown', { timeLimitMs: 1000, reason: 'battery at 2 %' });
  const going = await reportWhen(cluster, runId, 'powers hosts off', (report) => report.pastNoReturn);
  t.equal(going.summary?.rung, 'panic');
  await cluster.untilAllOff();
  t.same(
    cluster.timesOff().map(({ node, isOrderly }) => `${node} ${isOrderly}`),
    ['worker-1 true', 'server-1 true', 'coordinator true'],
    'I3, I4 hold all the same',
  );
  for (const node of cluster.nodes)
    t.same(applied(node).slice(before.get(node.name)), ['poweroff'], `${node.name}: that, and nothing else`);

  await cluster.coordinator.boot();
  const report = await finished(cluster, runId);
  t.equal(stateOf(report), 'degraded', describe(report));
  t.match(describe(report), /1\.1 left-out.*4\.1 done/);
});
