/**
 * The whole of it on booted nodes, by the built-in sequences: from all off to a cluster that works, woken by the
 * manager's own magic packets, to all off again, in the order in which the nodes themselves ended; and once more.
 */
import t from 'tap';
import { stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { monotonicMs } from '../nodes/monotonic.ts';
import { clusterForTest } from '../site/cluster-site.ts';
import { begin, describe, finished, hasIntent, history } from './support/cluster-runs.ts';

const timeout = 900_000;
t.setTimeout(timeout);

t.test('startup, shutdown, startup', { skip: await skipUnless('booted'), timeout }, async (t) => {
  const cluster = await clusterForTest(t);
  const { servers, workers } = cluster;
  const unitStates = () =>
    Promise.all([
      ...servers.map(({ name }) => cluster.unitState(name, 'k3s')),
      ...workers.map(({ name }) => cluster.unitState(name, 'k3s-agent')),
    ]);
  const allActive = [...servers, ...workers].map(() => 'active');
  const timed = async <Value>(what: string, work: Promise<Value>): Promise<Value> => {
    const beganMs = monotonicMs();
    const value = await work;
    t.comment(`${what}: ${((monotonicMs() - beganMs) / 1_000).toFixed(1)} s`);
    return value;
  };
  await cluster.powerOffAll();
  await cluster.coordinator.boot();
  await cluster.untilOnline('coordinator');

  await t.test('from all off, the manager wakes the others and starts k3s', async (t) => {
    const runId = await begin(cluster, 'startup');
    const report = await timed('startup', finished(cluster, runId));
    t.equal(stateOf(report), 'done', describe(report));
    t.same(await unitStates(), allActive);
    const booted = cluster.wake.wakes.filter(({ effect }) => effect === 'booted').map(({ node }) => node);
    t.same(
      booted.sort(),
      [...servers, ...workers].map(({ name }) => name).sort(),
      'by magic packets, each once',
    );
    t.same(cluster.wake.failures, []);
  });

  let shutdown = '';
  await t.test('everything goes off, dependents first, the coordinator last', async (t) => {
    shutdown = await begin(cluster, 'shutdown', { reason: 'the storm' });
    t.equal(await hasIntent(cluster), true);
    await timed('shutdown', cluster.untilAllOff());
    const times = cluster.timesOff();
    t.comment(times.map(({ node, atMs }) => `${node} ${Math.round(atMs)}`).join(', '));
    t.same(
      times.filter(({ isOrderly }) => !isOrderly),
      [],
      'each by its own systemd',
    );
    const role = ({ node }: { node: string }) => node.replace(/-\d+$/, '');
    t.same(times.map(role), ['worker', 'worker', 'server', 'server', 'server', 'coordinator'], 'I3, I4');
  });

  await t.test('the next boot of the coordinator says that it is done', async (t) => {
    await cluster.coordinator.boot();
    await cluster.untilOnline('coordinator');
    const report = await finished(cluster, shutdown);
    t.equal(stateOf(report), 'done', describe(report));
    const past = (await history(cluster)).map(({ past: { id, plan, outcome } }) => [
      id === shutdown,
      plan,
      outcome,
    ]);
    t.same(
      past,
      [
        [false, 'startup', 'done'],
        [true, 'shutdown', 'done'],
      ],
      'runs.json',
    );
    t.equal(await hasIntent(cluster), false, 'intent.json is gone');
    t.same(
      servers.concat(workers).filter((node) => node.isUp()),
      [],
      'and nobody else was switched on by that',
    );
  });

  await t.test('a startup after it works, and asks for no override', async (t) => {
    const report = await timed('startup', finished(cluster, await begin(cluster, 'startup')));
    t.equal(stateOf(report), 'done', describe(report));
    t.same(await unitStates(), allActive);
  });

  await t.test('no order of a dead man is left behind', async (t) => {
    for (const node of cluster.nodes) {
      const state = await node.runOrThrow(['ls', '/var/lib/hecate-agent']);
      t.notMatch(state, /armed-order/, node.name);
    }
  });
});
