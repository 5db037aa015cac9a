import { join } from 'node:path';
import t from 'tap';
import { canRunUserNodes } from '../../../test/nodes/capabilities.ts';
import { startFleet } from '../../../test/nodes/fleet.ts';
import type { FleetNode } from '../../../test/nodes/node.ts';
import { until } from '../../../test/nodes/until.ts';
import { serviceNotifier } from '../../src/io/service-notify.ts';

const capability = await canRunUserNodes();
const skip = capability.ok ? false : capability.why;

t.test('without NOTIFY_SOCKET nothing is run and nothing fails', async (t) => {
  const failures: string[] = [];
  const notifier = serviceNotifier({ environment: { PATH: '/nowhere' }, onFailure: (m) => failures.push(m) });
  notifier.ready();
  notifier.startWatchdog()();
  await notifier.settled();
  t.same(failures, []);
});

t.test('what cannot be sent is told once, and never thrown', async (t) => {
  const nobody = join(t.testdir(), 'nobody.sock');
  for (const [PATH, expected] of [
    ['/nowhere', /systemd-notify cannot be run/],
    [process.env.PATH, /systemd-notify ended with exit status 1/],
  ] as const) {
    const failures: string[] = [];
    const environment = { PATH, NOTIFY_SOCKET: nobody, WATCHDOG_USEC: 'often' };
    const notifier = serviceNotifier({ environment, onFailure: (message) => failures.push(message) });
    notifier.startWatchdog()();
    for (let i = 0; i < 100; i += 1) {
      notifier.status(`step ${i}`);
      notifier.ready();
    }
    await notifier.settled();
    t.equal(failures.length, 1);
    t.match(failures[0], expected);
  }
});

const child = join(import.meta.dirname, 'service-notify-child.ts');

/** Room for a busy machine to start a child in half of it. */
const watchdogSeconds = 3;

async function startService(node: FleetNode, name: string, mode: 'turn' | 'hang'): Promise<void> {
  const unit = `[Service]
Type=notify
NotifyAccess=all
WatchdogSec=${watchdogSeconds}
WatchdogSignal=SIGKILL
ExecReload=/bin/kill -HUP $MAINPID
ExecStart=${process.execPath} ${child} ${mode}
`;
  await node.writeFile(`${node.unitFolder}/${name}.service`, unit);
  await node.runOrThrow(['systemctl', '--user', 'daemon-reload']);
  await node.runOrThrow(['systemctl', '--user', 'start', name]);
}

const show = async (node: FleetNode, name: string, property: string): Promise<string> =>
  (await node.systemctl('show', '--value', '-p', property, name)).stdout.trim();

t.test('a real Type=notify service with a watchdog', { skip }, async (t) => {
  const fleet = await startFleet({ kind: 'user' });
  t.teardown(() => fleet.destroy());
  const node = fleet.node('node1');

  await t.test('ready, fed, reloaded, stopped', async (t) => {
    await startService(node, 'turning', 'turn');
    t.equal(await show(node, 'turning', 'ActiveState'), 'active', 'start waited for READY=1');
    t.equal(await show(node, 'turning', 'StatusText'), 'up and running');
    const fedUsec = async () => Number(await show(node, 'turning', 'WatchdogTimestampMonotonic'));
    const first = await fedUsec();
    await until(async () => (await fedUsec()) - first > watchdogSeconds * 1_000_000, {
      what: 'the watchdog is fed beyond its first deadline',
    });
    t.equal(await show(node, 'turning', 'ActiveState'), 'active');
    t.equal(await show(node, 'turning', 'NRestarts'), '0');
    await node.runOrThrow(['systemctl', '--user', 'reload', 'turning']);
    await until(async () => (await show(node, 'turning', 'StatusText')) === 'reloaded RELOADING=1', {
      what: 'the reload is done',
    });
    await until(async () => (await show(node, 'turning', 'ActiveState')) === 'active', { what: 'active' });
    await node.runOrThrow(['systemctl', '--user', 'stop', 'turning']);
    t.equal(await show(node, 'turning', 'Result'), 'success');
  });

  await t.test('a loop that no longer turns starves it', async (t) => {
    await startService(node, 'hanging', 'hang');
    await until(async () => (await show(node, 'hanging', 'Result')) === 'watchdog', {
      what: 'systemd ends the hanging service',
    });
    t.pass('ended by the watchdog');
  });
});
