/**
 * The power race on booted nodes: a real upsd, a real driver, and a serial UPS that is played, whose output is the power
 * of the nodes. Mains comes back when hosts are going off, and yet everything is on again at the end: first because the
 * UPS cuts its output, then because the coordinator stays up. And where mains stays away, it goes before its battery ends.
 */
import t from 'tap';
import { listRuns, stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { siteAddress } from '../nodes/site-network.ts';
import { until } from '../nodes/until.ts';
import { skipWithoutUpsd } from '../nut/nut-programs.ts';
import { SerialUps } from '../nut/serial-ups.ts';
import { startUpsd } from '../nut/upsd.ts';
import { clusterForTest } from '../site/cluster-site.ts';
import { applied } from './support/applied-operations.ts';
import { ask, describe, finished } from './support/cluster-runs.ts';

const timeout = 400_000;
t.setTimeout(timeout);

const skip = (await skipUnless('booted')) || skipWithoutUpsd();
const passwordFile = '/etc/hecate/nut-password';
const off = (node: string) => ({
  name: `off-${node}`,
  steps: [{ poweroff: { nodes: [node] }, timeout: '60s', on_failure: 'continue' }],
});
const sequences = {
  shutdown: {
    stages: [
      { name: 'stop', steps: [{ stop: { nodes: ['server-1'] }, timeout: '20s', on_failure: 'continue' }] },
      off('server-1'),
      off('coordinator'),
    ],
  },
  startup: {
    stages: [
      {
        name: 'server',
        steps: [
          { wake: { nodes: ['server-1'] }, timeout: '120s' },
          { start: { nodes: ['server-1'] }, timeout: '60s' },
        ],
      },
    ],
  },
};
const powerOf = (coordinator: string) => ({
  upses: [
    {
      name: 'rack-a',
      ups: `rack@${siteAddress}:3493`,
      user: 'hecate',
      password_file: passwordFile,
      cut_power: true,
    },
  ],
  poll_interval: '500ms',
  debounce_polls: 2,
  budget: '1m',
  coordinator,
  coordinator_halt: '45s',
  stable_mains: '3s',
});

t.test('mains is back before the last host is off', { skip, timeout }, async (t) => {
  const cluster = await clusterForTest(t, {
    servers: 1,
    workers: 0,
    config: () => ({ sequences, power: powerOf('powers-off') }),
  });
  const { coordinator } = cluster;
  await coordinator.writeFile(passwordFile, 'secret\n', 0o600);
  await coordinator.runOrThrow(['chown', 'hecate:', passwordFile]);
  await coordinator.runOrThrow(['systemctl', 'enable', '--quiet', 'hecate-bootstrap.service']);
  const serial = await SerialUps.start(t);
  await startUpsd(t, {
    upses: { rack: { kind: 'serial', port: serial.port } },
    users: {
      hecate: { password: 'secret', actions: ['SET'], commands: ['shutdown.return', 'shutdown.stop'] },
    },
    listen: siteAddress,
    port: 3493,
    within: cluster.fleet.site.wrap([]),
  });
  // Of a minute, ten seconds: more than a booted node needs to go off.
  serial.hurry(6, 60);
  const untilPhase = (phase: string) =>
    until(async () => (await cluster.manager.ctlOrThrow('power', 'status')).includes(phase), {
      what: `the UPS is ${phase}`,
      timeoutMs: 60_000,
    });
  const failMains = (): void => {
    serial.mains('off');
    serial.batteryLow('on');
  };
  const returnMains = (): void => {
    serial.mains('on');
    serial.batteryLow('off');
  };
  const runsOf = (kind: string) =>
    ask(cluster, async (operator) => (await listRuns(operator)).filter((run) => run.kind === kind));

  await t.test('the UPS cuts its output: every host sees its power come back', async (t) => {
    await untilPhase('online');
    // Nobody is to be woken: only power that comes back switches a host on here.
    cluster.wake.break('server-1');
    failMains();
    await cluster.node('server-1').waitUntilOff();
    returnMains();
    await cluster.untilAllOff();
    t.same(
      cluster.timesOff().map(({ node, isOrderly }) => `${node} ${isOrderly}`),
      ['server-1 true', 'coordinator true'],
      'mains that is back does not stop it',
    );
    t.same(serial.output, [], 'the output is still on when the last host is off');
    await until(() => serial.output.length === 2, { what: 'the output goes off and comes back' });
    t.same(serial.told, ['S01R0003']);
    await cluster.bootAll();
    await until(async () => (await runsOf('startup')).some((run) => stateOf({ summary: run }) === 'done'), {
      what: 'bootstrap has started the site',
      timeoutMs: 120_000,
    });
    t.equal(await cluster.unitState('server-1', 'k3s'), 'active');
    t.match((await runsOf('shutdown'))[0], { state: 'done', requestedBy: 'power' });
  });

  await t.test('the coordinator stays up: it wakes the others', async (t) => {
    cluster.wake.mend('server-1');
    await cluster.configure({ power: powerOf('stays-up') });
    await untilPhase('online');
    const before = (await runsOf('startup')).length;
    failMains();
    await cluster.node('server-1').waitUntilOff();
    serial.load(5);
    returnMains();
    const startup = await until(
      async () => {
        const runs = await runsOf('startup');
        return runs.length > before && runs[0];
      },
      { what: 'the coordinator starts the site', timeoutMs: 120_000 },
    );
    t.match(startup, { requestedBy: 'power', reason: /mains is back/ });
    const report = await finished(cluster, startup.runId);
    t.equal(stateOf(report), 'done', describe(report));
    t.equal(await cluster.unitState('server-1', 'k3s'), 'active');
    t.ok(coordinator.isUp());
    t.notOk(
      applied(coordinator).filter((operation) => operation === 'poweroff').length > 1,
      'it was not asked to go off again',
    );
    t.same(serial.told, ['S01R0003'], 'nor was anything cut');
    await untilPhase('online');
  });

  await t.test('mains stays away: the coordinator goes, too, when its battery is low', async (t) => {
    failMains();
    await cluster.node('server-1').waitUntilOff();
    serial.load(5);
    await untilPhase('hosts-off');
    t.ok(coordinator.isUp(), 'the others are off');
    // Half a minute in which the load settles is part of it.
    await coordinator.waitUntilOff(120_000);
    t.equal(cluster.timesOff().at(-1)?.isOrderly, true);
    t.same(serial.told, ['S01R0003', 'S01R0003'], 'its output goes off behind it');
  });
});
