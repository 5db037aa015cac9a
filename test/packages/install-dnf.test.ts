/**
 * The installer and the .rpm files with a real dnf, on a Debian without apt-get: what a Fedora has by itself is stood in
 * for (support/rpm-host.spec).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { execute } from '../nodes/execute.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { repositoryFolder } from '../nodes/user-node.ts';
import { type BareHost, bareHosts } from './support/bare-host.ts';
import { changedPaths, diskTree } from './support/disk-tree.ts';
import { lacking } from './support/lacking.ts';
import { addUnit, ctl, dependencies, joinSite, untilOnline } from './support/packaged-site.ts';
import { quickPackages } from './support/quick-packages.ts';

const timeout = 600_000;
t.setTimeout(timeout);

const folder = '/root/hecate';
const upgrade = '/root/upgrade';
const repository = '/srv/repository';
const config = '/etc/hecate/hecate.yaml';

/** Packages of the stand-ins; gone with the test. */
async function hostPackages(t: Test): Promise<string> {
  const top = mkdtempSync(join(tmpdir(), 'hecate-rpm-host-'));
  t.teardown(() => rmSync(top, { recursive: true, force: true }));
  const spec = join(repositoryFolder, 'test/packages/support/rpm-host.spec');
  const { exitCode, stderr } = await execute([
    'rpmbuild',
    '--quiet',
    '--define',
    `_topdir ${top}`,
    '-bb',
    spec,
  ]);
  if (exitCode !== 0) throw new Error(`no stand-ins: ${stderr}`);
  return join(top, 'RPMS/noarch');
}

const prepare = `export DEBIAN_FRONTEND=noninteractive
apt-get -q -y install --no-install-recommends dnf rpm createrepo-c ${dependencies.join(' ')} >/root/apt.log 2>&1
createrepo_c -q ${repository}
mkdir -p /etc/yum.repos.d
printf '[local]\\nname=local\\nbaseurl=file://%s\\ngpgcheck=0\\n' ${repository} >/etc/yum.repos.d/local.repo
dnf -q -y install host
rm /usr/bin/apt-get`;

const install = (host: BareHost, ...args: string[]) => host.run([`${folder}/install.sh`, ...args]);

const skip = (await skipUnless('booted')) || (await lacking(['rpmbuild']));

t.test('install.sh with dnf', { skip, timeout }, async (t) => {
  const [host] = (await bareHosts(t, {
    names: ['titan'],
    available: [...dependencies, 'dnf', 'rpm', 'createrepo-c'],
    files: {
      [folder]: await quickPackages(t, undefined, 'rpm'),
      [upgrade]: await quickPackages(t, '9.8.7', 'rpm'),
      [`${folder}/install.sh`]: join(repositoryFolder, 'packaging/install.sh'),
      [`${folder}/nut`]: join(repositoryFolder, 'packaging/nut'),
      [repository]: await hostPackages(t),
    },
  })) as [BareHost];
  await host.shell(prepare);

  await t.test('it installs, sets NUT up, and starts the manager', async (t) => {
    const { exitCode, stdout, stderr } = await install(host);
    t.equal(exitCode, 0, stderr);
    t.match(stdout, /^install nut-client nut$/m);
    t.match(stdout, /^write \/etc\/ups\/upsd\.users$/m);
    t.equal(await host.state('hecate-manager'), 'active');
    t.equal(await host.state('nut-server'), 'active');
    t.equal(await host.shell("stat -c '%U:%G %a' /etc/ups/upsd.users"), 'root:nut 640\n');
  });

  await t.test('a second run changes nothing, times included', async (t) => {
    const before = await diskTree(host);
    const { stdout } = await install(host);
    t.match(stdout, /^nothing to change$/m);
    t.same(changedPaths(before, await diskTree(host)), []);
  });

  await t.test('the programs work, and are upgraded over a configuration that was edited', async (t) => {
    await ctl(host, 'ca', 'init');
    await joinSite(host, host);
    await untilOnline(host, ['titan']);
    await addUnit(host, 'work.service');
    await ctl(host, 'start', 'titan', 'work.service');
    t.equal(await host.state('work.service'), 'active');
    await host.node.writeFile(config, 'site: mine\n');
    const { exitCode, stderr } = await install(host, '--packages', upgrade);
    t.equal(exitCode, 0, stderr);
    await untilOnline(host, ['titan']);
    t.match(await ctl(host, 'list-nodes'), /titan +online.*9\.8\.7/);
    t.equal(await host.node.readFile(config), 'site: mine\n');
    t.equal(await host.state('work.service'), 'active');
  });

  await t.test('uninstalled, state and configuration stay; purged, they go', async (t) => {
    const removed = await install(host, '--uninstall');
    t.equal(removed.exitCode, 0, removed.stderr);
    t.equal(await host.state('hecate-manager'), 'inactive');
    await host.shell(
      'test ! -e /usr/bin/hecatectl; test -d /var/lib/hecate/authority; ls /etc/hecate/hecate.yaml*',
    );
    const purged = await install(host, '--uninstall', '--purge');
    t.equal(purged.exitCode, 0, purged.stderr);
    await host.shell('test ! -e /etc/hecate; test ! -e /var/lib/hecate; test ! -e /var/lib/hecate-agent');
    t.equal(await host.node.readFile('/etc/ups/upsd.users'), '# upsd.users as it comes\n');
    t.match((await install(host, '--uninstall', '--purge')).stdout, /^nothing to change$/m);
  });
});
