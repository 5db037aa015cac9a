import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import t from 'tap';
import { startFleet } from './fleet.ts';
import { fleetForTest, skipUnless } from './fleet-for-test.ts';
import { allPids, pidNamespace, processIdentity } from './processes.ts';
import { siteAddress } from './site-network.ts';
import { until } from './until.ts';

const skip = await skipUnless('booted');
// The first one may have to make the base image.
const timeout = 600_000;
t.setTimeout(timeout);

const sleeper = '[Service]\nExecStart=/bin/sh -c "echo hello from the sleeper; exec sleep 1000"\n';

t.test('a booted node is a whole systemd host', { skip, timeout }, async (t) => {
  const fleet = await fleetForTest(t, { kind: 'booted', names: ['alpha', 'beta'] });
  const node = fleet.node('alpha');
  t.equal((await node.runOrThrow(['cat', '/proc/1/comm'])).trim(), 'systemd');
  t.equal((await node.systemctl('is-system-running')).stdout.trim(), 'running', 'no unit failed');
  t.equal((await node.runOrThrow(['hostname'])).trim(), 'alpha');
  t.match(await node.runOrThrow(['node', '--version']), /^v24\./, 'the pinned Node.js of the repository');
  t.equal((await node.run(['test', '-f', `${node.repository}/package.json`])).exitCode, 0);
  t.not((await node.run(['touch', `${node.repository}/package.json`])).exitCode, 0, 'which it cannot change');
  t.match(await node.runOrThrow(['getent', 'hosts', 'beta']), fleet.node('beta').address);

  await node.writeFile(`${node.unitFolder}/sleeper.service`, sleeper);
  await node.systemctl('daemon-reload');
  t.equal((await node.systemctl('start', 'sleeper')).exitCode, 0);
  t.equal((await node.systemctl('freeze', 'sleeper')).exitCode, 0);
  t.match((await node.systemctl('show', 'sleeper', '-p', 'FreezerState')).stdout, 'FreezerState=frozen');
  t.equal((await node.systemctl('thaw', 'sleeper')).exitCode, 0);
  const journal = await node.runOrThrow(['journalctl', '-u', 'sleeper', '-o', 'cat', '--no-pager']);
  t.match(journal, 'hello from the sleeper');
  t.match(journal, 'Started sleeper.service');

  const inside = Number((await node.systemctl('show', 'sleeper', '-p', 'MainPID', '--value')).stdout);
  node.kill(node.hostPid(inside), 'SIGKILL');
  await until(async () => (await node.systemctl('is-failed', 'sleeper')).exitCode === 0, {
    what: 'systemd saw it',
  });
  t.match((await node.systemctl('show', 'sleeper', '-p', 'Result')).stdout, 'Result=signal');
  t.match(
    await node.runOrThrow(['loginctl', 'show-user', '-p', 'Name', 'root']).catch(String),
    /root|not logged in/,
  );
});

t.test('power-off ends the node; booting again finds its disk', { skip, timeout }, async (t) => {
  const fleet = await fleetForTest(t, { kind: 'booted', names: ['alpha'] });
  const node = fleet.node('alpha');
  const bootId = () => node.readFile('/proc/sys/kernel/random/boot_id');
  const first = await bootId();
  await node.writeFile('/var/lib/kept/file', 'text', 0o600);
  await node.poweroff();
  t.equal(node.isUp(), false);
  await t.rejects(node.run(['true']), /alpha is off/);
  // The kernel takes the links of a network namespace that has ended away in its own time.
  await until(async () => !(await fleet.site.run(['ip', '-brief', 'link'])).stdout.includes('port0'), {
    what: 'its link went with it',
  });

  await node.boot();
  t.equal(await node.readFile('/var/lib/kept/file'), 'text');
  t.equal((await node.runOrThrow(['stat', '-c', '%a', '/var/lib/kept/file'])).trim(), '600');
  t.not(await bootId(), first);
  const boots = await node.runOrThrow(['journalctl', '--list-boots', '--no-pager']);
  t.equal(boots.match(/[0-9a-f]{32}/g)?.length, 2, 'the journal of the boot before is kept');

  // Ordered by the node itself, as a unit of it would: nothing outside asks.
  await node.systemctl('start', '--no-block', 'poweroff.target');
  await node.waitUntilOff();
  await node.boot();
  await node.pullPlug();
  t.equal(node.isUp(), false);
  await node.boot();
  t.equal(await node.readFile('/var/lib/kept/file'), 'text');

  const before = await bootId();
  await node.systemctl('reboot').catch(() => undefined);
  await until(async () => (await bootId()) !== before, { what: 'the node has rebooted by itself' });
  await until(async () => (await node.systemctl('is-system-running')).stdout.trim() === 'running', {
    what: 'it is up',
  });
});

