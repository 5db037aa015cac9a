/** The way back from a release that is broken, on the agent's host and on the manager's, also over a power cut. */
import t from 'tap';
import { SigningKey } from '../../update/test/support/signing-key.ts';
import { until } from '../nodes/until.ts';
import { ctl, untilOnline } from './support/packaged-site.ts';
import { quickPackages } from './support/quick-packages.ts';
import { brokenRelease, releaseFolder } from './support/releases.ts';
import { configure, journal, keyring, limit, names, skipUpdates, updateSite } from './support/update-site.ts';

const timeout = 600_000;
t.setTimeout(timeout);

const [present, bad, deaf, spoiling] = ['0.1.0', '0.3.0', '0.4.0', '0.5.0'];
const [badFolder, deafFolder, spoilingFolder] = ['/srv/bad', '/srv/deaf', '/srv/spoiling'];

t.test('releases that are broken', { skip: await skipUpdates(), timeout }, async (t) => {
  t.bail = true;
  const key = await SigningKey.make(t);
  const packages = await quickPackages(t, present);
  const offered = {
    [badFolder]: releaseFolder(t, packages, await brokenRelease(t, packages, bad)),
    // Of the present release each host has kept its packages by then.
    [deafFolder]: await brokenRelease(t, packages, deaf, 'deaf'),
    [spoilingFolder]: releaseFolder(t, packages, await brokenRelease(t, packages, spoiling, 'spoils')),
  };
  for (const folder of Object.values(offered)) await key.sign(folder);
  const files = { ...offered, [keyring]: key.keyring };
  const site = await updateSite(t, { files, folder: badFolder, release: present });
  const { titan, worker, versions } = site;

  await t.test('a release that does not come up: the worker goes back, and nobody else begins', async (t) => {
    for (const host of [titan, worker]) await configure(host, `directory:${badFolder}`);
    const { exitCode } = await titan.run(['systemctl', 'start', 'hecate-update.service'], limit);
    const [here, there] = [await journal(titan), await journal(worker)];
    t.equal(exitCode, 1, here);
    t.match(here, /worker: hecate-update.service has failed.*this host is not begun/);
    t.match(there, /0\.3\.0 did not come up \(hecate-agent.service is .*\): back to 0\.1\.0/);
    t.same(await versions(), [present, present]);
    await untilOnline(titan, names);
    t.equal(await worker.state('work.service'), 'active');
    const again = await worker.run(['hecate-update'], limit);
    t.match(again, { exitCode: 1, stdout: /0\.3\.0 did not come up here before/ }, 'it is not tried again');
  });

  await t.test('an agent that is up and that no manager hears: back, too', async (t) => {
    await configure(worker, `directory:${deafFolder}`);
    const { exitCode, stdout } = await worker.run(['hecate-update'], limit);
    t.match(stdout, /0\.4\.0 did not come up \(.* has no session with a manager: deaf\): back to 0\.1\.0/);
    t.equal(exitCode, 1);
    await untilOnline(titan, names);
  });

  await t.test('a manager that the one before cannot follow: back, on the state of before', async (t) => {
    await configure(titan, `directory:${spoilingFolder}`);
    const { exitCode, stdout, stderr } = await titan.run(['hecate-update', '--this-host'], limit);
    t.match(stdout, /0\.5\.0 did not come up \(hecate-manager.service is .*\): back to 0\.1\.0/, stderr);
    t.match(stdout, /the manager does not start on its state: \S+-0\.1\.0\.tar is restored/);
    t.equal(exitCode, 1);
    t.match(await ctl(titan, 'version'), present);
    await untilOnline(titan, names);
    t.equal(await worker.state('work.service'), 'active');
    const modes = await titan.runOrThrow(['sh', '-c', 'stat -c %a /var/lib/hecate-update/backups/*']);
    t.equal(modes, '600\n', 'for root alone');
  });

  await t.test('on hold: nothing is touched', async (t) => {
    await worker.runOrThrow(['apt-mark', 'hold', 'hecate-agent']);
    const { exitCode, stderr } = await worker.run(['hecate-update', '--retry'], limit);
    t.equal(exitCode, 1);
    t.match(stderr, /hecate-agent 0\.1\.0 is on hold[\s\S]*apt-mark unhold hecate-agent/);
    t.same(await versions(), [present, present]);
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
      t.same(await versions(), [present, bad]);
      await worker.node.pullPlug();
      await worker.boot();
      await until(async () => /"idle"/.test(await worker.node.readFile(record)), {
        what: 'the way back is over',
        timeoutMs: 180_000,
      });
      t.same(await versions(), [present, present]);
      const said = ['journalctl', '--no-pager', '-o', 'cat', '-u', 'hecate-update-resume.service'];
      t.match(await worker.runOrThrow(said), /0\.3\.0 did not come up \(it was cut short\): back to 0\.1\.0/);
      await untilOnline(titan, names);
      t.equal((await worker.run(['test', '-e', '/var/lib/hecate-update/unfinished'])).exitCode, 1);
    },
  );
});
