import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { runHook } from '../../src/io/hook-runner.ts';

const shell = (script: string, ...args: string[]) => ['/bin/sh', '-c', script, 'hook', ...args];
const timeLimitMs = 20_000;

t.test('how a hook ends', async (t) => {
  t.same(await runHook(['/bin/true'], { timeLimitMs }), { exitStatus: 0, message: '' });
  t.same(await runHook(['/bin/false'], { timeLimitMs }), {
    exitStatus: 1,
    message: '/bin/false ended with 1',
  });
  t.match(await runHook(shell('kill -9 $$'), { timeLimitMs }), { exitStatus: undefined, message: /SIGKILL/ });
  const missing = await runHook(['/no/such/hook'], { timeLimitMs });
  t.match(missing, { exitStatus: undefined, message: /could not be run: .*ENOENT/ });
  t.match(await runHook([], { timeLimitMs }), { exitStatus: undefined });
});

t.test('no shell, its own environment, its input, its lines', async (t) => {
  const lines: string[] = [];
  const script = 'echo "$1"; echo "$HECATE_RUN_ID" >&2; cat; printf unfinished';
  const end = await runHook(shell(script, '$(id); *'), {
    timeLimitMs,
    environment: { HECATE_RUN_ID: 'R1' },
    input: 'from stdin\n',
    onLine: (line) => lines.push(line),
  });
  t.equal(end.exitStatus, 0);
  await until(() => lines.length === 4, { what: 'its lines are there' });
  t.same(lines.sort(), ['$(id); *', 'R1', 'from stdin', 'unfinished']);
});

t.test('too much output is cut, and holds up nothing', async (t) => {
  const lines: string[] = [];
  const end = await runHook(shell('yes | head -n 50000; head -c 3000000 /dev/zero'), {
    timeLimitMs,
    onLine: (line) => lines.push(line),
  });
  t.equal(end.exitStatus, 0);
  await until(() => lines.length > 1000, { what: 'lines are there' });
  t.equal(lines.length, 1001);
  t.match(lines.at(-1), /more than 1000 lines/);
});

t.test('the time limit ends whatever it started, however stubborn', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-hook-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const pidFile = join(folder, 'pid');
  const script =
    'trap "" TERM; sh -c "trap \\"\\" TERM; echo \\$\\$ > $1; while :; do sleep 0.1; done" & while :; do sleep 0.1; done';
  const hook = shell(script.replaceAll('$1', pidFile));
  const end = await runHook(hook, { timeLimitMs: 500, graceMs: 200 });
  t.match(end, { exitStatus: undefined, message: /had not ended after 500 ms and was ended/ });
  const pid = readFileSync(pidFile, 'utf8').trim();
  const isRunning = () =>
    existsSync(`/proc/${pid}`) && !/State:\s+Z/.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  await until(() => !isRunning(), { what: 'its child is gone, too' });
});

t.test('a child that it leaves behind keeps its pipes, not the run', async (t) => {
  const end = await runHook(shell('sleep 1 & exit 3'), { timeLimitMs, onLine: () => undefined });
  t.equal(end.exitStatus, 3);
});
