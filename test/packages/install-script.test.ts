/**
 * packaging/install.sh on hosts without Node.js: NUT set up, nothing changed by a second run, upgrades over what was
 * edited, a startup of the site at boot, and away again.
 */
import { join } from 'node:path';
import t from 'tap';
import type { ExecuteResult } from '../nodes/execute.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { repositoryFolder } from '../nodes/user-node.ts';
import { type BareHost, bareHosts } from './support/bare-host.ts';
import { changedPaths, diskTree } from './support/disk-tree.ts';
import { addUnit, ctl, dependencies, joinSite, untilOnline } from './support/packaged-site.ts';
import { quickPackages, withChangedDefault } from './support/quick-packages.ts';

const timeout = 600_000;
t.setTimeout(timeout);

/** Beside its packages, as a release has them. */
const folder = '/root/hecate';
const upgrade = '/root/upgrade';
const names = ['titan', 'worker'];
const secret = 'correct.horse.battery';

/** NUT as it is by then. */
const noNut = { HECATE_MANAGE_NUT: '0' };

type Environment = Readonly<Record<string, string>>;

const install = (host: BareHost, env: Environment = {}, ...args: string[]): Promise<ExecuteResult> =>
  host.run([`${folder}/install.sh`, ...args], { env: { ...env } });

