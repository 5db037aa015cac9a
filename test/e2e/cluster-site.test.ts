/**
 * The site that staged startup and shutdown are proved on, itself: a cluster with a real etcd in it, whose nodes end
 * when they are told to over the mesh, boot when a magic packet names them, and come back with manager and agents.
 */
import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { magicPacketCommand } from '../nodes/magic-packet.ts';
import { monotonicMs } from '../nodes/monotonic.ts';
import { until } from '../nodes/until.ts';
import { type ClusterSite, clusterForTest } from '../site/cluster-site.ts';
import { Operator } from './support/operator.ts';

const skip = await skipUnless('booted');
// May have to make the image with etcd.
const timeout = 600_000;
t.setTimeout(timeout);

const servers = ['server-1', 'server-2', 'server-3'];
const workers = ['worker-1', 'worker-2'];

/** How long something took on this machine, for whoever plans tests with it; nothing is asserted. */
async function timed<Value>(t: Test, what: string, work: () => Promise<Value>): Promise<Value> {
  const beganMs = monotonicMs();
  const value = await work();
  t.comment(`${what}: ${((monotonicMs() - beganMs) / 1_000).toFixed(1)} s`);
  return value;
}

/** A request to the etcd of a server, made on the coordinator: its JSON answer. */
async function askEtcd(cluster: ClusterSite, path: string, body?: Record<string, string>): Promise<unknown> {
  const script = `const [url, body] = process.argv.slice(1);
fetch(url, body ? { method: 'POST', body } : {}).then((answer) => answer.text()).then((text) => process.stdout.write(text));`;
  const url = `http://${cluster.node('server-2').address}:2379${path}`;
  const argv = ['node', '-e', script, url, ...(body ? [JSON.stringify(body)] : [])];
  return JSON.parse(await cluster.coordinator.runOrThrow(argv));
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/**
 * Over the mesh, by the verb of the wire. An agent is stopped by the very shutdown that it asks for, on a busy machine
 * before it has told that it was accepted: then the outcome is unknown. What counts is that the nodes end.
 */
async function powerOff(t: Test, cluster: ClusterSite, ...names: string[]): Promise<void> {
  const operator = await Operator.open(cluster.manager.socket());
  const outcomes = await Promise.all(names.map((name) => operator.operate('poweroff', name, '', 60_000)));
  operator.close();
  const statuses = outcomes.map(({ outcome }) => outcome?.status ?? 'none');
  t.comment(`poweroff of ${names.join(', ')}: ${statuses.join(', ')}`);
  t.strictSame(
    statuses.filter((status) => status !== 'done' && status !== 'unknown'),
    [],
    'no poweroff was refused',
  );
}

async function wake(cluster: ClusterSite, ...names: string[]): Promise<void> {
  for (const name of names) {
    await cluster.coordinator.runOrThrow(magicPacketCommand(cluster.node(name).macAddress));
  }
}

const states = (cluster: ClusterSite, unit: string, names: readonly string[]): Promise<string[]> =>
  Promise.all(names.map((name) => cluster.unitState(name, unit)));

t.test('a cluster of booted nodes', { skip, timeout }, async (t) => {
  const cluster = await timed(t, 'six nodes booted, installed, joined and online', () =>
    clusterForTest(t, { stateDiskMiB: 16 }),
  );
  const { coordinator } = cluster;

  await t.test('every node is online, and nothing of the cluster runs yet', async (t) => {
    const names = ['coordinator', ...servers, ...workers];
    t.strictSame(await cluster.connections(), Object.fromEntries(names.map((name) => [name, 'online'])));
    t.strictSame(await states(cluster, 'k3s', servers), ['inactive', 'inactive', 'inactive']);
    t.equal(await cluster.unitState('server-1', 'etcd'), 'inactive', "nor the package's own etcd");
    for (const node of cluster.nodes) {
      t.equal(
        (await node.systemctl('is-system-running')).stdout.trim(),
        'running',
        `${node.name}: no unit failed`,
      );
    }
    t.equal(
      await cluster.unitState('coordinator', 'hecate-manager'),
      'active',
      'the manager is a service there',
    );
    const bootId = '/proc/sys/kernel/random/boot_id';
    const ofNode = await cluster.coordinator.readFile(bootId);
    for (const pid of [await cluster.manager.pid(), await cluster.agentPid('coordinator')])
      t.equal(
        readFileSync(`/proc/${pid}/root${bootId}`, 'utf8'),
        ofNode,
        'a service sees the boot of its node',
      );
  });

  await t.test('one server alone waits without end, and so does a worker', async (t) => {
    const started = await Promise.all([
      cluster.ctl('start', 'server-1', 'k3s', '--timeout', '3s'),
      cluster.ctl('start', 'worker-1', 'k3s-agent', '--timeout', '3s'),
    ]);
    t.strictSame(
      started.map(({ exitCode }) => exitCode),
      [124, 124],
    );
    t.equal(await cluster.unitState('server-1', 'k3s'), 'activating');
    t.equal(await cluster.unitState('worker-1', 'k3s-agent'), 'activating');
    t.equal((await cluster.ctl('stop', 'server-1', 'k3s')).exitCode, 0);
  });

  await t.test('all servers started at once form a cluster, which a worker waits for', async (t) => {
    const started = await timed(t, 'three servers of etcd started', () =>
      cluster.ctl('start', 'server-*', 'k3s'),
    );
    t.equal(started.exitCode, 0, started.stderr);
    t.strictSame(await askEtcd(cluster, '/health'), { health: 'true' });
    await askEtcd(cluster, '/v3/kv/put', { key: base64('kept'), value: base64('on disk') });
    await until(async () => (await cluster.unitState('worker-1', 'k3s-agent')) === 'active', {
      what: 'the worker that waited is ready',
    });
    t.equal((await cluster.ctl('start', 'worker-*', 'k3s-agent')).exitCode, 0);
  });

  await t.test('stopped, k3s leaves its containers running', async (t) => {
    const worker = cluster.node('worker-1');
    t.equal((await cluster.ctl('stop', 'worker-1', 'k3s-agent')).exitCode, 0);
    t.equal(await cluster.unitState('worker-1', 'cri-containerd-stand-in.scope'), 'active');
    t.equal((await worker.systemctl('kill', 'kubepods.slice')).exitCode, 0);
    await until(
      async () => (await cluster.unitState('worker-1', 'cri-containerd-stand-in.scope')) === 'inactive',
      {
        what: 'the container has ended',
      },
    );
    t.match(await worker.readFile('/var/log/pods/stand-in.log'), 'stopped in order');
  });

  await t.test('poweroff over the mesh really ends the node', async (t) => {
    const beganMs = monotonicMs();
    await powerOff(t, cluster, 'worker-1');
    // And the other by itself, as a unit of it would.
    await cluster.node('worker-2').systemctl('start', '--no-block', 'poweroff.target');
    await timed(t, 'two nodes off', async () => {
      for (const name of workers) await cluster.node(name).waitUntilOff();
    });
    const times = cluster.timesOff();
    t.strictSame(times.map(({ node }) => node).sort(), workers);
    for (const { node, atMs, isOrderly } of times) {
      t.equal(isOrderly, true, `${node} ended by its own systemd`);
      t.ok(atMs >= beganMs - 10, 'when it was told to');
    }
    const off = async () =>
      Object.entries(await cluster.connections()).filter(([, state]) => state !== 'online');
    await until(async () => (await off()).length === 2, { what: 'both are offline' });
    t.strictSame((await off()).map(([name]) => name).sort(), workers);
    const knock = `timeout 5 bash -c '</dev/tcp/${cluster.node('worker-1').address}/22' 2>&1`;
    t.notMatch(
      (await coordinator.run(['bash', '-c', knock])).stdout,
      /refused/,
      'nor does its network refuse',
    );
  });

  await t.test('a magic packet boots the node that it names, and its agent is back', async (t) => {
    await wake(cluster, 'worker-1');
    await timed(t, 'one node woken and online', () => cluster.untilOnline('worker-1'));
    t.equal(cluster.node('worker-2').isUp(), false, 'and no other');
    await wake(cluster, 'worker-1', 'worker-2');
    await cluster.untilOnline();
    t.strictSame(
      cluster.wake.wakes.map(({ node, effect }) => `${node} ${effect}`),
      ['worker-1 booted', 'worker-1 is-up', 'worker-2 booted'],
    );
    t.strictSame(
      await states(cluster, 'k3s-agent', workers),
      ['inactive', 'inactive'],
      'for Hecate to start',
    );
  });

  await t.test('all off, the coordinator last; switched on, it wakes the others', async (t) => {
    // Not healthy while nodes are off, and says so with its exit status.
    const epoch = async () =>
      (JSON.parse((await cluster.ctl('health', '-o', 'json')).stdout) as { epoch: number }).epoch;
    const before = await epoch();
    const others = [...servers, ...workers];
    t.equal((await cluster.ctl('stop', 'server-*', 'k3s')).exitCode, 0);
    await powerOff(t, cluster, ...others);
    await timed(t, 'five nodes off', async () => {
      for (const name of others) await cluster.node(name).waitUntilOff();
    });
    await powerOff(t, cluster, 'coordinator').catch(() => undefined); // it takes the manager with it
    await timed(t, 'the coordinator off', () => cluster.untilAllOff());
    t.strictSame(
      cluster.timesOff().map(({ isOrderly }) => isOrderly),
      others.concat('coordinator').map(() => true),
    );
    t.equal(cluster.timesOff().at(-1)?.node, 'coordinator');

    await timed(t, 'the coordinator on', async () => {
      await coordinator.boot();
      await cluster.untilOnline('coordinator');
    });
    const known = Object.entries(await cluster.connections());
    t.comment(known.map(([name, state]) => `${name} ${state}`).join(', '));
    t.strictSame(
      known.filter(([, state]) => state !== 'online').map(([name]) => name),
      others,
      'it knows the others, and that it does not see them',
    );
    t.equal(await epoch(), before + 1);
    await wake(cluster, ...others);
    await timed(t, 'five nodes woken and online', () => cluster.untilOnline());
    t.equal((await cluster.ctl('start', 'server-*', 'k3s')).exitCode, 0);
    const found = (await askEtcd(cluster, '/v3/kv/range', { key: base64('kept') })) as {
      kvs?: { value: string }[];
    };
    t.equal(found.kvs?.[0]?.value, base64('on disk'), 'what etcd kept is there');
    t.strictSame(cluster.wake.failures, []);
  });

  await t.test('an agent killed, and the manager killed, are started again by systemd', async (t) => {
    const agentPid = await cluster.agentPid('server-1');
    await cluster.killAgent('server-1');
    await until(async () => (await cluster.agentPid('server-1')) !== agentPid, {
      what: 'the agent is started again',
    });
    for (const round of ['once', 'again']) {
      const pid = await cluster.manager.pid();
      await cluster.manager.kill();
      await until(async () => (await cluster.manager.pid()) !== pid, {
        what: `the manager is started ${round}`,
      });
      await cluster.untilOnline();
    }
    t.equal((await cluster.ctl('exec', '--all', '--', 'true')).exitCode, 0);
  });

  await t.test('the manager takes another configuration, and refuses one that is wrong', async (t) => {
    await t.rejects(cluster.configure({ heartbeat_interval: 'soon' }), /heartbeat_interval/);
    t.match(await coordinator.readFile('/etc/hecate/hecate.yaml'), '"1s"', 'which changes nothing');
    await cluster.configure({ heartbeat_interval: '2s' });
    await cluster.untilOnline();
    t.match(await coordinator.readFile('/etc/hecate/hecate.yaml'), '"2s"');
  });

  await t.test('a unit that hangs on stop', async (t) => {
    await cluster.writeUnit(
      'worker-1',
      'k3s-agent.service.d/hang.conf',
      '[Service]\nExecStop=/bin/sleep infinity\nTimeoutStopSec=infinity\n',
    );
    t.equal((await cluster.ctl('start', 'worker-1', 'k3s-agent')).exitCode, 0);
    t.equal((await cluster.ctl('stop', 'worker-1', 'k3s-agent', '--timeout', '2s')).exitCode, 124);
    t.equal(await cluster.unitState('worker-1', 'k3s-agent'), 'deactivating');
    t.equal((await cluster.ctl('kill', 'worker-1', 'k3s-agent', '--signal', 'KILL')).exitCode, 0);
  });

  await t.test("the disk of the manager's state can be full", async (t) => {
    const write = [
      'setpriv',
      '--reuid=hecate',
      '--clear-groups',
      'sh',
      '-c',
      'echo more > /var/lib/hecate/more',
    ];
    await cluster.manager.fillDisk();
    t.not((await coordinator.run(write)).exitCode, 0, 'not a byte for the manager');
    // The journal still has the room that it has made ahead. What is active already may be started as often as one likes.
    const isRefused = async (): Promise<boolean> =>
      (await cluster.ctl('start', 'worker-*', 'k3s-agent')).stdout.includes('could not be recorded');
    await until(isRefused, { what: 'an operation is refused for want of a record', timeoutMs: 180_000 });
    await cluster.manager.emptyDisk();
    t.equal((await coordinator.run(write)).exitCode, 0);
    const { exitCode, stdout, stderr } = await cluster.ctl('restart', 'worker-2', 'k3s-agent');
    t.equal(exitCode, 0, `${stdout}${stderr}`);
  });
});
