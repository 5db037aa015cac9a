/**
 * The whole story of power on booted nodes, with a real upsd: mains fails, the site goes off in order, mains returns, the
 * coordinator boots, and hecate-bootstrap.service brings the site back. Then once more with the manager killed in the
 * middle, and with mains failing again while the site starts; and once more with the network gone in the middle.
 */
import t, { type Test } from 'tap';
import { listRuns, stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { monotonicMs } from '../nodes/monotonic.ts';
import { skipWithoutUpsd } from '../nut/nut-programs.ts';
import { applied } from './support/applied-operations.ts';
import { ask, describe, finished, hasIntent } from './support/cluster-runs.ts';
import { heldOrders, orderFile } from './support/held-orders.ts';
import { type PowerCluster, powerCluster } from './support/power-cluster.ts';
import { type QuickOptions, quickShutdown } from './support/quick-sequences.ts';

const timeout = 900_000;
t.setTimeout(timeout);

const skip = (await skipUnless('booted')) || skipWithoutUpsd();
const order = ['worker-1', 'server-1', 'storage-1', 'coordinator'];

const unitStates = async ({ cluster }: PowerCluster): Promise<string[]> =>
  Promise.all([cluster.unitState('server-1', 'k3s'), cluster.unitState('worker-1', 'k3s-agent')]);

t.test('the power fails, and comes back', { skip, timeout }, async (t) => {
  const beganMs = monotonicMs();
  const tell = (what: string) => t.comment(`${((monotonicMs() - beganMs) / 1000).toFixed(1)} s: ${what}`);
  const power = await powerCluster(t, {
    servers: 1,
    workers: 1,
    storage: 1,
    power: { poll_interval: '500ms', debounce_polls: 2, budget: '5m', stable_mains: '5s' },
  });
  const { cluster } = power;
  tell('the cluster is there');

  const untilAllOff = async (t: Test, names: readonly string[]) => {
    await cluster.untilAllOff();
    const times = cluster.timesOff().filter(({ node }) => names.includes(node));
    tell(
      `off: ${times.map(({ node, atMs }) => `${node} ${((atMs - beganMs) / 1000).toFixed(1)} s`).join(', ')}`,
    );
    t.same(
      times.map(({ node, isOrderly }) => `${node} ${isOrderly}`),
      names.map((node) => `${node} true`),
      'I3, I4: in order, each by its own systemd',
    );
    return times;
  };
  const bootCoordinator = async () => {
    await power.returnMains();
    await cluster.coordinator.boot();
    tell('mains is back, and the coordinator is on');
    await cluster.untilOnline('coordinator');
  };
  const untilBack = async (t: Test) => {
    t.equal(await power.bootstrapEnded(), '0', 'bootstrap has ended');
    tell('bootstrap has ended');
    await cluster.untilOnline();
    t.same(await unitStates(power), ['active', 'active']);
    t.same(cluster.wake.failures, []);
    t.notOk(await hasIntent(cluster));
  };

  await t.test('bootstrap of a coordinator that is up already: by hand, and k3s starts', async (t) => {
    await power.startBootstrap();
    await untilBack(t);
  });

  await t.test('mains fails: all go off, in order', async (t) => {
    const { runId, requestedBy, reason } = await power.failMains(300);
    tell('mains has failed');
    t.equal(requestedBy, 'power');
    t.match(reason, /rack-a.*under the threshold/);
    await untilAllOff(t, order);
    await bootCoordinator();
    const report = await finished(cluster, runId);
    t.equal(stateOf(report), 'done', describe(report));
  });

  await t.test('mains is back: bootstrap waits until it is stable, and wakes the others', async (t) => {
    await power.untilBootstrapSays(/waiting: rack-a: mains for .*, of 5 s/);
    await untilBack(t);
    const log = await power.bootstrapLog();
    t.match(log, /the site is started up: rack-a: mains for .* of runtime, of .* needed/);
  });

  const shutdownWith = (limits: QuickOptions) => ({
    sequences: { shutdown: quickShutdown({ wait: '5s', hasStorage: true, ...limits }) },
  });

  await t.test('again, with the manager killed in the middle', async (t) => {
    await cluster.configure(shutdownWith({ stopTimeout: '30s' }));
    const before = new Map(cluster.nodes.map((node) => [node.name, applied(node).length]));
    const { runId } = await power.failMains(300);
    await cluster.manager.kill();
    await cluster.node('worker-1').waitUntilOff();
    await cluster.manager.kill();
    await untilAllOff(t, order);
    const ofRun = cluster.nodes.map((node) => [node.name, applied(node).slice(before.get(node.name))]);
    t.same(
      Object.fromEntries(ofRun),
      {
        'worker-1': ['stop k3s-agent.service', 'poweroff'],
        'server-1': ['stop k3s.service', 'poweroff'],
        'storage-1': ['poweroff'],
        coordinator: ['poweroff'],
      },
      'I2: everything, and nothing twice',
    );
    cluster.wake.break('worker-1');
    await bootCoordinator();
    const report = await finished(cluster, runId);
    t.equal(stateOf(report), 'done', describe(report));
  });

  await t.test('mains fails again while bootstrap starts the site: decided at once', async (t) => {
    await power.untilBootstrapSays(/begins: wake worker-1/);
    tell('the worker is being woken, and does not come');
    await power.configure({ coordinator: 'stays-up' });
    const { runId } = await power.failMains(300);
    const [startup] = (await ask(cluster, listRuns)).filter(({ kind }) => kind === 'startup');
    t.match(startup, { state: 'pre-empted', why: new RegExp(`pre-empted by shutdown, run ${runId}`) });
    const report = await finished(cluster, runId);
    t.equal(stateOf(report), 'degraded', describe(report));
    t.match(describe(report), /worker-1 is offline/);
    await t.resolves(Promise.all(['server-1', 'storage-1'].map((name) => cluster.node(name).waitUntilOff())));
    tell('server and storage are off');
  });

  await t.test('and it goes on when mains is back, on a coordinator that has stayed up', async (t) => {
    t.ok(cluster.coordinator.isUp());
    t.equal((await power.bootstrapState()).active, 'active', 'it waits');
    await power.untilBootstrapSays(/it begins again once power is good/);
    await power.untilBootstrapSays(/waiting: rack-a: mains is not back/);
    await power.killBootstrap();
    const known = (await ask(cluster, listRuns)).length;
    cluster.wake.mend('worker-1');
    await power.returnMains();
    await untilBack(t);
    t.match(await power.bootstrapLog(), /Scheduled restart job/, 'killed, it was run again');
    const fresh = (await ask(cluster, listRuns))
      .slice(0, -known)
      .map(({ plan, state }) => `${plan} ${state}`);
    t.same(fresh, ['startup done'], 'one startup, whoever of the two has asked for it');
    await power.configure({});
  });

  await t.test('once more, with the network gone in the middle', async (t) => {
    // Each waits for the worst case of all before it.
    await cluster.configure(shutdownWith({ wait: '10s', stopTimeout: '5s', offTimeout: '12s' }));
    const { runId } = await power.failMains(300);
    const beginsAtMs = await heldOrders(cluster);
    await cluster.fleet.site.switchOff();
    tell('the switch is off');
    const alone = order.filter((name) => name !== 'coordinator');
    const times = await untilAllOff(t, alone);
    for (const { node, atMs } of times)
      t.ok(atMs >= (beginsAtMs[node] ?? 0), `${node}: by its order, not before its time`);
    const coordinator = cluster.timesOff().find(({ node }) => node === 'coordinator');
    t.equal(coordinator?.isOrderly, true, 'the coordinator, which sees nobody: once its gates have given up');
    await cluster.fleet.site.switchOn();
    await bootCoordinator();
    const report = await finished(cluster, runId);
    t.equal(stateOf(report), 'degraded', describe(report));
    await untilBack(t);
    for (const node of cluster.nodes)
      t.not((await node.run(['test', '-e', orderFile])).exitCode, 0, `${node.name} holds no order any more`);
  });
});
