/** A site that is kept up to date: the agent's host, then the manager's; and the way back from a release that is broken. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { SigningKey, skipWithoutGpg } from '../../update/test/support/signing-key.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { type BareHost, bareHosts } from './support/bare-host.ts';
import { addUnit, ctl, dependencies, joinSite, untilOnline } from './support/packaged-site.ts';
import { quickPackages } from './support/quick-packages.ts';
import { brokenRelease, makeAptRepository, releaseFolder } from './support/releases.ts';

const timeout = 600_000;
t.setTimeout(timeout);

const names = ['titan', 'worker'];
const [first, second, third, fourth, fifth] = ['0.1.0', '0.2.0', '0.3.0', '0.4.0', '0.5.0'];
const [goodFolder, badFolder, deafFolder, spoilingFolder, keyring] = [
  '/srv/good',
  '/srv/bad',
  '/srv/deaf',
  '/srv/spoiling',
  '/etc/hecate/update-keyring.gpg',
];

const versionOf = async (host: BareHost, name: string): Promise<string> =>
  host.runOrThrow(['dpkg-query', '--show', `--showformat=\${Version}`, name]);

const configure = (host: BareHost, source: string): Promise<void> =>
  host.node.writeFile('/etc/hecate/update.conf', `Source=${source}\nHealthTimeLimit=20s\n`);

const limit = { timeoutMs: 400_000 };

const journal = (host: BareHost): Promise<string> =>
  host.runOrThrow(['journalctl', '--no-pager', '-o', 'cat', '-u', 'hecate-update.service']);

t.test('updates', { skip: (await skipUnless('booted')) || skipWithoutGpg(), timeout }, async (t) => {
  t.bail = true;
  const [key, stranger] = [await SigningKey.make(t), await SigningKey.make(t)];
  const old = await quickPackages(t, first);
  const next = await quickPackages(t, second);
  const [good, bad] = [releaseFolder(t, old, next), await brokenRelease(t, next, third)];
  await makeAptRepository(good, key.home);
  await key.sign(good);
  await stranger.sign(bad);
  copyFileSync(join(bad, 'SHA256SUMS.gpg'), join(bad, 'stranger.gpg'));
  await key.sign(bad);
  const deaf = await brokenRelease(t, next, fourth, 'deaf');
  await key.sign(deaf);
  const spoiling = await brokenRelease(t, next, fifth, 'spoils');
  await key.sign(spoiling);

  const files = {
    [goodFolder]: good,
    [badFolder]: bad,
    [deafFolder]: deaf,
    [spoilingFolder]: spoiling,
    [keyring]: key.keyring,
  };
  const hosts = await bareHosts(t, { names, available: dependencies, files });
  const [titan, worker] = hosts as [BareHost, BareHost];
  const versions = () => Promise.all(hosts.map((host) => versionOf(host, 'hecate-agent')));

  await t.test('a site of the first release', async (t) => {
    const install = (host: BareHost, ...files: string[]) =>
      host.shell(
        `cd ${goodFolder}; DEBIAN_FRONTEND=noninteractive apt-get -q -y install ${files.join(' ')} 2>&1`,
      );
    const of = (name: string): string => `./${name}_${first}_*.deb`;
    await install(titan, ...['hecate-runtime', 'hecate-manager', 'hecate-agent', 'hecatectl'].map(of));
    await install(worker, ...['hecate-runtime', 'hecate-agent'].map(of));
    await ctl(titan, 'ca', 'init');
    for (const host of hosts) await joinSite(titan, host);
    await untilOnline(titan, names);
    await addUnit(worker, 'work.service');
    await ctl(titan, 'start', 'worker', 'work.service');
    t.match(await titan.run(['hecate-update']), { exitCode: 0, stdout: /no updates are configured/ });
    t.same(await versions(), [first, first]);
  });

  await t.test('a good release: the worker first, from apt; the host of the manager last', async (t) => {
    await configure(titan, `directory:${goodFolder}`);
    await configure(worker, 'apt');
    const list = `deb [signed-by=${keyring}] file:${goodFolder} ./\n`;
    await worker.node.writeFile('/etc/apt/sources.list.d/hecate.list', list);
    const { exitCode } = await titan.run(['systemctl', 'start', 'hecate-update.service'], limit);
    const said = `${await journal(worker)}\n${await journal(titan)}`;
    t.equal(exitCode, 0, said);
    t.same(await versions(), [second, second], said);
    t.equal(await versionOf(titan, 'hecate-manager'), second);
    await untilOnline(titan, names);
    t.match(await ctl(titan, 'version'), second, 'the manager that runs is the new one');
    t.match(await ctl(titan, 'list-nodes'), /worker +online.*0\.2\.0/, 'and so is the agent');
    t.equal(await worker.state('work.service'), 'active', 'what runs there runs on');
    t.match(
      await journal(titan),
      /worker: hecate-update.service is started[\s\S]*updated from 0\.1\.0 to 0\.2\.0/,
    );
    t.match(await worker.run(['hecate-update']), { exitCode: 0, stdout: /0\.2\.0 is the newest/ });
  });

  await t.test('what is not signed as it should be is not installed', async (t) => {
    const variant = async (name: string, change: string) => {
      await worker.shell(`cp -al ${badFolder} /srv/${name}; cd /srv/${name}; ${change}`);
      await configure(worker, `directory:/srv/${name}`);
      const { exitCode, stderr } = await worker.run(['hecate-update'], limit);
      t.same(await versions(), [second, second], name);
      return { exitCode, stderr };
    };
    const other = await variant('stranger', 'mv -f stranger.gpg SHA256SUMS.gpg');
    t.match(other, { exitCode: 77, stderr: /signature is not good/ }, "a stranger's signature");
    const package_ = `hecate-agent_${third}_all.deb`;
    const changed = await variant(
      'package',
      `cp --remove-destination ../bad/${package_} .; echo x >>${package_}`,
    );
    t.match(changed, { exitCode: 1 }, 'a package that was changed afterwards');
    const line = `${'0'.repeat(64)}  other.deb`;
    const listed = await variant(
      'list',
      `cp --remove-destination ../bad/SHA256SUMS .; echo '${line}' >>SHA256SUMS`,
    );
    t.match(listed, { exitCode: 77, stderr: /BAD signature/ }, 'a list that was changed afterwards');
  });

  await t.test('put off while a run goes on, and while it is not known that mains is there', async (t) => {
    for (const host of hosts) await configure(host, `directory:${badFolder}`);
    const config = await titan.node.readFile('/etc/hecate/hecate.yaml');
    const restart = async (text: string): Promise<void> => {
      await titan.node.writeFile('/etc/hecate/hecate.yaml', text);
      await titan.runOrThrow(['systemctl', 'restart', 'hecate-manager.service']);
      await untilOnline(titan, names);
    };
    const power = 'power: { upses: [{ name: rack, ups: "rack@127.0.0.1:1" }] }';
    const slow =
      'inventory: [{ name: worker }]\nsequences: { slow: { stages: [{ name: all, steps: [{ start: { nodes: [worker], units: [slow.service] }, timeout: 5m }] }] } }';
    const slowUnit = '[Service]\nType=oneshot\nExecStart=/bin/sleep infinity\n';
    await worker.node.writeFile(`${worker.node.unitFolder}/slow.service`, slowUnit);
    await worker.runOrThrow(['systemctl', 'daemon-reload']);
    await restart(`${config}\n${power}\n${slow}\n`);
    const runId = (await ctl(titan, 'run', 'slow', '--execute', '--detach')).trim();
    const update = () => titan.run(['hecate-update'], limit);
    t.match(await update(), {
      exitCode: 75,
      stdout: new RegExp(`before anything was begun: run ${runId} \\(slow\\)`),
    });
    await worker.run(['systemctl', 'stop', 'slow.service']);
    await until(async () => !/ running /.test(await ctl(titan, 'runs', 'list')), { what: 'the run is over' });
    t.match(await update(), { exitCode: 75, stdout: /before anything was begun: rack/ });
    t.same(await versions(), [second, second]);
    await restart(config);
  });

  await t.test('a release that does not come up: the worker goes back, and nobody else begins', async (t) => {
    const { exitCode } = await titan.run(['systemctl', 'start', 'hecate-update.service'], limit);
    const [here, there] = [await journal(titan), await journal(worker)];
    t.equal(exitCode, 1, here);
    t.match(here, /worker: hecate-update.service has failed.*this host is not begun/);
    t.match(there, /0\.3\.0 did not come up \(hecate-agent.service is .*\): back to 0\.2\.0/);
    t.same(await versions(), [second, second]);
    await untilOnline(titan, names);
    t.equal(await worker.state('work.service'), 'active');
    const again = await worker.run(['hecate-update'], limit);
    t.match(again, { exitCode: 1, stdout: /0\.3\.0 did not come up here before/ }, 'it is not tried again');
  });

  await t.test('an agent that is up and that no manager hears: back, too', async (t) => {
    await configure(worker, `directory:${deafFolder}`);
    const { exitCode, stdout } = await worker.run(['hecate-update'], limit);
    t.match(stdout, /0\.4\.0 did not come up \(.* has no session with a manager: deaf\): back to 0\.2\.0/);
    t.equal(exitCode, 1);
    await untilOnline(titan, names);
  });

  await t.test('a manager that the one before cannot follow: back, on the state of before', async (t) => {
    await configure(titan, `directory:${spoilingFolder}`);
    const { exitCode, stdout, stderr } = await titan.run(['hecate-update', '--this-host'], limit);
    t.match(stdout, /0\.5\.0 did not come up \(hecate-manager.service is .*\): back to 0\.2\.0/, stderr);
    t.match(stdout, /the manager does not start on its state: \S+-0\.2\.0\.tar is restored/);
    t.equal(exitCode, 1);
    t.match(await ctl(titan, 'version'), second);
    await untilOnline(titan, names);
    t.equal(await worker.state('work.service'), 'active');
    const modes = await titan.runOrThrow(['sh', '-c', 'stat -c %a /var/lib/hecate-update/backups/*']);
    t.equal(modes, '600\n600\n', 'of this update and of the one before');
  });

  await t.test('on hold: nothing is touched', async (t) => {
    await worker.runOrThrow(['apt-mark', 'hold', 'hecate-agent']);
    const { exitCode, stderr } = await worker.run(['hecate-update', '--retry'], limit);
    t.equal(exitCode, 1);
    t.match(stderr, /hecate-agent 0\.2\.0 is on hold[\s\S]*apt-mark unhold hecate-agent/);
    t.same(await versions(), [second, second]);
    await worker.runOrThrow(['apt-mark', 'unhold', 'hecate-agent']);
  });

  await t.test(
    'cut short by a power cut, and its agent does not start: the boot takes it back',
    async (t) => {
      const record = '/var/lib/hecate-update/update.json';
      await configure(worker, `directory:${badFolder}`);
      await worker.runOrThrow(['systemctl', 'start', '--no-block', 'hecate-update.service']);
      await until(async () => /"checking"/.test(await worker.node.readFile(record)), {
        what: 'the broken release is installed',
        timeoutMs: 120_000,
      });
      t.same(await versions(), [second, third]);
      await worker.node.pullPlug();
      await worker.boot();
      await until(async () => /"idle"/.test(await worker.node.readFile(record)), {
        what: 'the way back is over',
        timeoutMs: 180_000,
      });
      t.same(await versions(), [second, second]);
      const said = ['journalctl', '--no-pager', '-o', 'cat', '-u', 'hecate-update-resume.service'];
      t.match(await worker.runOrThrow(said), /0\.3\.0 did not come up \(it was cut short\): back to 0\.2\.0/);
      await untilOnline(titan, names);
      t.equal((await worker.run(['test', '-e', '/var/lib/hecate-update/unfinished'])).exitCode, 1);
    },
  );
});
