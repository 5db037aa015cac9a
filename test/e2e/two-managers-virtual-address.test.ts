/**
 * Two hosts with a manager and one address, which a real keepalived moves, with the files of packaging/examples. Each
 * has a state of its own; the one that stands by restores the backup that it was sent. Whoever is out of date is refused
 * by its epoch (I6), and there is always one that is not.
 */
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { baseImage } from '../nodes/base-image.ts';
import type { BootedNode } from '../nodes/booted-node.ts';
import { fleetForTest, skipUnless } from '../nodes/fleet-for-test.ts';
import { siteAddress } from '../nodes/site-network.ts';
import { until } from '../nodes/until.ts';
import { debianArchive } from '../packages/support/debian-archive.ts';
import { installAgent, installManager } from '../site/installed.ts';
import { countedUnit, startsOf } from './support/counted-unit.ts';

t.setTimeout(300_000);

const address = '10.88.0.100';
const unit = 'counted.service';
const managerUnit = 'hecate-manager.service';
const standby = '/var/lib/hecate-standby/hecate.tar';

const shipped = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../packaging/examples/keepalived', name), 'utf8');

/** As an operator changes it: its own interface and address; and slow to give up, so that a refused manager is seen. */
const keepalived = shipped('keepalived.conf')
  .replace('interface eth0', 'interface host0')
  .replace('192.0.2.10/24', `${address}/24`)
  .replace('interval 3', 'interval 1')
  .replace('fall 2', 'fall 10');

const config = {
  names: [address],
  listen: ['0.0.0.0:2020'],
  heartbeat_interval: '1s',
  metrics: { enabled: false },
};

async function prepare(node: BootedNode): Promise<void> {
  await node.runOrThrow(['sh', '-c', 'dpkg --install /srv/archive/*.deb'], { timeoutMs: 120_000 });
  await installManager(node, config);
  // Not at boot, and not before keepalived says so.
  await node.systemctl('disable', '--now', '--quiet', managerUnit);
  await node.runOrThrow(['sh', '-c', 'rm -rf /var/lib/hecate/*']);
  await node.writeFile('/etc/keepalived/hecate-address.sh', shipped('hecate-address.sh'), 0o755);
  await node.writeFile('/etc/keepalived/keepalived.conf', keepalived);
}

/** Not as a service: in these containers nothing under process 1 may change the network. It ends with its node. */
const startKeepalived = (node: BootedNode) =>
  node.spawn(['keepalived', '--dont-fork', '--vrrp', '--use-file', '/etc/keepalived/keepalived.conf'], {
    output: 'ignore',
  });

const hasAddress = async (node: BootedNode): Promise<boolean> =>
  (await node.run(['ip', '-o', 'address', 'show', 'dev', 'host0'])).stdout.includes(` ${address}/`);

const isActive = async (node: BootedNode): Promise<boolean> =>
  (await node.systemctl('is-active', managerUnit)).stdout.trim() === 'active';

const ctl = (node: BootedNode, ...args: string[]) => node.run(['hecatectl', ...args], { timeoutMs: 30_000 });

const untilOnline = (node: BootedNode, what: string): Promise<unknown> =>
  until(async () => /\bonline\b/.test((await ctl(node, 'list-nodes', '--no-legend')).stdout), {
    what,
    timeoutMs: 90_000,
    intervalMs: 300,
  });

/** What a timer does on the host that has the address. */
async function send(from: BootedNode, to: BootedNode): Promise<void> {
  await from.runOrThrow(['sh', '-c', 'rm -f /root/hecate.tar; hecatectl backup /root/hecate.tar']);
  const text = await from.runOrThrow(['base64', '-w0', '/root/hecate.tar']);
  await to.writeFile(standby, Buffer.from(text, 'base64'), 0o600);
}

async function epochOf(node: BootedNode): Promise<number> {
  return (JSON.parse((await ctl(node, 'health', '-o', 'json')).stdout) as { epoch: number }).epoch;
}

