/** Ends of watching that a manager does not have on request: its own host going off, its loss, updates on a terminal. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  createRunStarted,
  createRunUpdate,
  type RunEventLine,
  type RunReport,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { programCommand } from '../../../test/support/programs.ts';
import { silence } from '../support/answers.ts';
import type { Answers } from '../support/fake-manager.ts';
import { coordinatorGoing, event, reportOf, runId } from '../support/run-answers.ts';
import { schemaProblem } from '../support/schema.ts';
import { until } from '../support/until.ts';
import { withManager } from '../support/with-manager.ts';

type Update = readonly [RunReport, readonly RunEventLine[]];

const watched =
  (updates: readonly Update[], end: 'silence' | 'drop' | RunReport): NonNullable<Answers['watchRun']> =>
  async (_value, request, session) => {
    for (const [report, events] of updates) {
      const value = createRunUpdate({ report, events: [...events] });
      await request.sendItem({ case: 'runUpdate', value });
    }
    if (end === 'drop') session.end('HEC_SHUTTING_DOWN', 'the manager stops');
    return typeof end === 'string' ? silence(request) : { case: 'run', value: end };
  };

const getRun: NonNullable<Answers['getRun']> = () => ({ case: 'run', value: reportOf('running') });

const startRun: NonNullable<Answers['startRun']> = () => ({
  case: 'runStarted',
  value: createRunStarted({
    run: reportOf('running'),
    joined: true,
    preempted: ['01KASVJ5T0000000000000000A'],
  }),
});

t.test('the host of the manager goes off as the last step: expected, and a success', async (t) => {
  const { ctl, manager } = await withManager(t, {
    startRun,
    watchRun: watched([[coordinatorGoing, []]], 'drop'),
  });
  const shown = await ctl('shutdown', '--execute', '--reason', 'mains', '--time-limit', '10min');
  t.equal(shown.exitCode, 0, shown.stderr);
  t.match(shown.stderr, /joined run 01KASV/);
  t.match(shown.stderr, /run 01KASVJ5T0000000000000000A was ended for it/);
  t.match(shown.stderr, /last step and to be expected/);
  t.match(manager.requests[0], {
    case: 'startRun',
    value: { name: 'shutdown', execute: true, reason: 'mains', timeLimitMs: 600_000, mode: 'unspecified' },
  });
});

t.test('the end was told, and its answer lost with the manager', async (t) => {
  const over = reportOf('done');
  const { ctl } = await withManager(t, { getRun, watchRun: watched([[over, []]], 'drop') });
  const shown = await ctl('runs', 'watch');
  t.equal(shown.exitCode, 0);
  t.match(shown.stdout, /the run has ended: done\n$/);
  t.notMatch(shown.stderr, 'lost');
});

t.test('the time for watching is over at the manager a moment earlier', async (t) => {
  const running = reportOf('running');
  const { ctl } = await withManager(t, { getRun, watchRun: watched([[running, []]], running) });
  const shown = await ctl('runs', 'watch', '--timeout', '20s');
  t.equal(shown.exitCode, 124);
  t.match(shown.stderr, /the run goes on \(HEC_TIMEOUT\)/);
});

t.test('degraded on the way stays degraded', async (t) => {
  const degraded = { ...coordinatorGoing, degradations: ['step 1.1: …'] };
  const { ctl } = await withManager(t, { getRun, watchRun: watched([[degraded, []]], 'drop') });
  t.equal((await ctl('runs', 'watch')).exitCode, 5);
});

t.test('a loss at any other time is waited over, for as long as --timeout says', async (t) => {
  const { ctl, manager } = await withManager(t, {
    getRun,
    watchRun: watched([[reportOf('running'), []]], 'drop'),
  });
  const shown = await ctl('runs', 'watch', '--timeout', '2500ms');
  t.equal(shown.exitCode, 124);
  t.match(shown.stderr, /connection to the manager is lost[\s\S]*connected again[\s\S]*runs watch 01KASV/);
  t.ok(manager.hellos.length >= 2);
  t.match(manager.requests.at(-1), { case: 'watchRun', value: { runId } });
});

t.test('a line for every event, safe to show; and the same as objects', async (t) => {
  const events = [event('run-started', 'the run has started'), event('step-begun', 'evil \x1b[2J', '1.1')];
  const running = reportOf('running', { '1.1': { state: 'running' } });
  const { ctl } = await withManager(t, {
    getRun,
    watchRun: watched([[running, events]], reportOf('pre-empted')),
  });
  const shown = await ctl('runs', 'watch');
  t.equal(shown.exitCode, 1);
  t.equal(
    shown.stdout,
    [
      '2026-11-21 13:45:05  the run has started',
      '2026-11-21 13:45:05  evil \\x1b[2J',
      '2026-11-21 13:46:17  the run has ended: pre-empted\n',
    ].join('\n'),
  );
  t.match(shown.stderr, /run 01KASV\w* is pre-empted after 1 min 12 s \(HEC_RUN_FAILED\)/);
  const json = await ctl('runs', 'watch', '-o', 'jsonl');
  const lines = json.stdout.trim().split('\n');
  t.equal(lines.length, 4);
  for (const line of lines) t.equal(schemaProblem('run-event', JSON.parse(line)), undefined, line);
  t.equal((await ctl('runs', 'watch', '-q')).stdout, '');
});

t.test('on a terminal: a tree that is redrawn in place, and stays', async (t) => {
  const { manager } = await withManager(t, {
    getRun,
    watchRun: watched(
      [
        [reportOf('running', { '1.1': { state: 'running' } }), []],
        [coordinatorGoing, []],
      ],
      reportOf('done', { '1.1': { state: 'done' }, '1.2': { state: 'done' }, '2.1': { state: 'done' } }),
    ),
  });
  const command = `${programCommand('hecatectl').join(' ')} runs watch --socket ${manager.socketPath}`;
  const onTerminal = async (environment: Record<string, string>): Promise<string> => {
    const env = {
      PATH: process.env.PATH,
      HOME: '/nonexistent',
      TERM: 'xterm',
      HECATE_FROM_SOURCE: '1',
      ...environment,
    };
    return (await promisify(execFile)('script', ['-qec', command, '/dev/null'], { env })).stdout;
  };
  const shown = await onTerminal({});
  const frames = shown.split('\x1b[J');
  t.ok(frames.length > 2, `drawn ${frames.length} times`);
  t.match(frames.at(-1), /✓ .*stage 1: workers[\s\S]*✓ .*2\.1 power off pi/);
  t.match(shown, '\x1b[32m', 'coloured');
  const plain = await onTerminal({ NO_COLOR: '1' });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with the escape character
  t.notMatch(plain, /\x1b\[\d*m/);
  t.match(
    await onTerminal({ TERM: 'dumb' }),
    /^2026-11-21 .* step 1\.1 begins/m,
    'lines where nothing can be redrawn',
  );
});

t.test('no answer to a request to execute: it may have been accepted', async (t) => {
  const { ctl, start, manager } = await withManager(t, {
    startRun: (_value, request, session) => {
      session.end('HEC_SHUTTING_DOWN', 'the manager stops');
      return silence(request);
    },
  });
  const lost = await ctl('startup', '--execute');
  t.equal(lost.exitCode, 70);
  t.match(lost.stderr, /HEC_UNKNOWN[\s\S]*hecatectl runs list/);
  const slow = await withManager(t, { startRun: (_value, request) => silence(request) });
  const running = slow.start(['startup', '--execute', '--override-intent', '--mode', 'cluster-only']);
  await until(() => slow.manager.requests.length === 1);
  running.child.kill('SIGINT');
  const interrupted = await running.result;
  t.equal(interrupted.exitCode, 130);
  t.match(interrupted.stderr, /interrupted before the answer came[\s\S]*hecatectl runs list/);
  t.match(slow.manager.requests[0], { value: { overrideIntent: true, mode: 'cluster-only' } });
  t.equal(typeof start, 'function');
  t.equal(manager.requests.length, 1);
});

t.test('poweroff and reboot take --yes, and without it say what is meant', async (t) => {
  const { listNodes, operate } = await import('../support/answers.ts');
  const { ctl, manager } = await withManager(t, { listNodes, operate: operate(() => ({ status: 'done' })) });
  const asked = await ctl('poweroff', 'node-*');
  t.equal(asked.exitCode, 2);
  t.match(
    asked.stderr,
    /poweroff means node-a, node-b, node-c; nothing was sent[\s\S]*hecatectl poweroff node-\* --yes/,
  );
  t.notOk(manager.requests.some(({ case: name }) => name === 'operate'));
  const done = await ctl('reboot', 'node-a', '--yes', '-o', 'json');
  t.equal(done.exitCode, 0);
  t.equal(schemaProblem('outcomes', JSON.parse(done.stdout)), undefined);
  t.match(manager.requests.at(-1), { case: 'operate', value: { verb: 'reboot', units: [] } });
});