t.test(
  'a cut is silent: connections survive it, and bytes sent in it arrive',
  { skip, timeout },
  async (t) => {
    const fleet = await fleetForTest(t, { kind: 'booted', names: ['alpha', 'beta'] });
    const [alpha, beta] = [fleet.node('alpha'), fleet.node('beta')];
    const server = `
    const server = require('node:net').createServer((socket) => {
      socket.on('data', (bytes) => process.stdout.write('heard ' + bytes));
      socket.on('error', (error) => process.stdout.write(error.code + ';'));
      socket.on('close', () => process.stdout.write('closed;'));
    });
    server.listen(7000, () => process.stdout.write('listening;'));`;
    const client = `
    const socket = require('node:net').connect(7000, process.argv[1], () => process.stdout.write('connected;'));
    socket.on('error', (error) => process.stdout.write(error.code + ';'));
    socket.on('close', () => process.stdout.write('closed;'));
    process.stdin.on('data', (bytes) => socket.write(bytes));`;
    const listen = async (place: typeof alpha | typeof fleet.site, argv: string[]) => {
      const spawned = await place.spawn(argv);
      let said = '';
      spawned.child.stdout?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      return { said: () => said, write: (text: string) => spawned.child.stdin?.write(text) };
    };
    const onBeta = await listen(beta, ['node', '-e', server]);
    await until(() => onBeta.said() === 'listening;', { what: 'the server listens' });
    const onAlpha = await listen(alpha, ['node', '-e', client, beta.address]);
    const onSite = await listen(fleet.site, ['node', '-e', client, beta.address]);
    await until(() => onAlpha.said() + onSite.said() === 'connected;connected;', {
      what: 'both clients are connected',
    });

    await alpha.cut();
    onAlpha.write('alpha;');
    onSite.write('site;');
    await until(() => onBeta.said().includes('heard site;'), {
      what: 'the site, which is not cut off, is heard',
    });
    await new Promise((resolve) => setTimeout(resolve, 1_000)); // a TCP retransmission or two
    t.notMatch(onBeta.said(), 'alpha', 'the node that is cut off is not');
    t.equal(onAlpha.said(), 'connected;', 'and is told nothing');
    t.match(
      await alpha.runOrThrow(['ip', '-brief', 'link', 'show', 'host0']),
      'LOWER_UP',
      'its carrier is there',
    );
    await alpha.heal();
    await until(() => onBeta.said().includes('heard alpha;'), { what: 'what was sent in the cut arrives' });
    t.notMatch(onBeta.said(), /closed|E[A-Z]+;/);

    await alpha.cut();
    await alpha.poweroff();
    await alpha.boot();
    const connect = `require('node:net').connect(${7000}, '${beta.address}').setTimeout(1000, () => process.exit(3)).on('connect', () => process.exit(0)).on('error', () => process.exit(4))`;
    t.not((await alpha.run(['node', '-e', connect])).exitCode, 0, 'a cut outlives a power-off');
    await alpha.heal();
    t.equal((await alpha.run(['node', '-e', connect])).exitCode, 0);
  },
);

