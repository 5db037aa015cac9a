/** Runs one test file in a process group of its own and reads its TAP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { readPoints } from './read-points.ts';

export interface Failure {
  /** The names of the tests it is in, outermost first, its own last. */
  readonly path: readonly string[];
  /** Where, expected and found, as tap wrote it. */
  readonly detail: string;
}

export interface Skip {
  readonly path: readonly string[];
  readonly reason: string;
}

export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failures: readonly Failure[];
  readonly skips: readonly Skip[];
  readonly durationMs: number;
  /** The end of what the file wrote to stderr, and of what it wrote to stdout beside its TAP. */
  readonly output: string;
  /** It failed beside others, and was clean when it ran alone. */
  readonly isSecondTry?: boolean;
}

/** tap's own time limit ends a test a little earlier and says which one it was. */
const tapGraceMs = 10_000;
/** From SIGTERM to SIGKILL: a test that is told to end destroys its nodes. */
const killGraceMs = 5000;
const outputLengthMax = 8000;

const running = new Set<ChildProcess>();

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone.
  }
}

/** Ends what runs: politely first, so that tests destroy their nodes, then at once. */
export async function endAllTestFiles(): Promise<void> {
  const groups = [...running];
  for (const child of groups) killGroup(child, 'SIGTERM');
  const gone = groups.map((child) => new Promise((resolve) => child.once('exit', resolve)));
  const grace = new Promise((resolve) => setTimeout(resolve, killGraceMs));
  await Promise.race([Promise.all(gone), grace]);
  for (const child of groups) killGroup(child, 'SIGKILL');
}

function start(root: string, file: string, timeLimitMs: number): ChildProcess {
  const tapTimeoutSeconds = String(Math.max(1, (timeLimitMs - tapGraceMs) / 1000));
  // TAP_DIFF_CONTEXT and FORCE_COLOR of a terminal must not change what is parsed.
  const env = { ...process.env, TAP_TIMEOUT: tapTimeoutSeconds, FORCE_COLOR: '0', NO_COLOR: '1' };
  return spawn(process.execPath, ['--enable-source-maps', join(root, file)], {
    cwd: root,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** @param file relative to root */
export function runTestFile(root: string, file: string, timeLimitMs: number): Promise<FileResult> {
  const startedAt = performance.now();
  const child = start(root, file, timeLimitMs);
  running.add(child);
  const points = readPoints();
  let output = '';
  const keep = (text: string): void => {
    output = (output + text).slice(-outputLengthMax);
  };
  points.onOtherText = keep;
  child.stdout?.setEncoding('utf8').on('data', (text: string) => points.write(text));
  child.stderr?.setEncoding('utf8').on('data', keep);
  let isTimedOut = false;
  const limit = setTimeout(() => {
    isTimedOut = true;
    killGroup(child, 'SIGTERM');
    setTimeout(() => killGroup(child, 'SIGKILL'), killGraceMs).unref();
  }, timeLimitMs);
  return new Promise((resolve) => {
    const finish = (how: { code: number | null; signal: string | null }): void => {
      clearTimeout(limit);
      running.delete(child);
      // What a file leaves running must not disturb the next one, nor hold its pipes open.
      killGroup(child, 'SIGKILL');
      const read = points.end();
      const end = isTimedOut ? `ran out of its ${timeLimitMs / 1000} s` : crash(how, read);
      const failures = end ? [...read.failures, { path: [], detail: end }] : read.failures;
      const durationMs = performance.now() - startedAt;
      resolve({ file, passed: read.passed, failures, skips: read.skips, durationMs, output });
    };
    child.once('error', (error) => finish({ code: null, signal: error.message }));
    child.once('exit', (code, signal) => {
      const drained = setTimeout(() => child.stdout?.destroy(), 2000);
      child.once('close', () => {
        clearTimeout(drained);
        finish({ code, signal });
      });
      killGroup(child, 'SIGKILL');
    });
  });
}

/** How the file itself failed, beyond its failed points: tap gives those the exit status 1. */
function crash(
  how: { code: number | null; signal: string | null },
  read: { passed: number; failures: readonly Failure[]; skips: readonly Skip[]; isComplete: boolean },
): string | undefined {
  if (how.signal !== null) return `was ended by ${how.signal}`;
  const explained = how.code === 0 || (how.code === 1 && read.failures.length > 0);
  if (!explained) return `ended with exit status ${how.code}`;
  if (!read.isComplete) return 'ended before its tests did';
  const points = read.passed + read.failures.length + read.skips.length;
  return points === 0 ? 'holds no test' : undefined;
}
