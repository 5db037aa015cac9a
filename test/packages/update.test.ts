/** A site that is kept up to date: the agent's host, then the manager's; and the way back from a release that is broken. */
import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { SigningKey } from '../../update/test/support/signing-key.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { type BareHost, bareHosts } from './support/bare-host.ts';
import { addUnit, ctl, dependencies, joinSite, untilOnline } from './support/packaged-site.ts';
import { quickPackages } from './support/quick-packages.ts';
import { breakProgram, releaseFolder } from './support/releases.ts';

const timeout = 500_000;
t.setTimeout(timeout);
t.bail = true;

const names = ['titan', 'worker'];
const [first, second, third] = ['0.1.0', '0.2.0', '0.3.0'];
const releases = '/srv/releases';

const versionOf = async (host: BareHost, name: string): Promise<string> =>
  host.runOrThrow(['dpkg-query', '--show', `--showformat=\${Version}`, name]);

t.test('updates', { skip: await skipUnless('booted'), timeout }, async (t) => {
  const packages = await Promise.all([quickPackages(t, first), quickPackages(t, second)]);
  const broken = await quickPackages(t, third);
  await breakProgram(broken, 'hecate-agent');
  const [key, stranger] = [await SigningKey.make(t), await SigningKey.make(t)];
  const good = releaseFolder(t, ...packages);
  await key.sign(good);

  const hosts = await bareHosts(t, { names, available: dependencies, files: { '/root/first': packages[0] } });
  const [titan, worker] = hosts as [BareHost, BareHost];
  /** What both hosts see under /srv/releases. */
  const offer = (folder: string): void => {
    for (const { node } of hosts) {
      const place = join(node.stateFolder, 'disk', releases);
      cpSync(folder, place, { recursive: true, force: true });
    }
  };
  const update = async (host: BareHost) => {
    const { exitCode } = await host.run(['systemctl', 'start', 'hecate-update.service'], {
      timeoutMs: 400_000,
    });
    const said = await host.runOrThrow([
      ...['journalctl', '--no-pager', '-o', 'cat', '-t', 'hecate-update', '--since', '-10min'],
    ]);
    return { exitCode, said };
  };
  const versions = () => Promise.all(hosts.map((host) => versionOf(host, 'hecate-agent')));

  await t.test('a site of the first release', async (t) => {
    const install = 'DEBIAN_FRONTEND=noninteractive apt-get -q -y install';
    await titan.shell(`${install} /root/first/*.deb 2>&1`);
    await worker.shell(`${install} /root/first/hecate-runtime_*.deb /root/first/hecate-agent_*.deb 2>&1`);
    await ctl(titan, 'ca', 'init');
    for (const host of hosts) await joinSite(titan, host);
    await untilOnline(titan, names);
    await addUnit(worker, 'work.service');
    await ctl(titan, 'start', 'worker', 'work.service');
    t.match(await update(titan), { exitCode: 0 }, 'nothing is configured, nothing is done');
    for (const { node } of hosts) {
      await node.writeFile('/etc/hecate/update.conf', `Source=directory:${releases}\nHealthTimeLimit=30s\n`);
      cpSync(key.keyring, join(node.stateFolder, 'disk/etc/hecate/update-keyring.gpg'));
    }
    t.same(await versions(), [first, first]);
  });

  await t.test('a good release: the worker first, the host of the manager last', async (t) => {
    offer(good);
    const { exitCode, said } = await update(titan);
    t.equal(exitCode, 0, said);
    t.same(await versions(), [second, second], said);
    t.equal(await versionOf(titan, 'hecate-manager'), second);
    await untilOnline(titan, names);
    t.match(await ctl(titan, 'version'), second, 'the manager that runs is the new one');
    t.match(await ctl(titan, 'list-nodes'), new RegExp(`worker +online.*${second.replaceAll('.', '\\.')}`));
    t.equal(await worker.state('work.service'), 'active', 'what runs there runs on');
    t.match(said, /worker: hecate-update.service is started[\s\S]*updated from 0\.1\.0 to 0\.2\.0/);
  });

  const bad = releaseFolder(t, packages[1], broken);

  await t.test('what is not signed as it should be is not installed', async (t) => {
    const host = async (folder: string) => {
      offer(folder);
      const { exitCode, stderr } = await worker.run(['hecate-update']);
      t.same(await versions(), [second, second]);
      return { exitCode, stderr };
    };
    await stranger.sign(bad);
    t.match(await host(bad), { exitCode: 77, stderr: /signature is not good/ }, "a stranger's signature");
    await key.sign(bad);
    const tampered = releaseFolder(t, bad);
    appendFileSync(join(tampered, `hecate-agent_${third}_all.deb`), 'more');
    t.match(await host(tampered), { exitCode: 1 }, 'a package that was changed afterwards');
    appendFileSync(join(tampered, 'SHA256SUMS'), `${'0'.repeat(64)}  other.deb\n`);
    t.match(await host(tampered), { exitCode: 77 }, 'a list that was changed afterwards');
  });

  await t.test('put off while it is not known that mains is there', async (t) => {
    offer(bad);
    const config = await titan.node.readFile('/etc/hecate/hecate.yaml');
    const power = 'power: { upses: [{ name: rack, ups: "rack@127.0.0.1:1" }] }\n';
    await titan.node.writeFile('/etc/hecate/hecate.yaml', `${config}\n${power}`);
    await titan.runOrThrow(['systemctl', 'restart', 'hecate-manager.service']);
    await untilOnline(titan, names);
    const { exitCode, stdout } = await titan.run(['hecate-update']);
    t.equal(exitCode, 75);
    t.match(stdout, /stops before anything was begun: rack has not been heard of/);
    t.same(await versions(), [second, second]);
    await titan.node.writeFile('/etc/hecate/hecate.yaml', config);
    await titan.runOrThrow(['systemctl', 'restart', 'hecate-manager.service']);
    await untilOnline(titan, names);
  });

  await t.test('a release that does not come up: the worker goes back, and nobody else begins', async (t) => {
    const { exitCode, said } = await update(titan);
    t.equal(exitCode, 1, said);
    t.match(said, /worker: hecate-update.service has failed.*this host is not begun/);
    t.match(
      await worker.runOrThrow(['journalctl', '--no-pager', '-o', 'cat', '-t', 'hecate-update']),
      /0\.3\.0 did not come up \(hecate-agent.service is .*\): back to 0\.2\.0/,
    );
    t.same(await versions(), [second, second]);
    await untilOnline(titan, names);
    t.equal(await worker.state('work.service'), 'active');

    const again = await worker.run(['hecate-update']);
    t.match(again, { exitCode: 1, stdout: /0\.3\.0 did not come up here before/ }, 'it is not tried again');
  });

  await t.test('killed in the middle: the next start takes it back', async (t) => {
    const state = { phase: 'installing', from: second, to: third, refused: [] };
    await worker.shell(`dpkg --unpack ${releases}/hecate-agent_${third}_*.deb 2>&1`);
    await worker.node.writeFile('/var/lib/hecate-update/update.json', `${JSON.stringify(state)}\n`);
    const { exitCode, stdout, stderr } = await worker.run(['hecate-update']);
    t.match(stdout, /0\.3\.0 did not come up \(it was cut short\): back to 0\.2\.0/, stderr);
    t.equal(exitCode, 1);
    t.same(await versions(), [second, second]);
    await untilOnline(titan, names);
  });
});