t.test('a small disk can be full, and outlives power-off and a pulled plug', { skip, timeout }, async (t) => {
  const disks = { alpha: { path: '/var/lib/small', sizeMiB: 4 } };
  const fleet = await fleetForTest(t, { kind: 'booted', names: ['alpha'], disks });
  const node = fleet.node('alpha');
  const write = (file: string, kib: number) =>
    node.run(['dd', 'if=/dev/zero', `of=/var/lib/small/${file}`, 'bs=1024', `count=${kib}`, 'conv=fsync']);
  t.equal((await write('kept', 1)).exitCode, 0);
  t.match(await write('filler', 8_192), { exitCode: 1, stderr: /No space left on device/ });
  t.equal((await node.run(['sh', '-c', 'echo more > /var/lib/small/more'])).exitCode === 0, false);
  t.equal(
    (await node.run(['sh', '-c', 'echo more > /var/lib/elsewhere'])).exitCode,
    0,
    'the rest of the node is not',
  );
  for (const end of [() => node.poweroff(), () => node.pullPlug()]) {
    await end();
    await node.boot();
    t.equal((await node.run(['test', '-s', '/var/lib/small/kept'])).exitCode, 0, 'its files are there');
    t.match(await write('more', 4), { exitCode: 1 }, 'and it is still full');
  }
  t.equal((await node.run(['rm', '/var/lib/small/filler'])).exitCode, 0);
  t.equal((await write('more', 4)).exitCode, 0);
});

t.test('the site network: processes there reach the nodes and are reached', { skip, timeout }, async (t) => {
  const fleet = await fleetForTest(t, { kind: 'booted', manager: { host: siteAddress, port: 2020 } });
  const node = fleet.node('node1');
  t.strictSame(node.managerAddress(), { host: siteAddress, port: 2020 });
  const serve = `require('node:net').createServer((socket) => socket.end('from the site')).listen(2020, () => console.log('ready'))`;
  const manager = await fleet.site.spawn([process.execPath, '-e', serve]);
  await once(manager.child.stdout ?? process.stdin, 'data');
  const fetch = `require('node:net').connect(2020, '${siteAddress}').pipe(process.stdout)`;
  t.equal(await node.runOrThrow(['node', '-e', fetch]), 'from the site');
  const own = Object.values(networkInterfaces()).flatMap((addresses) =>
    addresses?.map(({ address }) => address),
  );
  t.notMatch(own.join(' '), '10.88.0.', "the machine's own network is not touched");
  const options = [
    '-p',
    'process.env.NODE_OPTIONS + Object.keys(process.env).filter((k) => /TAPJS/.test(k))',
  ];
  t.equal(
    (await fleet.site.run([process.execPath, ...options])).stdout,
    'undefined\n',
    'nothing of the test runner',
  );
  t.equal(manager.kill('SIGTERM'), true);
  t.equal(await manager.exited, 143);
});

t.test('two booted fleets at once, with the same names and addresses', { skip, timeout }, async (t) => {
  const [one, two] = await Promise.all([
    startFleet({ kind: 'booted', names: ['alpha'] }),
    startFleet({ kind: 'booted', names: ['alpha'] }),
  ]);
  t.teardown(() => Promise.all([one.destroy(), two.destroy()]));
  t.equal(one.node('alpha').address, two.node('alpha').address);
  await one.node('alpha').writeFile('/root/mine', 'x');
  t.equal((await two.node('alpha').run(['test', '-e', '/root/mine'])).exitCode, 1);
  const nodes = [...one.nodes, ...two.nodes];
  const namespaces = nodes.map((node) => pidNamespace(node.hostPid(1)));
  await one.destroy();
  t.equal((await two.node('alpha').systemctl('is-system-running')).stdout.trim(), 'running');
  await two.destroy();
  const isLeft = (pid: number) =>
    processIdentity(pid) !== undefined && namespaces.includes(pidNamespace(pid));
  t.notOk(allPids().some(isLeft), 'no process is left');
  t.notOk(
    nodes.some((node) => existsSync(node.stateFolder)),
    'no file is left',
  );
  t.notOk(allPids().length === 0);
});