t.test('install.sh', { skip: await skipUnless('booted'), timeout }, async (t) => {
  const newer = await quickPackages(t, '9.8.7');
  await withChangedDefault(newer, 'hecate-manager', 'etc/hecate/hecate.yaml', '# a new default');
  const hosts = await bareHosts(t, {
    names,
    available: [...dependencies, 'nut-client', 'nut-server', 'strace'],
    files: {
      [folder]: await quickPackages(t),
      [`${folder}/install.sh`]: join(repositoryFolder, 'packaging/install.sh'),
      [`${folder}/nut`]: join(repositoryFolder, 'packaging/nut'),
      [upgrade]: newer,
    },
  });
  const [titan, worker] = hosts as [BareHost, BareHost];
  const config = '/etc/hecate/hecate.yaml';

  await t.test('a dry run tells all, and does nothing', async (t) => {
    const before = await diskTree(titan);
    const { exitCode, stdout, stderr } = await install(titan, {}, '--dry-run');
    t.equal(exitCode, 0, stderr);
    t.match(stdout, /^would install nut-client nut-server$/m);
    t.match(
      stdout,
      /^would install hecate-runtime hecate-agent hecate-manager hecatectl from \/root\/hecate$/m,
    );
    t.match(stdout, /^would write \/etc\/nut\/upsd\.users$/m);
    t.same(changedPaths(before, await diskTree(titan)), []);
    const manager = await install(titan, { HECATE_ROLE: 'manager', HECATE_MANAGE_NUT: '0' }, '--dry-run');
    t.match(manager.stdout, /^would install nut-client$/m);
    t.match(manager.stdout, /^would install hecate-runtime hecate-manager hecatectl from /m);
    t.notMatch(manager.stdout, /\/etc\/nut|hecate-agent/);
  });

  await t.test('the first run installs all that the role needs', async (t) => {
    // On one host somebody has begun, and was cut short.
    await worker.shell(`dpkg --unpack ${folder}/hecate-agent_*.deb 2>&1; touch /var/lib/dpkg/updates/0000`);
    // An administrator's, from before: it stays.
    await titan.node.writeFile(config, 'site: home\n');
    const [first, second] = await Promise.all([install(titan), install(worker, { HECATE_ROLE: 'agent' })]);
    t.equal(first.exitCode, 0, first.stderr);
    t.equal(second.exitCode, 0, second.stderr);
    t.match(first.stdout, /kubectl is not here, and no package source of this host has it/);
    t.match(first.stdout, /next: hecatectl ca init/);
    t.match(second.stdout, /next: hecate-agent join/);
    t.equal(await titan.node.readFile(config), 'site: home\n');
    t.equal(await titan.state('hecate-manager'), 'active');
    const [power = ''] = /power: \{.*\}/.exec(first.stdout) ?? [];
    await titan.node.writeFile('/root/power.yaml', power);
    await titan.runOrThrow(['hecate-manager', '--check', '--config', '/root/power.yaml']);
    t.match(power, 'ups@127.0.0.1:3493', 'what is still to be written is told as it is to be written');
    const packages = await worker.shell("dpkg-query -W 'hecate*' 'nut*' 2>/dev/null | cut -f 1 | xargs");
    t.equal(packages, 'hecate-agent hecate-runtime\n', 'an agent needs no more');
  });

  await t.test("NUT's server answers for the UPS, and upsmon does not run", async (t) => {
    t.equal(await titan.state('nut-server'), 'active');
    await until(async () => (await titan.run(['upsc', '-l'])).stdout === 'ups\n', {
      what: 'upsd knows the UPS',
    });
    t.equal((await titan.run(['systemctl', 'is-enabled', 'nut-monitor'])).stdout, 'masked\n');
    const driver = await titan.run(['/lib/nut/usbhid-ups', '-a', 'ups']);
    t.match(
      driver.stdout + driver.stderr,
      /No matching HID UPS found|no USB buses found/,
      'its driver reads ups.conf',
    );
    const modes = await titan.shell("stat -c '%U:%G %a' /etc/nut/upsd.users /etc/hecate/nut-password-ups");
    t.equal(modes, 'root:nut 640\nhecate:hecate 600\n');
    const password = (await titan.node.readFile('/etc/hecate/nut-password-ups')).trim();
    t.match(password, /^[0-9a-f]{32}$/, 'generated');
    const users = await titan.node.readFile('/etc/nut/upsd.users');
    const [, secondary = ''] = /\[monitor\]\n {2}password = ([0-9a-f]{32})\n/.exec(users) ?? [];
    t.match(users, `[hecate]\n  password = ${password}`);
    const talk = 'exec 3<>/dev/tcp/127.0.0.1/3493; cat >&3; cat <&3';
    const answers = async (user: string, secret: string, ...asks: string[]): Promise<string> => {
      const lines = [`USERNAME ${user}`, `PASSWORD ${secret}`, ...asks, 'LOGOUT'];
      return titan.runOrThrow(['bash', '-c', talk], { input: `${lines.join('\n')}\n` });
    };
    t.equal(
      await answers('monitor', secondary, 'LOGIN ups', 'FSD ups'),
      'OK\nOK\nOK\nERR ACCESS-DENIED\nOK Goodbye\n',
      'a secondary may log in, and no more',
    );
    t.equal(
      await answers('hecate', password, 'PRIMARY ups', 'FSD ups'),
      'OK\nOK\nOK PRIMARY-GRANTED\nOK FSD-SET\nOK Goodbye\n',
      'Hecate may set FSD',
    );
    t.match(
      await titan.node.readFile('/etc/udev/rules.d/62-hecate-ups.rules'),
      'ATTR{idVendor}=="0764", ATTR{idProduct}=="0601", MODE="0660", GROUP="nut"',
    );
  });

  await t.test('a second run changes nothing, times included', async (t) => {
    for (const [host, env] of [
      [titan, {}],
      [worker, { HECATE_ROLE: 'agent' }],
    ] as const) {
      const before = await diskTree(host);
      const { exitCode, stdout, stderr } = await install(host, env);
      t.equal(exitCode, 0, stderr);
      t.match(stdout, /^nothing to change$/m);
      t.same(changedPaths(before, await diskTree(host)), [], host.node.name);
    }
  });

  await t.test('other settings are taken up, and a password is seen by nobody', async (t) => {
    await titan.shell('apt-get -q -y install --no-install-recommends strace');
    const env = {
      HECATE_NUT_VENDOR_ID: '051D',
      HECATE_NUT_PRODUCT_ID: '0002',
      HECATE_NUT_MONITOR_PASSWORD: secret,
    };
    const ownBefore = await titan.node.readFile('/etc/hecate/nut-password-ups');
    const traced = ['strace', '-f', '-v', '-s', '65536', '-e', 'trace=execve', '-o', '/tmp/trace'];
    const { exitCode, stdout, stderr } = await titan.run([...traced, `${folder}/install.sh`], { env });
    t.equal(exitCode, 0, stderr);
    const [itself = '', ...called] = (await titan.node.readFile('/tmp/trace')).split('\n');
    t.match(itself, secret, 'the trace shows environments');
    t.ok(called.length > 20, `${called.length} programs`);
    t.equal(
      called.filter((line) => line.includes(secret)).length,
      0,
      'on no command line, in no environment',
    );
    t.notMatch(stdout + stderr, secret);
    t.match(await titan.node.readFile('/etc/nut/upsd.users'), `[monitor]\n  password = ${secret}\n`);
    t.equal(await titan.node.readFile('/etc/hecate/nut-password-ups'), ownBefore, "Hecate's own stays");
    t.match(await titan.node.readFile('/etc/nut/ups.conf'), /vendorid = 051d\n {2}productid = 0002/);
  });

  await t.test('what an administrator edited in NUT is left alone', async (t) => {
    await titan.shell('echo "MAXAGE 20" >>/etc/nut/upsd.conf');
    const before = await diskTree(titan);
    const { exitCode, stdout } = await install(titan);
    t.equal(exitCode, 0);
    t.match(stdout, 'NUT stays as it is: /etc/nut/upsd.conf has been edited');
    const asked = await install(titan, { HECATE_MANAGE_NUT: '1' });
    t.equal(asked.exitCode, 1);
    t.match(asked.stderr, '/etc/nut/upsd.conf has been edited');
    t.same(changedPaths(before, await diskTree(titan)), []);
    await titan.shell("sed -i '$d' /etc/nut/upsd.conf");
  });

  await t.test('an upgrade keeps a configuration that both sides have changed', async (t) => {
    const inventory = [
      { name: 'titan', role: 'coordinator' },
      { name: 'worker', units: ['work.service'] },
    ];
    const text = JSON.stringify({ site: 'home', inventory });
    await titan.node.writeFile(config, text);
    // Not asked for, the agent is here, and does not fit the others any more.
    const manager = { ...noNut, HECATE_ROLE: 'manager' };
    const { exitCode, stdout, stderr } = await install(titan, manager, '--packages', upgrade);
    t.equal(exitCode, 0, stderr);
    t.match(stdout, /^install hecate-runtime hecate-agent hecate-manager hecatectl from \/root\/upgrade$/m);
    t.equal(await titan.node.readFile(config), text);
    t.match(await titan.node.readFile(`${config}.dpkg-dist`), '# a new default');
    t.match(await ctl(titan, 'version'), '9.8.7');
    const older = await install(titan, noNut);
    t.match(
      older,
      { exitCode: 1, stderr: /hecate-runtime 9\.8\.7 is here, which is newer than/ },
      'never back',
    );
    t.match(await ctl(titan, 'version'), '9.8.7');
  });

  await t.test('HECATE_ENABLE_BOOTSTRAP=1: the site is started up when the host boots', async (t) => {
    await ctl(titan, 'ca', 'init');
    for (const host of hosts) await joinSite(titan, host);
    await untilOnline(titan, names);
    await addUnit(worker, 'work.service');
    const enabled = await install(titan, { ...noNut, HECATE_ENABLE_BOOTSTRAP: '1' }, '--packages', upgrade);
    t.equal(enabled.exitCode, 0, enabled.stderr);
    t.equal(await titan.state('hecate-bootstrap'), 'inactive', 'at the next boot');
    t.equal(await worker.state('work.service'), 'inactive');
    await titan.node.poweroff();
    await titan.boot();
    await until(async () => (await worker.state('work.service')) === 'active', {
      what: 'the startup has started the unit on the other host',
      timeoutMs: 90_000,
      intervalMs: 200,
    });
    const ended = async () => {
      const runs = JSON.parse(await ctl(titan, 'runs', 'list', '-o', 'json'));
      return runs.some(
        ({ plan, state }: { plan: string; state: string }) => plan === 'startup' && state === 'done',
      );
    };
    await until(ended, { what: 'the startup is done', timeoutMs: 60_000, intervalMs: 200 });
    const disabled = await install(titan, { ...noNut, HECATE_ENABLE_BOOTSTRAP: '0' }, '--packages', upgrade);
    t.match(disabled.stdout, /^disable hecate-bootstrap\.service$/m);
  });

  await t.test('uninstalled, state and configuration stay; purged, they go', async (t) => {
    const removed = await install(titan, {}, '--uninstall');
    t.equal(removed.exitCode, 0, removed.stderr);
    await titan.shell(`test ! -e /usr/bin/hecatectl; test -s ${config}; test -s /etc/nut/upsd.users.before-hecate
test -d /var/lib/hecate/authority; test -e /var/lib/hecate-agent/identity/current`);
    const purged = await install(titan, {}, '--uninstall', '--purge');
    t.equal(purged.exitCode, 0, purged.stderr);
    await titan.shell(`for path in /etc/hecate /var/lib/hecate /var/lib/hecate-agent \\
/var/lib/hecate-update /var/log/hecate \\
/etc/nut/upsd.users.before-hecate /etc/udev/rules.d/62-hecate-ups.rules; do test ! -e $path; done`);
    t.equal((await titan.run(['dpkg', '-V', 'nut-server', 'nut-client'])).stdout.match(/\/etc\/.*/g), null);
    const again = await install(titan, {}, '--uninstall', '--purge');
    t.match(again.stdout, /^nothing to change$/m);
  });
});