t.test('one address, two managers', { skip: await skipUnless('booted'), timeout: 290_000 }, async (t) => {
  const fleet = await fleetForTest(t, {
    kind: 'booted',
    names: ['one', 'two', 'alpha'],
    boot: false,
    manager: { host: siteAddress, port: 2020 },
  });
  const [one, two, alpha] = ['one', 'two', 'alpha'].map((name) => fleet.node(name) as BootedNode);
  if (!one || !two || !alpha) throw new Error('three nodes');
  // Not an image of its own, which would take longer to make than all the rest.
  const archive = await debianArchive(await baseImage(), ['keepalived']);
  for (const { stateFolder } of [one, two])
    cpSync(archive, join(stateFolder, 'disk/srv/archive'), { recursive: true });
  await Promise.all(fleet.nodes.map((node) => node.boot()));
  await Promise.all([prepare(one), prepare(two)]);
  await alpha.writeFile(join(alpha.unitFolder, unit), countedUnit(0));
  await alpha.systemctl('daemon-reload');
  const restart = (node: BootedNode) => ctl(node, 'restart', 'alpha', unit, '--timeout', '5s');
  const starts = () => startsOf(alpha, unit);

  await t.test('the first that is there has the address, and its manager runs', async (t) => {
    await startKeepalived(one);
    await until(() => hasAddress(one), { what: 'the address', timeoutMs: 60_000, intervalMs: 100 });
    await until(() => isActive(one), { what: 'the manager', timeoutMs: 60_000, intervalMs: 100 });
    const init = await ctl(one, 'ca', 'init');
    // node enroll, below, tells whether the authority is there, whatever came of the answer.
    t.comment(`ca init: ${init.exitCode} ${init.stderr}`);
    await startKeepalived(two);
    const token = (await one.runOrThrow(['hecatectl', 'node', 'enroll', 'alpha'])).trim();
    await installAgent(alpha, { manager: `${address}:2020`, policy: '[Policy]\nAllow=* *\n', token });
    await untilOnline(one, 'the agent is online');
    t.equal((await restart(one)).exitCode, 0);
    t.equal(await starts(), 1);
    t.equal(await isActive(two), false, 'the other one waits');
    await send(one, two);
  });

  await t.test('cut off silently: the other one restores what it was sent, and takes over', async (t) => {
    await one.cut();
    await until(() => hasAddress(two), { what: 'the address moves', timeoutMs: 60_000, intervalMs: 100 });
    await untilOnline(two, 'the agent comes over');
    t.ok((await epochOf(two)) > 10_000);
    t.equal((await restart(two)).exitCode, 0, 'and does what it is told');
    t.equal(await isActive(one), true, 'the old one does not know');
    t.not((await restart(one)).exitCode, 0, 'and reaches nobody');
    t.equal(await starts(), 2);
  });

  await t.test('back on the network, one of them has the address, and it is not the old one', async (t) => {
    await one.heal();
    const isSettled = async (): Promise<boolean> =>
      (await isActive(two)) && !(await isActive(one)) && (await hasAddress(two)) && !(await hasAddress(one));
    await until(isSettled, { what: 'the old one is stopped', timeoutMs: 90_000, intervalMs: 200 });
    await untilOnline(two, 'the agent is still there');
    t.equal((await restart(two)).exitCode, 0);
    t.equal(await starts(), 3);
  });

  await t.test(
    'the newer one dies, and the old one has nothing newer: refused by its epoch, then above it',
    async (t) => {
      const before = await epochOf(two);
      await two.pullPlug();
      await until(
        async () =>
          (await one.run(['journalctl', '-u', managerUnit, '-o', 'cat'])).stdout.includes(
            'an agent has seen a newer manager',
          ),
        {
          what: 'the agent refuses the old one',
          timeoutMs: 60_000,
          intervalMs: 200,
        },
      );
      t.not((await restart(one)).exitCode, 0);
      t.equal(await starts(), 3, 'nothing of an old epoch is applied');
      await untilOnline(one, 'with a higher epoch it is the manager');
      t.ok((await epochOf(one)) > before);
      t.equal((await restart(one)).exitCode, 0);
      t.equal(await starts(), 4);
    },
  );
});
