/**
 * A site that is kept up to date: nothing that is not signed, nothing while it would disturb, the agent's host first, and
 * the manager's last.
 */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { SigningKey } from '../../update/test/support/signing-key.ts';
import { siteAddress } from '../nodes/site-network.ts';
import { until } from '../nodes/until.ts';
import { skipWithoutUpsd } from '../nut/nut-programs.ts';
import { startUpsd } from '../nut/upsd.ts';
import { ctl, untilOnline } from './support/packaged-site.ts';
import { quickPackages } from './support/quick-packages.ts';
import { brokenRelease, makeAptRepository, releaseFolder } from './support/releases.ts';
import {
  configure,
  journal,
  keyring,
  limit,
  names,
  settings,
  skipUpdates,
  updateSite,
  versionOf,
} from './support/update-site.ts';

const timeout = 600_000;
t.setTimeout(timeout);

const [first, second, third] = ['0.1.0', '0.2.0', '0.3.0'];
const [goodFolder, badFolder] = ['/srv/good', '/srv/bad'];

/** A battery that nobody has to fear for yet. */
const onBattery = { 'ups.status': 'OB DISCHRG', 'battery.charge': '90', 'battery.runtime': '3600' };

const skip = (await skipUpdates()) || skipWithoutUpsd();

t.test('updates', { skip, timeout }, async (t) => {
  t.bail = true;
  const [key, stranger] = [await SigningKey.make(t), await SigningKey.make(t)];
  const next = await quickPackages(t, second);
  const good = releaseFolder(t, await quickPackages(t, first), next);
  const bad = await brokenRelease(t, next, third);
  await makeAptRepository(good, key.home);
  await key.sign(good);
  await stranger.sign(bad);
  copyFileSync(join(bad, 'SHA256SUMS.gpg'), join(bad, 'stranger.gpg'));
  await key.sign(bad);
  const files = { [goodFolder]: good, [badFolder]: bad, [keyring]: key.keyring };
  const site = await updateSite(t, { files, folder: goodFolder, release: first });
  const { titan, worker, network, versions, restart } = site;
  t.match(await titan.run(['hecate-update']), { exitCode: 0, stdout: /no updates are configured/ });

  const upsd = await startUpsd(t, {
    upses: { rack: { kind: 'dev', values: onBattery } },
    listen: siteAddress,
    within: network.wrap([]),
  });
  const config = await titan.node.readFile(settings);
  const untilRack = (state: string) =>
    until(async () => new RegExp(`^rack +${state} `, 'm').test(await ctl(titan, 'power', 'status')), {
      what: `rack is ${state}`,
      timeoutMs: 60_000,
      intervalMs: 200,
    });

  await t.test('put off while a UPS is on battery', async (t) => {
    const ups = `{ name: rack, ups: "rack@${siteAddress}:${upsd.port}" }`;
    await restart(`${config}\npower: { poll_interval: 1s, upses: [${ups}] }\n`);
    await configure(titan, `directory:${goodFolder}`);
    await untilRack('on-battery');
    for (const option of ['--this-host', '--retry']) {
      const { exitCode, stdout } = await titan.run(['hecate-update', option], limit);
      t.equal(exitCode, 75);
      t.match(stdout, /: rack is on battery for \d+ s: /, 'it says why');
    }
    const service = await titan.run(['systemctl', 'start', 'hecate-update.service'], limit);
    t.equal(service.exitCode, 0, 'and it is no fault of the service');
    t.same(await versions(), [first, first]);
    t.equal(await versionOf(titan, 'hecate-manager'), first);
    await upsd.set('rack', 'ups.status', 'OL CHRG');
    await untilRack('online');
  });

  await t.test(
    'a good release, once mains is back: the worker first, from apt; the host of the manager last',
    async (t) => {
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
      await restart(config);
    },
  );

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
    await worker.shell('mv /usr/bin/gpgv /usr/bin/gpgv.away');
    const unverified = await variant('verifier', 'true');
    await worker.shell('mv /usr/bin/gpgv.away /usr/bin/gpgv');
    t.match(unverified, { stderr: /gpgv is not there[\s\S]*apt-get install gpgv/ }, 'nothing to verify with');
    t.not(unverified.exitCode, 0);
    const line = `${'0'.repeat(64)}  other.deb`;
    const listed = await variant(
      'list',
      `cp --remove-destination ../bad/SHA256SUMS .; echo '${line}' >>SHA256SUMS`,
    );
    t.match(listed, { exitCode: 77, stderr: /BAD signature/ }, 'a list that was changed afterwards');
  });

  await t.test('put off while a run goes on, and while it is not known that mains is there', async (t) => {
    for (const host of [titan, worker]) await configure(host, `directory:${badFolder}`);
    const config = await titan.node.readFile(settings);
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
});
