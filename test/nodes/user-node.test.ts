import { existsSync } from 'node:fs';
import t from 'tap';
import { canRunUserNodes } from './capabilities.ts';
import { startFleet } from './fleet.ts';
import { allPids, pidNamespace, processIdentity } from './processes.ts';
import { until } from './until.ts';

const capability = await canRunUserNodes();
const skip = capability.ok ? false : capability.why;

const sleeper = '[Service]\nExecStart=/bin/sh -c "echo hello from the sleeper; exec sleep 1000"\n';

t.test('a user-mode node is a real systemd with units, bus, journal and freezer', { skip }, async (t) => {
  const fleet = await startFleet({ kind: 'user', names: ['alpha'] });
  t.teardown(() => fleet.destroy());
  const node = fleet.node('alpha');
  t.equal(node.isUp(), true);
  await node.boot(); // again: nothing happens

  await node.writeFile(`${node.unitFolder}/sleeper.service`, sleeper);
  t.equal((await node.systemctl('daemon-reload')).exitCode, 0);
  t.equal((await node.systemctl('start', 'sleeper')).exitCode, 0);
  t.equal((await node.systemctl('is-active', 'sleeper')).stdout.trim(), 'active');

  t.equal((await node.systemctl('freeze', 'sleeper')).exitCode, 0);
  t.match((await node.systemctl('show', 'sleeper', '-p', 'FreezerState')).stdout, 'FreezerState=frozen');
  t.equal((await node.systemctl('thaw', 'sleeper')).exitCode, 0);

  const journal = await node.runOrThrow(['journalctl', '--user-unit=sleeper', '-o', 'cat', '--no-pager']);
  t.match(journal, 'hello from the sleeper', 'what the unit wrote');
  t.match(journal, 'Started sleeper.service', 'what systemd says about the unit');
  t.notMatch(await node.runOrThrow(['journalctl', '--no-pager']), 'kernel:', "not the host's journal");

  const bus = ['busctl', '--user', 'get-property', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1'];
  t.match(await node.runOrThrow([...bus, 'org.freedesktop.systemd1.Manager', 'Version']), /^s "/);
  t.equal((await node.runOrThrow(['hostname'])).trim(), 'alpha');
  t.match(await node.runOrThrow(['node', '--version']), /^v24\./, 'the pinned Node.js');
  const units = await node.systemctl('list-units', '--type=service,socket', '--no-legend', '--plain');
  t.strictSame(
    units.stdout
      .split('\n')
      .flatMap((line) => /^\S+/.exec(line) ?? [])
      .sort(),
    ['dbus.service', 'dbus.socket', 'sleeper.service'],
    'nothing of what the host offers its users',
  );
});

t.test(
  'a node that was switched off and on again has its files, and another boot id',
  { skip },
  async (t) => {
    const fleet = await startFleet({ kind: 'user', names: ['alpha'] });
    t.teardown(() => fleet.destroy());
    const node = fleet.node('alpha');
    const bootId = () => node.readFile('/proc/sys/kernel/random/boot_id');
    const first = await bootId();
    const machine = await node.readFile('/etc/machine-id');
    await node.writeFile(`${node.home}/kept/file`, 'text', 0o600);
    await node.writeFile(`${node.unitFolder}/sleeper.service`, sleeper);
    await node.poweroff();
    t.equal(node.isUp(), false);
    await t.rejects(node.run(['true']), /alpha is off/);

    await node.boot();
    t.equal(await node.readFile(`${node.home}/kept/file`), 'text');
    t.equal((await node.runOrThrow(['stat', '-c', '%a', `${node.home}/kept/file`])).trim(), '600');
    t.equal((await node.systemctl('start', 'sleeper')).exitCode, 0, 'its units are still there');
    t.not(await bootId(), first);
    t.equal(await node.readFile('/etc/machine-id'), machine);
    const boots = await node.runOrThrow(['journalctl', '--list-boots', '--no-pager']);
    t.equal(boots.match(/[0-9a-f]{32}/g)?.length, 2, 'the journal of the boot before is kept');

    await node.pullPlug();
    t.equal(node.isUp(), false);
    await node.boot();
    t.equal(await node.readFile(`${node.home}/kept/file`), 'text');
  },
);

t.test('processes inside: exit codes, input, signals, freezing', { skip }, async (t) => {
  const fleet = await startFleet({ kind: 'user' });
  t.teardown(() => fleet.destroy());
  const node = fleet.node('node1');
  t.equal((await node.run(['sh', '-c', 'exit 7'])).exitCode, 7);
  t.equal((await node.run(['sh', '-c', 'kill -9 $$'])).exitCode, 137);
  t.equal((await node.run(['cat'], { input: 'given' })).stdout, 'given');
  t.equal((await node.run(['pwd'], { cwd: '/usr' })).stdout, '/usr\n');
  t.equal((await node.run(['sh', '-c', 'echo $WORD'], { env: { WORD: 'x' } })).stdout, 'x\n');
  const environment = (await node.runOrThrow(['env'], { env: { NODE_OPTIONS: '--no-warnings' } })).split(
    '\n',
  );
  t.ok(environment.includes('NODE_OPTIONS=--no-warnings'), 'what was asked for');
  const nodeOptions = [
    'node',
    '-p',
    'process.env.NODE_OPTIONS + Object.keys(process.env).filter((k) => /TAP/.test(k))',
  ];
  t.equal((await node.run(nodeOptions)).stdout, 'undefined\n', 'and nothing of the test runner');
  await t.rejects(node.run(['sleep', '100'], { timeoutMs: 200 }), /did not end within 200 ms/);
  await t.rejects(node.runOrThrow(['sh', '-c', 'echo wrong >&2; exit 3']), /status 3: wrong/);

  const script = 'trap "echo stopping; exit 5" TERM; echo ready; while :; do sleep 0.05; done';
  const spawned = await node.spawn(['sh', '-c', script]);
  const said: string[] = [];
  spawned.child.stdout?.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  await t.resolves(new Promise((resolve) => spawned.child.stdout?.once('data', resolve)));
  const { pid } = spawned;
  if (pid === undefined) throw new Error('the process ended at once');
  t.not(pidNamespace(pid), pidNamespace('self'), 'the pid is that of the process inside');
  node.freeze(pid);
  node.thaw(pid);
  t.equal(spawned.kill('SIGTERM'), true);
  t.equal(await spawned.exited, 5, 'although it was stopped for a while');
  t.equal(said.join(''), 'ready\nstopping\n');
  t.equal(spawned.kill('SIGTERM'), false);

  const doomed = await node.spawn(['sleep', '1000']);
  doomed.kill('SIGKILL');
  t.equal(await doomed.exited, 137);

  await node.writeFile(`${node.unitFolder}/sleeper.service`, sleeper);
  await node.systemctl('daemon-reload');
  await node.systemctl('start', 'sleeper');
  const inside = Number((await node.systemctl('show', 'sleeper', '-p', 'MainPID', '--value')).stdout);
  const outside = node.hostPid(inside);
  node.kill(outside, 'SIGKILL');
  await until(async () => (await node.systemctl('is-failed', 'sleeper')).exitCode === 0, {
    what: 'systemd saw it',
  });
  t.match((await node.systemctl('show', 'sleeper', '-p', 'Result')).stdout, 'Result=signal');
  t.throws(() => node.hostPid(4_000_000), /no process 4000000/);
});

t.test('two fleets at once do not know each other, and each leaves nothing behind', { skip }, async (t) => {
  const [one, two] = await Promise.all([
    startFleet({ kind: 'user', names: ['alpha', 'beta'] }),
    startFleet({ kind: 'user', names: ['alpha'] }),
  ]);
  t.teardown(() => Promise.all([one.destroy(), two.destroy()]));
  t.not(one.name, two.name);
  const nodes = [...one.nodes, ...two.nodes];
  await one.node('alpha').writeFile(`${one.node('alpha').unitFolder}/mine.service`, sleeper);
  await one.node('alpha').systemctl('daemon-reload');
  t.equal((await one.node('alpha').systemctl('start', 'mine')).exitCode, 0);
  t.not((await two.node('alpha').systemctl('start', 'mine')).exitCode, 0);
  const namespaces = await Promise.all(nodes.map(async (node) => pidNamespace(node.hostPid(1))));
  t.equal(new Set(namespaces).size, 3);

  await one.destroy();
  t.equal(two.node('alpha').isUp(), true, 'the other fleet lives on');
  await two.destroy();
  const isLeft = (pid: number) =>
    processIdentity(pid) !== undefined && namespaces.includes(pidNamespace(pid));
  t.notOk(allPids().some(isLeft), 'no process is left');
  for (const { home } of nodes) t.notOk(existsSync(home), 'no file is left');
  await t.rejects(one.node('alpha').boot(), /destroyed/);
});
