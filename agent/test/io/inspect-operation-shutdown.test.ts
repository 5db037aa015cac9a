/** What became of a poweroff whose answer nobody heard: logind and systemd are asked before it is denied (I12). */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { fleetForTest, skipUnless } from '../../../test/nodes/fleet-for-test.ts';
import { until } from '../../../test/nodes/until.ts';
import type { BegunRecord } from '../../src/core/operation-record.ts';
import type { SystemdPort } from '../../src/core/systemd-port.ts';
import { openLogger } from '../../src/io/logger.ts';
import { openOperationJournal } from '../../src/io/operation-journal.ts';
import { opId } from '../support/operations.ts';
import { Asker } from './support/asker.ts';
import { systemdOf } from './support/node-bus.ts';

const begun = (verb: 'poweroff' | 'reboot'): BegunRecord => ({
  type: 'begun',
  opId: opId(1),
  epoch: 1,
  verb,
  unit: '',
  bootId: 'boot-1',
  monotonicUs: 0,
  timeLimitMs: 60_000,
  logLines: 0,
  notAfterClockMs: 0,
});

/** What an agent reports that was killed after it had begun this, and is started again in the same boot. */
async function reported(t: Test, systemd: SystemdPort, verb: 'poweroff' | 'reboot') {
  const folder = t.testdir();
  const log = openLogger('error', (line) => void process.stderr.write(line));
  const journal = await openOperationJournal(join(folder, 'operations.jsonl'), log);
  await journal.append(begun(verb));
  await journal.close();
  const asker = await Asker.open(folder, systemd);
  await until(() => asker.reports.length > 0, { what: 'its end is reported' });
  await asker.runner.close();
  return asker.reports[0];
}

t.test('on a booted node', { skip: await skipUnless('booted'), timeout: 300_000 }, async (t) => {
  const fleet = await fleetForTest(t, { kind: 'booted', names: ['alpha'] });
  const node = fleet.node('alpha');
  // Stays while the host goes down, and keeps the bus there with it.
  const lasting = '[Unit]\nAfter=dbus.service\n[Service]\nExecStart=sleep 1000\nExecStop=sleep 60\n';
  await node.writeFile(`${node.unitFolder}/lasting.service`, lasting);
  await node.systemctl('daemon-reload');
  await node.systemctl('start', 'lasting.service');
  const systemd = await systemdOf(t, node);

  await t.test('none is under way: it was not applied', async (t) => {
    t.equal(await systemd.isPreparingForShutdown(), false);
    const denied = { status: 'failed', result: 'not-applied', message: /no shutdown is under way/ };
    t.match(await reported(t, systemd, 'poweroff'), denied);
    t.match(await reported(t, systemd, 'reboot'), denied);
  });

  await t.test('one waits for who inhibits it: which kind, logind does not tell', async (t) => {
    const inhibit = ['systemd-inhibit', '--what=shutdown', '--mode=delay', 'sleep', '1000'];
    await node.spawn(inhibit, { output: 'ignore' });
    const isInhibited = async () => (await node.runOrThrow(['systemd-inhibit', '--list'])).includes('sleep');
    await until(isInhibited, { what: 'the shutdown is inhibited' });
    await systemd.powerOff();
    t.equal(await systemd.isPreparingForShutdown(), true);
    t.match(await reported(t, systemd, 'poweroff'), { status: 'unknown', message: /a shutdown under way/ });
  });

  await t.test('its job is there: it was taken, and no other kind is denied', async (t) => {
    const isQueued = async () => (await systemd.listJobs()).some(({ unit }) => unit === 'poweroff.target');
    await until(isQueued, { what: 'logind has waited long enough' });
    t.match(await reported(t, systemd, 'poweroff'), { status: 'done', result: 'accepted', inferred: true });
    t.match(await reported(t, systemd, 'reboot'), { status: 'unknown', message: /poweroff under way/ });
    await node.pullPlug();
  });
});

t.test('a user’s bus has no logind to ask', { skip: await skipUnless('user') }, async (t) => {
  const fleet = await fleetForTest(t, { kind: 'user', names: ['alpha'] });
  const systemd = await systemdOf(t, fleet.node('alpha'));
  await t.rejects(systemd.isPreparingForShutdown(), { code: 'HEC_UNSUPPORTED', delivery: 'not-sent' });
});
