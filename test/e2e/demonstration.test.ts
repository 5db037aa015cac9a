/** The demonstration and the README's tour, run as they are printed: neither can part from the product. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { repository } from '../site/manager-process.ts';
import { forEachOf } from './support/ctl.ts';
import { Demonstration, isEndless, makeShims, runAsPrinted } from './support/demonstration.ts';

const skip = await skipUnless('user');
t.setTimeout(300_000);

/** What a command that is shown to people must end with. */
function expectedStatus(command: string): number {
  if (isEndless(command)) return 130;
  if (command.includes('negative')) return 3;
  return command.includes('fails') ? 1 : 0;
}

t.test('the demonstration', { skip, timeout: 240_000 }, async (t) => {
  const shims = makeShims(t);
  const demonstration = new Demonstration('--nodes', '2');
  t.teardown(() => {
    if (demonstration.child.exitCode === null) demonstration.interrupt();
    return demonstration.ended;
  });
  await demonstration.untilUp();
  t.match(demonstration.output, /A manager and 2 real systemd nodes are up/);
  const socket = /export HECATE_SOCKET=(\S+)/.exec(demonstration.output)?.[1] ?? '';
  t.ok(existsSync(socket), 'the socket that it prints is there');
  const environment = { HECATE_SOCKET: socket };

  t.test('every command that it prints does what is said beside it', async (t) => {
    const printed = demonstration.output
      .split('\n')
      .filter((line) => line.startsWith('  npx '))
      .map((line) => line.trim());
    t.ok(printed.length >= 11, `${printed.length} commands`);
    for (const command of printed) {
      const { exitCode, stdout, stderr } = await runAsPrinted(command, shims, environment);
      t.equal(exitCode, expectedStatus(command), `${command}\n${stdout}${stderr}`);
      t.ok(isEndless(command) || stdout !== '', 'and says something');
    }
    const status = await runAsPrinted('npx hecatectl is-active --all k3s-agent', shims, environment);
    t.match(status.stdout, /server1 .* inactive\nworker1 .* active/);
    const { stdout } = await runAsPrinted('npx hecatectl runs list -o json', shims, environment);
    t.match(
      JSON.parse(stdout),
      [
        { plan: 'startup', state: 'done', is_dry_run: false },
        { plan: 'shutdown', mode: 'cluster-only', state: 'done', is_dry_run: false },
      ],
      'a shutdown and a startup were carried out',
    );
  });

  t.test("every command of the README's tour works as written", async (t) => {
    const readme = readFileSync(join(repository, 'README.md'), 'utf8');
    const commands = [...readme.matchAll(/```console\n([\s\S]*?)```/g)]
      .flatMap((match) => match[1]?.split('\n') ?? [])
      .filter((line) => line.startsWith('$ '))
      .map((line) => line.slice(2));
    t.ok(commands.length >= 17, `${commands.length} commands`);
    let last = 0;
    for (const command of commands) {
      if (command.startsWith('export HECATE_SOCKET=')) continue;
      if (command.startsWith('echo $?')) {
        const said = /# (\d+)/.exec(command)?.[1];
        t.equal(String(last), said, 'the exit status is what the README says');
        continue;
      }
      const { exitCode, stdout, stderr } = await runAsPrinted(command, shims, environment);
      last = exitCode;
      t.equal(exitCode, expectedStatus(command), `${command}\n${stdout}${stderr}`);
    }
    const { stdout } = await runAsPrinted('npx hecatectl runs list -o json', shims, environment);
    t.match(
      JSON.parse(stdout),
      [
        { plan: 'startup', state: 'done' },
        { plan: 'shutdown', state: 'done', rung: 'forced', reason: 'a walk through' },
        { plan: 'shutdown', state: 'done', is_dry_run: true },
      ],
      'what it says of its runs is so',
    );
  });

  t.test('a failing unit is told with its last words', async (t) => {
    const { exitCode, stdout, stderr } = await runAsPrinted(
      'npx hecatectl start worker1 backup',
      shims,
      environment,
    );
    t.equal(exitCode, 1);
    t.match(stdout, /failed: exit-code \(exit status 3\)/);
    t.match(stderr, /no route to the backup host/);
  });

  t.test('Ctrl-C ends it, and nothing is left', async (t) => {
    t.ok(demonstration.remains().length > 3, 'while it runs there is something to find');
    demonstration.interrupt();
    t.equal(await demonstration.ended, 0);
    t.equal(demonstration.errors, '');
    await demonstration.untilGone(t);
    t.notOk(existsSync(socket));
  });
});

t.test('Ctrl-C while it starts', { skip }, async (t) => {
  for (const isThere of ['starting a manager', 'manager.log', 'node1']) {
    const demonstration = new Demonstration('--nodes', '1');
    await until(() => demonstration.output.includes('starting'), { what: 'it starts' });
    // At three moments: at once, when the manager was started, and when the node has its folder.
    if (isThere !== 'starting a manager') {
      await until(() => demonstration.remains().length >= (isThere === 'manager.log' ? 2 : 5), {
        what: `there is more of it (${isThere})`,
      });
    }
    demonstration.interrupt();
    t.equal(await demonstration.ended, 0, demonstration.errors);
    await demonstration.untilGone(t);
  }
});

t.test('killed, it leaves no process, and no file for long', { skip }, async (t) => {
  const demonstration = new Demonstration('--nodes', '1');
  await demonstration.untilUp();
  demonstration.child.kill('SIGKILL');
  await demonstration.ended;
  const isRunning = (): boolean => demonstration.remains().some((what) => /^\d+$/.test(what));
  await until(() => !isRunning(), { what: 'no process is left', timeoutMs: 15_000 });
  t.not(demonstration.remains().length, 0, 'its folders are there');
  const next = new Demonstration('--nodes', '1');
  await next.untilUp();
  t.strictSame(demonstration.remains(), [], 'and the next one clears them away');
  next.interrupt();
  await next.ended;
});

t.test('bad arguments', async (t) => {
  const bad = [
    ['--nodes', '0'],
    ['--nodes', '21'],
    ['--nodes', 'many'],
    ['--nodes'],
    ['--nodes', '1.5'],
    ['--node', '3'],
    ['3'],
  ];
  await forEachOf(bad, async (args) => {
    const demonstration = new Demonstration(...args);
    t.equal(await demonstration.ended, 2, args.join(' '));
    t.match(demonstration.errors, /npm start \[-- --nodes N\]/);
    t.equal(demonstration.output, '');
  });
});
