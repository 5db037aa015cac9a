/**
 * The packaged manager and agent do all that they are for within what their units allow them, and how little that is;
 * the agent outlasts the units that it is asked to stop when its host goes down.
 */
import t from 'tap';
import { execute } from '../nodes/execute.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { repositoryFolder } from '../nodes/user-node.ts';
import { type BareHost, bareHosts } from './support/bare-host.ts';
import { addUnit, ctl, dependencies, joinSite, untilOnline } from './support/packaged-site.ts';
import { quickPackages } from './support/quick-packages.ts';

const timeout = 280_000;
t.setTimeout(timeout);

const skip = await skipUnless('booted');

/** As `systemd-analyze security` has it: 0 is confined best, 10 not at all. */
const exposureMax = { 'hecate-manager': 2.5, 'hecate-agent': 5, 'hecate-bootstrap': 3 };

t.test('how much the units are exposed', { skip }, async (t) => {
  for (const [name, max] of Object.entries(exposureMax)) {
    const unit = `${repositoryFolder}/systemd/${name}.service`;
    const argv = ['systemd-analyze', 'security', '--offline=true', '--no-pager', unit];
    const { stdout, stderr } = await execute(argv, { timeoutMs: 60_000 });
    const exposure = Number(/Overall exposure level for \S+ (\d+\.\d+)/.exec(stdout)?.[1]);
    t.ok(exposure <= max, `${name}: ${exposure}, at most ${max} ${stderr}`);
    t.comment(`${name}: ${exposure}`);
  }
});

/** It takes a while to stop, as a cluster does. */
const slowUnit = `[Service]
ExecStart=/bin/sleep infinity
ExecStop=/bin/sleep 2
`;

t.test('what they are for', { skip, timeout }, async (t) => {
  const packages = '/root/packages';
  const files = { [packages]: await quickPackages(t) };
  const [titan] = (await bareHosts(t, { names: ['titan'], available: dependencies, files })) as [BareHost];
  await titan.shell(`DEBIAN_FRONTEND=noninteractive apt-get -q -y install ${packages}/*.deb`);
  await ctl(titan, 'ca', 'init');
  await titan.node.writeFile(
    '/etc/hecate/agent-policy.conf',
    '[Policy]\nAllow=* *\nExec=yes\nPoweroff=yes\n',
  );
  await addUnit(titan, 'work.service');
  await titan.node.writeFile(`${titan.node.unitFolder}/k3s.service`, slowUnit);
  await titan.runOrThrow(['systemctl', 'daemon-reload']);
  await joinSite(titan, titan);
  await untilOnline(titan, ['titan']);

  await t.test('verbs, readings and commands', async (t) => {
    for (const verb of ['start', 'restart', 'freeze', 'thaw', 'kill'])
      t.equal((await titan.run(['hecatectl', verb, 'titan', 'work.service'])).exitCode, 0, verb);
    for (const verb of ['mask', 'unmask'])
      t.equal((await titan.run(['hecatectl', verb, 'titan', 'absent.service'])).exitCode, 0, verb);
    t.equal((await titan.run(['hecatectl', 'daemon-reload', 'titan'])).exitCode, 0);
    await ctl(titan, 'start', 'titan', 'work.service', 'k3s.service');
    t.match(await ctl(titan, 'cat', 'titan', 'work.service'), 'ExecStart=/bin/sleep infinity');
    t.match(await ctl(titan, 'logs', 'titan', 'work.service'), 'Started');
    t.match(await ctl(titan, 'status', 'titan', 'work.service'), 'active');
    // What is run is confined by nothing of the agent's: it may write anywhere.
    const written = 'echo yes >/root/written && cat /root/written && mount -t tmpfs none /mnt && umount /mnt';
    t.equal(await ctl(titan, 'exec', 'titan', '--', 'sh', '-c', written), 'yes\n');
  });

  await t.test('both reload, and say so', async (t) => {
    await titan.runOrThrow(['systemctl', 'reload', 'hecate-manager', 'hecate-agent']);
    // `reloading` until they say that they are ready again.
    for (const unit of ['hecate-manager', 'hecate-agent'])
      await until(async () => (await titan.state(unit)) === 'active', { what: `${unit} has reloaded` });
    const journal = await titan.runOrThrow([
      'journalctl',
      '-o',
      'cat',
      '-u',
      'hecate-agent',
      '-u',
      'hecate-manager',
    ]);
    t.notMatch(journal, /EPERM|EACCES|not permitted|ermission denied/i, 'nothing was forbidden them');
  });

  await t.test('the host goes down: the agent is stopped last', async (t) => {
    await titan.run(['hecatectl', 'poweroff', 'titan', '--yes'], { timeoutMs: 60_000 });
    await titan.node.waitUntilOff();
    await titan.boot();
    const journal = await titan.runOrThrow(['journalctl', '-b', '-1', '-o', 'cat', '_PID=1']);
    const at = (text: string): number => journal.lastIndexOf(text);
    t.ok(at('Stopped k3s.service') > 0, 'the cluster was stopped');
    t.ok(at('Stopping hecate-agent.service') > at('Stopped k3s.service'), 'the agent after the cluster');
  });
});
