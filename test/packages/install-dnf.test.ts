/**
 * The installer and the .rpm files with a real dnf, on a Debian without apt-get: what a Fedora has by itself is stood in
 * for (support/rpm-host.spec).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { SigningKey, skipWithoutGpg } from '../../update/test/support/signing-key.ts';
import { execute } from '../nodes/execute.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { repositoryFolder } from '../nodes/user-node.ts';
import { type BareHost, bareHosts } from './support/bare-host.ts';
import { changedPaths, diskTree } from './support/disk-tree.ts';
import { lacking } from './support/lacking.ts';
import { addUnit, ctl, dependencies, joinSite, untilOnline } from './support/packaged-site.ts';
import { quickPackages } from './support/quick-packages.ts';
import { releaseFolder } from './support/releases.ts';
import { rpmRelease } from './support/rpm-release.ts';

const timeout = 600_000;
t.setTimeout(timeout);

const folder = '/root/hecate';
const upgrade = '/root/upgrade';
const repository = '/srv/repository';
const config = '/etc/hecate/hecate.yaml';
const releases = '/srv/releases';
const [good, broken] = ['9.8.8', '9.9.0'];
const keyring = '/etc/hecate/update-keyring.gpg';

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

const skip = (await skipUnless('booted')) || (await lacking(['rpmbuild', 'cpio'])) || skipWithoutGpg();

t.test('install.sh with dnf', { skip, timeout }, async (t) => {
  const upgraded = await quickPackages(t, '9.8.7', 'rpm');
  const key = await SigningKey.make(t);
  const offered = releaseFolder(t, upgraded, await rpmRelease(t, upgraded, good));
  await key.sign(offered);
  const offeredBroken = await rpmRelease(t, upgraded, broken, { isBroken: true });
  await key.sign(offeredBroken);
  const [host] = (await bareHosts(t, {
    names: ['titan'],
    available: [...dependencies, 'dnf', 'rpm', 'createrepo-c'],
    files: {
      [folder]: await quickPackages(t, undefined, 'rpm'),
      [upgrade]: upgraded,
      [`${releases}/good`]: offered,
      [`${releases}/broken`]: offeredBroken,
      '/root/keyring.gpg': key.keyring,
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

  const versions = async (): Promise<string[]> => {
    const asked = ['rpm', '-qa', '--queryformat', '%{NAME} %{VERSION}\\n', 'hecate*'];
    return (await host.runOrThrow(asked)).trim().split('\n').toSorted();
  };
  const allOf = (version: string): string[] =>
    ['hecate-agent', 'hecate-manager', 'hecate-runtime', 'hecatectl'].map((name) => `${name} ${version}`);
  const update = async (folder: string) => {
    await host.node.writeFile(
      '/etc/hecate/update.conf',
      `Source=directory:${releases}/${folder}\nHealthTimeLimit=20s\n`,
    );
    return host.run(['hecate-update'], { timeoutMs: 400_000 });
  };

  await t.test('hecate-update brings the next release, and what runs there runs on', async (t) => {
    await host.shell(`cp /root/keyring.gpg ${keyring}`);
    t.same(await versions(), allOf('9.8.7'));
    const { exitCode, stdout, stderr } = await update('good');
    t.equal(exitCode, 0, `${stdout}${stderr}`);
    t.match(stdout, /updated from 9\.8\.7 to 9\.8\.8/);
    t.same(await versions(), allOf(good));
    await untilOnline(host, ['titan']);
    t.equal(await host.state('work.service'), 'active');
    t.equal(await host.node.readFile(config), 'site: mine\n');
  });

  await t.test('a release whose agent does not come up goes back', async (t) => {
    const { exitCode, stdout, stderr } = await update('broken');
    t.equal(exitCode, 1, `${stdout}${stderr}`);
    t.match(stdout, /9\.9\.0 did not come up \(hecate-agent.service is .*\): back to 9\.8\.8/);
    t.same(await versions(), allOf(good));
    await untilOnline(host, ['titan']);
    t.equal(await host.state('work.service'), 'active');
    t.match(await update('broken'), { exitCode: 1, stdout: /9\.9\.0 did not come up here before/ });
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
