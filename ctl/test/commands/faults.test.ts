/** When the manager is not there, is slow, goes away, or says no; and when the user has had enough. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createNodeOutcome, createOperationOutcome } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { programCommand } from '../../../test/support/programs.ts';
import { listNodes, operate, sendOutcome, silence } from '../support/answers.ts';
import type { Answers } from '../support/fake-manager.ts';
import { runCtl } from '../support/run-ctl.ts';
import { until } from '../support/until.ts';
import { withManager } from '../support/with-manager.ts';

const execute = promisify(execFile);

t.test('no manager: what, where, and what to do', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-ctl-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const absent = await runCtl(['list-nodes'], { socket: join(folder, 'absent.sock') });
  t.equal(absent.exitCode, 75);
  t.match(
    absent.stderr,
    /no manager here: there is no socket .*absent.sock \(HEC_CONNECTION\)\n +next: systemctl status hecate-manager/,
  );
  t.equal(absent.stdout, '');
  const dead = join(folder, 'dead.sock');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(dead, resolve));
  execFileSync('cp', ['-a', dead, `${dead}.copy`]);
  await new Promise((resolve) => server.close(resolve));
  const refused = await runCtl(['list-nodes'], { socket: `${dead}.copy` });
  t.equal(refused.exitCode, 75);
  t.match(refused.stderr, /nobody listens on .*: the manager has ended/);
  const file = join(folder, 'file');
  writeFileSync(file, '');
  t.equal((await runCtl(['list-nodes'], { socket: file })).exitCode, 75);
});

t.test('a manager that takes the connection and says nothing', async (t) => {
  const { ctl } = await withManager(t, {}, { greeting: 'silent' });
  const shown = await ctl('list-nodes');
  t.equal(shown.exitCode, 75);
  t.match(shown.stderr, /said nothing for 8 s/);
  const hurried = await ctl('health', '--timeout', '500ms');
  t.equal(hurried.exitCode, 75);
  t.match(hurried.stderr, /said nothing for 500 ms/);
});

t.test('a manager that does not let us in', async (t) => {
  for (const [code, exitCode] of [
    ['HEC_VERSION', 76],
    ['HEC_REVOKED', 77],
    ['HEC_ROLE', 77],
  ] as const) {
    const { ctl } = await withManager(t, {}, { greeting: { code, message: 'because' } });
    const shown = await ctl('list-nodes');
    t.equal(shown.exitCode, exitCode);
    t.match(shown.stderr, new RegExp(`did not let us in: .*because \\(${code}\\)\\n +next: `));
  }
});

t.test('an answer that was not asked for', async (t) => {
  const { ctl } = await withManager(t, { listNodes: () => ({ case: 'done', value: {} }) });
  const shown = await ctl('list-nodes');
  t.equal(shown.exitCode, 76);
  t.match(shown.stderr, /answered listNodes with done, expected nodes/);
});

t.test('no answer within the time limit', async (t) => {
  const { ctl, manager } = await withManager(t, {
    listNodes: (_value, request) => silence(request),
    operate: (_value, request) => silence(request),
  });
  const question = await ctl('list-nodes', '--timeout', '100ms');
  t.equal(question.exitCode, 124);
  t.match(question.stderr, /no answer from the manager at .* within 100 ms \(HEC_TIMEOUT\)\n +next: /);
  const operation = await ctl('start', 'node-a', 'k3s', '--timeout', '100ms');
  t.equal(operation.exitCode, 70, 'it was sent: what became of it is unknown');
  t.match(operation.stderr, /0 answered; not answered: node-a k3s.service/);
  t.equal(manager.cancelled, 2);
});

const oneOfTwo: NonNullable<Answers['operate']> = async (value, request) => {
  await sendOutcome(
    request,
    createNodeOutcome({
      node: 'node-a',
      unit: value.units[0] ?? '',
      verb: value.verb,
      outcome: createOperationOutcome({ status: 'done' }),
    }),
  );
  return silence(request);
};

t.test('the manager is lost in the middle of an operation', async (t) => {
  const { start, manager } = await withManager(t, { operate: oneOfTwo });
  const running = start(['start', 'node-a,node-b', 'k3s']);
  await until(() => running.stdout().includes('node-a'));
  manager.dropAll();
  const shown = await running.result;
  t.equal(shown.exitCode, 70);
  t.match(shown.stderr, /1 answered; not answered: node-b k3s.service/);
  t.match(shown.stderr, /never after it/);
});

t.test('the session is ended in the middle of an operation: unknown, whatever the reason', async (t) => {
  for (const code of ['HEC_REVOKED', 'HEC_TLS', 'HEC_BUSY', 'HEC_REPLACED'] as const) {
    const { ctl } = await withManager(t, {
      operate: (_value, request, session) => {
        session.end(code, 'this session is over');
        return silence(request);
      },
    });
    const shown = await ctl('start', 'node-a', 'k3s');
    t.equal(shown.exitCode, 70, code);
    t.match(shown.stderr, /not answered: node-a k3s.service/);
  }
});

t.test('Ctrl-C: the request is cancelled, and what was and was not answered is told', async (t) => {
  const { start, manager } = await withManager(t, { operate: oneOfTwo });
  const running = start(['start', 'node-a,node-b', 'k3s', '-o', 'json']);
  await until(() => manager.requests.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  running.child.kill('SIGINT');
  const shown = await running.result;
  t.equal(shown.exitCode, 130);
  t.match(shown.stderr, /interrupted: 1 answered; not answered: node-b k3s.service/);
  t.equal(JSON.parse(shown.stdout).length, 1, 'what was answered is printed');
  await until(() => manager.cancelled === 1 && manager.goodbyes.length === 1);
});

t.test('Ctrl-C while connecting, and twice', async (t) => {
  const silent = await withManager(t, {}, { greeting: 'silent' });
  const connecting = silent.start(['list-nodes']);
  await until(() => silent.manager.hellos.length === 1);
  connecting.child.kill('SIGINT');
  t.equal((await connecting.result).exitCode, 130);
  const stdin = silent.start(['list-nodes']);
  await until(() => silent.manager.hellos.length === 2);
  stdin.child.kill('SIGINT');
  stdin.child.kill('SIGINT');
  t.equal((await stdin.result).exitCode, 130);
});

t.test('the output has no reader: the operation goes on and its exit status counts', async (t) => {
  const { start } = await withManager(t, {
    operate: operate(() => ({ status: 'failed', code: 'HEC_UNIT_FAILED' })),
  });
  const running = start(['start', 'node-a', 'k3s']);
  running.child.stdout?.destroy();
  t.equal((await running.result).exitCode, 1);
});

t.test('colour only on a terminal, and not with NO_COLOR', async (t) => {
  const { manager } = await withManager(t, { listNodes });
  const onTerminal = async (environment: Record<string, string>): Promise<string> => {
    const env = {
      PATH: process.env.PATH ?? '',
      HOME: '/nonexistent',
      HECATE_FROM_SOURCE: '1',
      TERM: 'xterm',
      ...environment,
    };
    const command = `${programCommand('hecatectl').join(' ')} list-nodes --socket ${manager.socketPath}`;
    return (await execute('script', ['-qec', command, '/dev/null'], { env })).stdout;
  };
  t.match(await onTerminal({}), '\x1b[32monline\x1b[0m');
  t.notMatch(await onTerminal({ NO_COLOR: '1' }), '\x1b');
  t.notMatch(await onTerminal({ TERM: 'dumb' }), '\x1b');
});
