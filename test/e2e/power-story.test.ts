/**
 * The whole story of power on booted nodes, with a real upsd: mains fails, the site goes off in order, mains returns, the
 * coordinator boots, and hecate-bootstrap.service brings the site back. Then once more with the manager killed in the
 * middle, and with mains failing again while the site starts; and once more with the network gone in the middle.
 */
import t from 'tap';
import { stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { monotonicMs } from '../nodes/monotonic.ts';
import { skipWithoutUpsd } from '../nut/nut-programs.ts';
import { describe, finished, hasIntent } from './support/cluster-runs.ts';
import { type PowerCluster, powerCluster } from './support/power-cluster.ts';

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

  await t.test('bootstrap of a coordinator that is up already: by hand, and k3s starts', async (t) => {
    await power.startBootstrap();
    t.equal(await power.bootstrapEnded(), '0', await power.bootstrapLog());
    t.same(await unitStates(power), ['active', 'active']);
    tell('started by hand');
  });

  await t.test('mains fails: all go off, in order', async (t) => {
    const { runId, requestedBy, reason } = await power.failMains(300);
    tell('mains has failed');
    t.equal(requestedBy, 'power');
    t.match(reason, /rack-a.*under the threshold/);
    await cluster.untilAllOff();
    const times = cluster.timesOff();
    tell(`all off: ${times.map(({ node, atMs }) => `${node} ${Math.round(atMs)}`).join(', ')}`);
    t.same(
      times.map(({ node, isOrderly }) => `${node} ${isOrderly}`),
      order.map((node) => `${node} true`),
      'I3, I4: each by its own systemd',
    );

    await power.returnMains();
    await cluster.coordinator.boot();
    tell('the coordinator is on');
    await cluster.untilOnline('coordinator');
    const report = await finished(cluster, runId);
    t.equal(stateOf(report), 'done', describe(report));
    t.notOk(await hasIntent(cluster));
  });

  await t.test('mains is back: bootstrap waits until it is stable, and wakes the others', async (t) => {
    await power.untilBootstrapSays(/waiting: rack-a: mains for .*, of 5 s/);
    t.equal(await power.bootstrapEnded(), '0', await power.bootstrapLog());
    tell('bootstrap has ended');
    t.match(
      await power.bootstrapLog(),
      /the site is started up: rack-a: mains for .* of runtime, of .* needed/,
    );
    await cluster.untilOnline();
    t.same(await unitStates(power), ['active', 'active']);
    t.same(cluster.wake.failures, []);
  });
});
