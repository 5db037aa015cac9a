/** Commands on nodes: what goes in arrives as it is, what comes out comes back as it is, and nothing stays. */
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import type { FleetNode } from '../nodes/node.ts';
import { until } from '../nodes/until.ts';
import { siteForTest } from '../site/site.ts';
import { operateOne, startCtl } from './support/ctl.ts';

const skip = await skipUnless('user');
t.setTimeout(120_000);

/** Units of commands that are still known to the node's systemd. */
async function execUnits(node: FleetNode): Promise<string[]> {
  const { stdout } = await node.systemctl('list-units', '--all', '--plain', '--no-legend', 'hecate-exec-*');
  return stdout.split('\n').filter((line) => line !== '');
}

const untilGone = (node: FleetNode): Promise<true> =>
  until(async () => (await execUnits(node)).length === 0, {
    what: `no unit of a command is left on ${node.name}`,
  });

t.test('commands on nodes', { skip, timeout: 120_000 }, async (t) => {
  const site = await siteForTest(t, { names: ['alpha', 'beta'] });
  const { manager } = site;
  const alpha = site.node('alpha');

  t.test('output, errors and exit status come back apart and exact', async (t) => {
    const result = await manager.ctl(['exec', 'alpha', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
    t.strictSame(result, { exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
    const noNewline = await manager.ctl(['exec', 'alpha', '--', 'printf', 'a\\tb']);
    t.strictSame(noNewline, { exitCode: 0, stdout: 'a\tb', stderr: '' });
    const killed = await manager.ctl(['exec', 'alpha', '--', 'sh', '-c', 'kill -KILL $$']);
    t.equal(killed.exitCode, 128 + 9, 'a signal is told as a shell does');
    const terminated = await manager.ctl(['exec', 'alpha', '--', 'sh', '-c', 'kill -TERM $$']);
    t.equal(terminated.exitCode, 128 + 15, 'though to systemd that is an end in order');
    const ownStatus = await manager.ctl(['exec', 'alpha', '--', 'sh', '-c', 'sleep 0.3; exit 203']);
    t.equal(ownStatus.exitCode, 203, 'a status that systemd uses itself');
    t.equal((await manager.ctl(['exec', 'alpha', '--', 'sh', '-c', 'exit 255'])).exitCode, 255);
    await untilGone(alpha);
  });

  t.test('there is nothing to read on standard input', async (t) => {
    const result = await manager.ctl(['exec', 'alpha', '--', 'sh', '-c', 'cat; echo end'], {
      input: 'not for it',
    });
    t.strictSame(result, { exitCode: 0, stdout: 'end\n', stderr: '' });
  });

  t.test('every argument arrives as it was given', async (t) => {
    const words = [
      'two words',
      '',
      ' ',
      '"quoted"',
      "it's",
      'line\nline',
      'tab\there',
      '$HOME',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the argument
      '${HOME}',
      '$$',
      '$$$',
      'a$',
      '$',
      '%n',
      '%%',
      '%h/%t',
      '\\x41',
      '\\',
      'back\\slash',
      '`id`',
      '$(id)',
      ';',
      '|',
      '&&',
      '*',
      '--all',
      '--',
      '-o',
      '=',
      '#no comment',
      'grüße 世界 🚀',
      '@',
      '!',
      '+',
      ':',
      '~',
      '{a,b}',
    ];
    const result = await manager.ctl(['exec', 'alpha', '--', 'printf', '[%s]\\0', ...words]);
    t.equal(result.exitCode, 0, result.stderr);
    t.strictSame(
      result.stdout.split('\0').slice(0, -1),
      words.map((word) => `[${word}]`),
    );
    const first = await manager.ctl(['exec', 'alpha', '--', 'printf', '$HOME %%n']);
    t.equal(first.stdout, '$HOME %n');
    const folder = await manager.ctl(['exec', '--working-directory', '/usr', 'alpha', '--', 'pwd']);
    t.equal(folder.stdout, '/usr\n');
  });

  t.test('ten megabytes come through whole, also for a reader that is slow', async (t) => {
    const script =
      'i=0; while [ $i -lt 160 ]; do head -c 65536 /dev/zero | tr "\\\\0" x; i=$((i+1)); done; echo end';
    const running = startCtl(manager, 'exec', 'alpha', '--', 'sh', '-c', script);
    let isSlow = true;
    const { stdout } = running.child;
    stdout?.on('data', () => {
      if (!isSlow) return;
      stdout.pause();
      setTimeout(() => stdout.resume(), 5);
    });
    await until(() => running.stdout().length > 256 * 1024, { what: 'some of it has come' });
    isSlow = false;
    t.equal(await running.ended, 0, running.stderr());
    t.equal(running.stdout().length, 160 * 65536 + 4);
    t.match(running.stdout().slice(-10), /x{6}end\n$/);
    t.ok((await site.connections()).alpha === 'online');
  });

  t.test('what cannot be run says so', async (t) => {
    const missing = await operateOne(manager, 'exec', 'alpha', '--', '/no/such/program');
    t.equal(missing.exitCode, 1);
    t.equal(missing.outcome.code, 'HEC_EXEC_FAILED');
    t.match(missing.outcome.message, /no\/such\/program|203/);
    await alpha.writeFile(`${alpha.home}/no-program`, 'text', 0o755);
    const noProgram = await operateOne(manager, 'exec', 'alpha', '--', `${alpha.home}/no-program`);
    t.equal(noProgram.outcome.code, 'HEC_EXEC_FAILED');
    const folder = await operateOne(
      manager,
      'exec',
      '--working-directory',
      '/no/such',
      'alpha',
      '--',
      'true',
    );
    t.equal(folder.outcome.code, 'HEC_EXEC_FAILED');
    const nothing = await manager.ctl(['exec', 'alpha']);
    t.equal(nothing.exitCode, 2);
    t.match(nothing.stderr, /CMD is missing/);
    await untilGone(alpha);
  });

  t.test('Ctrl-C ends the command on the node', async (t) => {
    const running = startCtl(manager, 'exec', 'alpha', '--', 'sh', '-c', 'echo started; sleep 1000 & wait');
    await until(() => running.stdout().includes('started'), { what: 'the command runs' });
    t.equal((await execUnits(alpha)).length, 1);
    running.child.kill('SIGINT');
    t.equal(await running.ended, 130);
    await untilGone(alpha);
    t.equal((await alpha.run(['pgrep', '-x', '-f', 'sleep 1000'])).exitCode, 1, 'its child is gone, too');
  });

  t.test('at the time limit the command is ended, and that is told', async (t) => {
    const late = await operateOne(manager, 'exec', '--timeout', '1s', 'alpha', '--', 'sleep', '1000');
    t.equal(late.exitCode, 124, late.stderr);
    t.equal(late.outcome.status, 'timeout');
    await untilGone(alpha);
  });

  t.test('a command that ignores SIGTERM is ended, too', async () => {
    const script = 'trap "" TERM INT HUP; echo started; while :; do sleep 1; done';
    const running = startCtl(manager, 'exec', 'alpha', '--', 'sh', '-c', script);
    await until(() => running.stdout().includes('started'), { what: 'the command runs' });
    running.child.kill('SIGINT');
    await running.ended;
    await untilGone(alpha);
  });

  t.test('many nodes: lines carry the name of their node, the worst status counts', async (t) => {
    const script = 'echo one; echo two; test "$(hostname)" != beta';
    const both = await manager.ctl(['exec', '--all', '--', 'sh', '-c', script]);
    t.equal(both.exitCode, 1);
    t.strictSame(both.stdout.trim().split('\n').sort(), [
      'alpha: one',
      'alpha: two',
      'beta: one',
      'beta: two',
    ]);
    t.match(both.stderr, /beta: exit status 1/);
  });

  t.test('a node whose policy does not say Exec=yes refuses', async (t) => {
    const agent = site.agent('beta');
    await agent.writePolicy('[Policy]\nAllow=* *\n');
    process.kill(agent.pid, 'SIGHUP');
    await until(async () => (await manager.ctl(['exec', 'beta', '--', 'true'])).exitCode === 77, {
      what: 'the agent follows its new policy',
    });
    const refused = await operateOne(manager, 'exec', 'beta', '--', 'touch', `${alpha.home}/touched`);
    t.equal(refused.exitCode, 77);
    t.equal(refused.outcome.status, 'refused');
    t.equal(refused.outcome.code, 'HEC_POLICY');
    t.match(refused.outcome.remedy, /Exec=yes/);
    t.equal((await alpha.run(['test', '-e', `${alpha.home}/touched`])).exitCode, 1);
    const one = await manager.ctl(['exec', '--all', '--', 'true']);
    t.equal(one.exitCode, 77, 'the other one ran, and the refusal is not hidden by it');
    const audited = manager.audit().filter(({ what, outcome }) => what === 'exec' && outcome === 'refused');
    t.ok(audited.length >= 2, 'refusals are in the audit log');
  });
});
