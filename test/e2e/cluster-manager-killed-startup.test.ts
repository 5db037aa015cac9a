/** A startup of booted nodes from off, and a shutdown of their cluster alone, the manager killed at every record. */
import t, { type Test } from 'tap';
import { stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { type ClusterSite, clusterForTest } from '../site/cluster-site.ts';
import { applied } from './support/applied-operations.ts';
import { beginUnanswered, describe, finished, hasIntent } from './support/cluster-runs.ts';
import { type KillerOptions, ManagerKiller } from './support/manager-killer.ts';

const timeout = 600_000;
t.setTimeout(timeout);

const kill = (verb: string, unit: string) => `${verb} ${unit}`;
/** SIGTERM for what k3s left over, and SIGKILL. */
const stopped = (unit: string) => [
  kill('stop', unit),
  ...[unit, 'kubepods.slice'].flatMap((each) => [kill('kill', each), kill('kill', each)]),
];

interface Expectation {
  readonly plan: 'startup' | 'shutdown';
  readonly killer: KillerOptions;
  readonly hitsMin: number;
  /** What each agent has applied for it. */
  readonly operations: Readonly<Record<string, readonly string[]>>;
}

async function runKilled(
  t: Test,
  cluster: ClusterSite,
  { plan, killer: options, hitsMin, operations }: Expectation,
) {
  const nodes = Object.keys(operations);
  const before = new Map(nodes.map((name) => [name, applied(cluster.node(name)).length]));
  const killer = new ManagerKiller(cluster, options);
  t.teardown(() => killer.stop());
  const runId = await beginUnanswered(cluster, plan, { mode: 'cluster-only' });
  const report = await finished(cluster, runId);
  killer.stop();
  t.comment(killer.summary());
  t.ok(killer.hits.length >= hitsMin, `it was killed ${killer.hits.length} times`);
  t.equal(stateOf(report), 'done', describe(report));
  for (const [name, expected] of Object.entries(operations)) {
    const ofRun = applied(cluster.node(name)).slice(before.get(name));
    t.same(ofRun.sort(), [...expected].sort(), `${name}: everything, and nothing twice`);
  }
  await cluster.manager.untilAnswers();
  await cluster.untilOnline();
}

t.test('a manager that is killed all the time', { skip: await skipUnless('booted'), timeout }, async (t) => {
  const cluster = await clusterForTest(t, { servers: 1, workers: 1 });
  const dropIn = '[Service]\nRestartSec=100ms\n';
  await cluster.writeUnit('coordinator', 'hecate-manager.service.d/restart.conf', dropIn);
  await cluster.powerOffAll();
  await cluster.coordinator.boot();
  await cluster.untilOnline('coordinator');
  const states = () =>
    Promise.all([cluster.unitState('server-1', 'k3s'), cluster.unitState('worker-1', 'k3s-agent')]);
  const started = { 'server-1': ['start k3s.service'], 'worker-1': ['start k3s-agent.service'] };
  const ended = { 'server-1': stopped('k3s.service'), 'worker-1': stopped('k3s-agent.service') };

  await t.test('startup from off, killed with the record hardly written', async (t) => {
    await runKilled(t, cluster, { plan: 'startup', killer: {}, hitsMin: 7, operations: started });
    t.same(await states(), ['active', 'active']);
    t.same(
      cluster.nodes.map((node) => node.power().filter(({ event }) => event === 'on').length),
      [2, 2, 2],
    );
  });

  await t.test('shutdown of the cluster alone, killed a moment after each record', async (t) => {
    const killer = { delayMs: 40 };
    await runKilled(t, cluster, { plan: 'shutdown', killer, hitsMin: 6, operations: ended });
    t.same(await states(), ['inactive', 'inactive']);
    t.equal(await hasIntent(cluster), false);
    t.same(
      cluster.nodes.filter((node) => !node.isUp()),
      [],
      'and nobody went off',
    );
  });

  await t.test('startup, killed a moment after each record', async (t) => {
    const killer = { delayMs: 120 };
    await runKilled(t, cluster, { plan: 'startup', killer, hitsMin: 3, operations: started });
    t.same(await states(), ['active', 'active']);
  });
});
