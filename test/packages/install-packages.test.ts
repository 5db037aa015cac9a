/**
 * The .deb files on hosts without Node.js, as an operator installs them with apt: joined, used, booted again, upgraded
 * over an edited configuration, removed, and purged.
 */
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { type BareHost, bareHosts } from './support/bare-host.ts';
import { addUnit, ctl, dependencies, joinSite, untilOnline } from './support/packaged-site.ts';
import { quickPackages } from './support/quick-packages.ts';

const timeout = 600_000;
t.setTimeout(timeout);
t.bail = true;

const old = '/root/packages';
const upgrade = '/root/upgrade';
const names = ['titan', 'worker'];

/** As a person would type it; dpkg asks nothing where only one side has changed a file. */
const apt = (host: BareHost, ...args: string[]): Promise<string> =>
  host.runOrThrow(['apt-get', '-q', '-y', ...args], { env: { DEBIAN_FRONTEND: 'noninteractive' } });

const all = (folder: string) =>
  ['runtime', 'manager', 'agent'].map((name) => `${folder}/hecate-${name}_*.deb`);

const installFiles = (host: BareHost, patterns: readonly string[]): Promise<string> =>
  host.shell(`DEBIAN_FRONTEND=noninteractive apt-get -q -y install ${patterns.join(' ')} 2>&1`);

t.test('packages', { skip: await skipUnless('booted'), timeout }, async (t) => {
  const files = { [old]: await quickPackages(t), [upgrade]: await quickPackages(t, '9.8.7') };
  const hosts = await bareHosts(t, { names, available: dependencies, files });
  const [titan, worker] = hosts as [BareHost, BareHost];

  await t.test('installed with apt, without Node.js', async (t) => {
    t.equal((await titan.run(['sh', '-c', 'command -v node'])).exitCode, 127, 'no node');
    await Promise.all([
      installFiles(titan, [...all(old), `${old}/hecatectl_*.deb`]),
      installFiles(worker, [`${old}/hecate-runtime_*.deb`, `${old}/hecate-agent_*.deb`]),
    ]);
    t.equal(await titan.state('hecate-manager'), 'active');
    t.equal(await titan.state('hecate-bootstrap'), 'inactive');
    t.equal((await titan.run(['systemctl', 'is-enabled', 'hecate-bootstrap'])).stdout.trim(), 'disabled');
    for (const host of hosts) {
      t.equal(
        await host.state('hecate-agent'),
        'inactive',
        'an agent that has not joined waits, and has not failed',
      );
      t.equal((await host.run(['systemctl', 'is-system-running'])).stdout.trim(), 'running');
    }
    t.equal(
      await titan.shell("stat -c '%U %a' /var/lib/hecate /etc/hecate/hecate.yaml"),
      'hecate 700\nroot 644\n',
    );
  });

  await t.test('the hosts join, and a unit is started', async (t) => {
    await ctl(titan, 'ca', 'init');
    for (const host of hosts) await joinSite(titan, host);
    await untilOnline(titan, names);
    await addUnit(worker, 'work.service');
    await ctl(titan, 'start', 'worker', 'work.service');
    t.equal(await worker.state('work.service'), 'active');
  });

  await t.test('booted again, all is as it was', async (t) => {
    for (const host of hosts) await host.node.poweroff();
    await Promise.all(hosts.map((host) => host.boot()));
    await untilOnline(titan, names);
    await ctl(titan, 'start', 'worker', 'work.service');
    t.equal(await worker.state('work.service'), 'active');
  });

  await t.test(
    'unpacked and not yet started again, what runs misses nothing of its own release',
    async (t) => {
      // Started just now, it has used as little of itself as can be.
      await titan.runOrThrow(['systemctl', 'restart', 'hecate-manager.service']);
      await untilOnline(titan, names);
      await titan.shell(`dpkg --unpack ${[...all(upgrade), `${upgrade}/hecatectl_*.deb`].join(' ')} 2>&1`);
      t.notMatch(await ctl(titan, 'version'), /manager.*9\.8\.7/, 'the manager that runs is the old one');
      const token = await ctl(titan, 'node', 'enroll', 'worker');
      const joined = await worker.run(['hecate-agent', 'join'], { input: token });
      t.equal(joined.exitCode, 0, joined.stderr);
      await worker.runOrThrow(['systemctl', 'restart', 'hecate-agent.service']);
      await untilOnline(titan, names);
    },
  );

  await t.test('upgraded over a configuration that was edited', async (t) => {
    const edited = '# edited\nsite: mine\n';
    const policy = '# edited\n[Policy]\nAllow=* *\n';
    await titan.node.writeFile('/etc/hecate/hecate.yaml', edited);
    await worker.node.writeFile('/etc/hecate/agent-policy.conf', policy);
    const pid = () =>
      worker.runOrThrow(['systemctl', 'show', '--value', '--property=MainPID', 'work.service']);
    const before = await pid();
    await Promise.all([
      installFiles(titan, [...all(upgrade), `${upgrade}/hecatectl_*.deb`]),
      installFiles(worker, [`${upgrade}/hecate-runtime_*.deb`, `${upgrade}/hecate-agent_*.deb`]),
    ]);
    await untilOnline(titan, names);
    t.match(await ctl(titan, 'version'), '9.8.7');
    t.match(await ctl(titan, 'list-nodes'), /worker +online.*9\.8\.7/, 'the agent that runs is the new one');
    t.equal(await titan.node.readFile('/etc/hecate/hecate.yaml'), edited);
    t.equal(await worker.node.readFile('/etc/hecate/agent-policy.conf'), policy);
    t.equal(await pid(), before, 'what it started runs on');
    t.match(await ctl(titan, 'operations'), /work\.service/, 'and the manager remembers it');
  });

  await t.test('removed, it leaves configuration and identity; installed again, it goes on', async (t) => {
    await apt(worker, 'remove', 'hecate-agent');
    t.equal((await worker.run(['sh', '-c', 'command -v hecate-agent'])).exitCode, 127);
    t.equal(await worker.state('work.service'), 'active');
    t.match(await worker.node.readFile('/etc/hecate/agent-policy.conf'), 'edited');
    await installFiles(worker, [`${upgrade}/hecate-agent_*.deb`]);
    await untilOnline(titan, names);
  });

  await t.test('purged, nothing is left but the user', async (t) => {
    await apt(titan, 'purge', 'hecate-manager', 'hecate-agent', 'hecatectl', 'hecate-runtime');
    const left = await titan.shell('find / -xdev -name "*hecate*" | sort');
    // The node's own: what it was given, the checkout's mount point, and a setting of its journal.
    const own = /^\/(root|srv|opt)\/|^\/etc\/systemd\/journald\.conf\.d\//;
    t.same(
      left.split('\n').filter((path) => path !== '' && !own.test(path)),
      [],
    );
    t.match(
      await titan.runOrThrow(['getent', 'passwd', 'hecate']),
      'nologin',
      'files of its own may be left',
    );
    t.equal((await titan.run(['systemctl', 'is-system-running'])).stdout.trim(), 'running');
  });
});
