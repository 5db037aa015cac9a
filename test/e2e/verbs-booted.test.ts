/** hecatectl on a whole host: system units, the system's journal, what survives a reboot. */
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { siteForTest } from '../site/site.ts';
import { operate, operateOne, startCtl } from './support/ctl.ts';

const skip = await skipUnless('booted');
// May have to make the base image.
const timeout = 600_000;
t.setTimeout(timeout);

const units = {
  'web.service': `[Unit]
Description=Serves
[Service]
ExecStart=/bin/sh -c 'echo hello from web; exec sleep 1000'
[Install]
WantedBy=multi-user.target
`,
  'quits.service': `[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo "last word" >&2; exit 4'\n`,
};

t.test('a whole host', { skip, timeout }, async (t) => {
  const site = await siteForTest(t, { kind: 'booted', names: ['alpha'], units });
  const { manager } = site;
  const alpha = site.node('alpha');
  const own = async (...args: string[]): Promise<string> => (await alpha.systemctl(...args)).stdout.trim();

  t.test('units of the system', async (t) => {
    t.equal((await operate(manager, 'start', 'alpha', 'web')).exitCode, 0);
    t.equal(await own('is-active', 'web'), 'active');
    t.equal((await operate(manager, 'freeze', 'alpha', 'web')).exitCode, 0);
    t.equal(await own('show', 'web', '-p', 'FreezerState', '--value'), 'frozen');
    t.equal((await operate(manager, 'thaw', 'alpha', 'web')).exitCode, 0);
    const [shown] = JSON.parse(await manager.ctlOrThrow('show', 'alpha', 'web', '-o', 'json')) as {
      properties: Record<string, { value: unknown }>;
    }[];
    t.equal(String(shown?.properties.MainPID?.value), await own('show', 'web', '-p', 'MainPID', '--value'));
    const isSame = async (): Promise<boolean> => {
      const ours = JSON.parse(await manager.ctlOrThrow('list-units', 'alpha', '--all', '-o', 'json')) as {
        unit: string;
        sub_state: string;
      }[];
      const theirs = JSON.parse(await own('list-units', '--all', '-o', 'json')) as {
        unit: string;
        sub: string;
      }[];
      // What a visitor's command is run in comes and goes with it.
      const lines = (list: string[]): string =>
        list
          .filter((line) => !/^(session-|run-|hecate-exec)/.test(line))
          .sort()
          .join('\n');
      return (
        lines(ours.map(({ unit, sub_state }) => `${unit} ${sub_state}`)) ===
        lines(theirs.map(({ unit, sub }) => `${unit} ${sub}`))
      );
    };
    await until(isSame, { what: 'list-units is the same', timeoutMs: 10_000, intervalMs: 200 });
  });

  t.test("logs are those of the system's journal", async (t) => {
    const failed = await operateOne(manager, 'start', 'alpha', 'quits');
    t.equal(failed.exitCode, 1);
    t.ok(
      failed.outcome.log_lines.some((line) => line === 'last word'),
      'what it wrote just before it ended',
    );
    const lines = (await manager.ctlOrThrow('logs', 'alpha', 'web', '-n', 'all', '-o', 'jsonl'))
      .trim()
      .split('\n');
    const messages = lines.map((line) => (JSON.parse(line) as { message: string }).message);
    const journal = await alpha.runOrThrow(['journalctl', '-u', 'web', '-o', 'cat', '--no-pager']);
    t.equal(messages.join('\n'), journal.trimEnd());
    const following = startCtl(manager, 'logs', '-f', '-n', '1', 'alpha', 'web');
    await until(() => following.stdout() !== '', { what: 'it follows' });
    await operate(manager, 'restart', 'alpha', 'web');
    await until(() => following.stdout().includes('hello from web'), { what: 'the new line is seen' });
    following.child.kill('SIGINT');
    t.equal(await following.ended, 130);
    await until(async () => (await alpha.run(['pgrep', '-x', 'journalctl'])).exitCode === 1, {
      what: 'no journalctl is left',
    });
  });

  t.test('exec runs as a unit of the system', async (t) => {
    const result = await manager.ctl([
      'exec',
      'alpha',
      '--',
      'sh',
      '-c',
      'id -u; cat /proc/self/cgroup; exit 9',
    ]);
    t.equal(result.exitCode, 9);
    t.match(result.stdout, /^0\n[\s\S]*::\/system\.slice\/hecate-exec-[0-9a-z]{26}\.service/);
    t.equal(await own('list-units', '--all', '--no-legend', 'hecate-exec-*'), '');
  });

  t.test('enable and set-default hold over a reboot; an operation of before is known after it', async (t) => {
    t.match(await manager.ctlOrThrow('get-default', 'alpha'), await own('get-default'));
    t.equal((await operate(manager, 'enable', 'alpha', 'web')).exitCode, 0);
    t.equal((await operate(manager, 'set-default', 'alpha', 'multi-user')).exitCode, 0);
    t.equal(await own('get-default'), 'multi-user.target');
    const before = await operateOne(manager, 'restart', 'alpha', 'web');
    await alpha.poweroff();
    await until(async () => (await site.connections()).alpha === 'offline', { what: 'it is offline' });
    t.equal((await operate(manager, 'stop', 'alpha', 'web')).exitCode, 69);
    await alpha.boot();
    await site.agent('alpha').start();
    await site.untilOnline();
    t.equal(await own('is-active', 'web'), 'active', 'it started with the host');
    t.equal(await own('get-default'), 'multi-user.target');
    const waited = await manager.ctl(['wait', 'alpha', 'web', '--for', 'active']);
    t.equal(waited.exitCode, 0);
    t.equal((await manager.ctl(['operation', before.outcome.op_id ?? ''])).exitCode, 0);
    t.equal((await operate(manager, 'disable', 'alpha', 'web')).exitCode, 0);
    t.equal(await own('is-enabled', 'web'), 'disabled');
    t.equal((await operate(manager, 'mask', 'alpha', 'getty@tty1')).exitCode, 0);
    t.equal(await own('is-enabled', 'getty@tty1'), 'masked');
    t.equal((await operate(manager, 'unmask', 'alpha', 'getty@tty1')).exitCode, 0);
  });
});
