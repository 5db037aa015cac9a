/** The test command itself: what it counts, what it says last, and how it ends. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { until } from '../nodes/until.ts';

// Two of these wait for a file that has to be killed.
t.setTimeout(180_000);

const root = resolve(import.meta.dirname, '../..');
const command = join(root, 'scripts/test.ts');
const fixture = (...names: string[]): string[] => names.map((name) => join('test/scripts/fixtures', name));

/** Without CI and tap's own settings of the test that runs this. */
function environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { CI: _ci, TAP: _tap, TAP_CHILD_ID: _id, ...rest } = process.env;
  return { ...rest, ...more };
}

function run(args: readonly string[], env: Record<string, string> = {}) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [command, ...args], {
    cwd: root,
    encoding: 'utf8',
    env: environment(env),
  });
  return { stdout, stderr, status, closing: stdout.trimEnd().split('\n').at(-1) };
}

t.test('all pass', async (t) => {
  const { closing, status } = run(fixture('passing'));
  t.equal(closing, '2 passed, 0 failed');
  t.equal(status, 0);
  t.equal(run(fixture('passing'), { CI: 'true' }).status, 0);
});

t.test('a file may be named, too', async (t) => {
  t.equal(run(fixture('passing/passing.test.ts')).closing, '2 passed, 0 failed');
});

t.test('one fails: which, where, and what was expected', async (t) => {
  const { closing, status, stdout } = run(fixture('failing'));
  t.equal(closing, '1 passed, 1 failed');
  t.equal(status, 1);
  t.match(stdout, 'this one fails › deep inside › one is two');
  t.match(stdout, /at test\/scripts\/fixtures\/failing\/failing\.test\.ts:\d+/);
  t.match(stdout, /-2\s+\+1/);
});

t.test('a file whose process ends before its tests do', async (t) => {
  const { closing, status, stdout } = run(fixture('crashing'));
  t.equal(closing, '1 passed, 1 failed');
  t.equal(status, 1);
  t.match(stdout, 'last words', 'with what it wrote');
});

t.test('a file whose process is killed', async (t) => {
  const { closing, status, stdout } = run(fixture('killed'));
  t.match(closing, /^\d passed, 1 failed$/);
  t.equal(status, 1);
  t.match(stdout, 'SIGKILL');
});

t.test('a file that never ends, and a child of it', async (t) => {
  // Long enough for the file to get into its loop on a busy machine, too.
  const { closing, status, stdout } = run([...fixture('hanging'), '--timeout', '8']);
  t.equal(closing, '0 passed, 1 failed');
  t.equal(status, 1);
  t.match(stdout, 'ran out of its 8 s');
  const child = Number(/child (\d+)/.exec(stdout)?.[1]);
  t.ok(child > 0);
  await until(() => !isAlive(child), { what: 'nothing of it is left' });
});

t.test('skipped tests are counted at any depth, named with their reasons, and fail in CI', async (t) => {
  const { closing, status, stdout } = run(fixture('skipping'));
  t.equal(closing, '1 passed, 0 failed, 4 skipped');
  t.equal(status, 0);
  for (const reason of ['no such hardware', 'needs root', 'some day', 'the whole file needs a moon']) {
    t.match(stdout, new RegExp(`^skipped: .*${reason}$`, 'm'));
  }
  t.equal(run(fixture('skipping'), { CI: 'true' }).status, 1);
});

t.test('no test at all is a failure', async (t) => {
  const noTests = run(fixture('empty'));
  t.equal(noTests.closing, '0 passed, 1 failed');
  t.equal(noTests.status, 1);
  const noFiles = run(fixture('no-such-folder'));
  t.equal(noFiles.closing, '0 passed, 0 failed');
  t.equal(noFiles.status, 1);
  t.match(noFiles.stderr, 'no test files in');
});

t.test('several at once are summed up', async (t) => {
  const { closing, status, stdout } = run(fixture('passing', 'failing', 'skipping'));
  t.equal(closing, '4 passed, 1 failed, 4 skipped');
  t.equal(status, 1);
  t.match(stdout, /^failed: test\/scripts\/fixtures\/failing\/failing\.test\.ts$/m);
});

t.test('what failed beside others runs once more, alone, and that is told', async (t) => {
  const flaky = (folder: string) => {
    const marks = mkdtempSync(join(tmpdir(), 'hecate-flaky-'));
    t.teardown(() => rmSync(marks, { recursive: true }));
    return run(fixture(folder), { CI: 'true', HECATE_TEST_FLAKY_MARK: join(marks, 'mark') });
  };
  const { closing, status, stdout } = flaky('flaky/io');
  t.equal(closing, '1 passed, 0 failed, 1 only at the second try');
  t.equal(status, 0);
  t.match(stdout, /FAILED .*was here before/, 'with what it said the first time');
  t.match(stdout, /^only at the second try: test\/scripts\/fixtures\/flaky\/io\/flaky\.test\.ts$/m);

  const core = flaky('flaky/core');
  t.equal(core.closing, '0 passed, 1 failed', 'what has no clock has no second try');
  t.equal(core.status, 1);
});

t.test('the whole run leaves the fixtures out', async (t) => {
  const { findTestFiles } = await import('../../scripts/test/find-test-files.ts');
  const files = findTestFiles(root, []);
  t.ok(files.includes('test/scripts/test.test.ts'));
  t.notOk(
    files.some(
      (file) => file.includes('fixtures') || file.includes('node_modules') || file.startsWith('test/bench'),
    ),
  );
  t.same(
    findTestFiles(root, ['test/scripts']),
    files.filter((file) => file.startsWith('test/scripts/')),
  );
});

t.test('Ctrl-C ends the run and what it started', async (t) => {
  const runner = spawn(process.execPath, [command, ...fixture('hanging')], { cwd: root, env: environment() });
  const file = await childOf(runner.pid ?? 0);
  const itsChild = await childOf(file);
  runner.kill('SIGINT');
  const [code] = await once(runner, 'exit');
  t.equal(code, 130);
  // What was killed is gone when its parent, or process 1, has been told.
  await until(() => !isAlive(file) && !isAlive(itsChild), { what: 'nothing of it is left' });
});

/** A dead process that nobody has waited for yet counts as gone. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}

/** A child of the process, once there is one. */
async function childOf(pid: number): Promise<number> {
  const find = (): number | undefined => {
    const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
    return Number(stdout.trim().split('\n')[0]) || undefined;
  };
  return until(find, { what: `${pid} has a child` });
}
