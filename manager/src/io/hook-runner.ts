/**
 * Hooks: commands of the coordinator, without a shell, in a process group of their own, so that the time limit ends
 * whatever they started, too.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { formatDuration } from '@hecate/proto/core/duration-text.ts';

export interface HookOptions {
  readonly timeLimitMs: number;
  /** Added to the manager's own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What it reads; nothing when left out. */
  readonly input?: string;
  /** Each line that it writes, until there are too many. */
  readonly onLine?: (line: string) => void;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs?: number;
}

/** exitStatus undefined: it could not be run, or was killed. */
export interface HookEnd {
  readonly exitStatus: number | undefined;
  /** A sentence; empty when it ended with 0. */
  readonly message: string;
}

const graceMsDefault = 5000;
/** Lines of one hook that go to the log (I14), and how long each may be. */
const linesMax = 1000;
const lineLengthMax = 2000;

/** Resolves when the command has ended, or has been killed because its time was over. Never rejects. */
export function runHook(argv: readonly string[], options: HookOptions): Promise<HookEnd> {
  const [command = '', ...args] = argv;
  return new Promise((resolve) => {
    let child: ChildProcess;
    try {
      child = spawn(command, args, {
        cwd: '/',
        detached: true,
        env: { ...process.env, ...options.environment },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
    } catch (error) {
      resolve(notRun(command, error));
      return;
    }
    const limit = limitTime(child, options);
    child.once('error', (error) => {
      limit.stop();
      resolve(notRun(command, error));
    });
    // Not `close`: a grandchild that keeps the pipes open must not hold up the run.
    child.once('exit', (status, signal) => {
      limit.stop();
      resolve(endOf(command, status, signal, limit.isOver() ? options.timeLimitMs : undefined));
    });
    relayLines([child.stdout, child.stderr], options.onLine);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

const notRun = (command: string, error: unknown): HookEnd => ({
  exitStatus: undefined,
  message: `${command} could not be run: ${error instanceof Error ? error.message : String(error)}`,
});

function endOf(
  command: string,
  status: number | null,
  signal: NodeJS.Signals | null,
  overMs: number | undefined,
): HookEnd {
  if (overMs !== undefined) {
    return {
      exitStatus: undefined,
      message: `${command} had not ended after ${formatDuration(overMs)} and was ended`,
    };
  }
  if (status === null) return { exitStatus: undefined, message: `${command} was ended by ${signal}` };
  return { exitStatus: status, message: status === 0 ? '' : `${command} ended with ${status}` };
}

/** SIGTERM to the whole group when the time is over, SIGKILL to what is left of it after that. */
function limitTime(child: ChildProcess, { timeLimitMs, graceMs = graceMsDefault }: HookOptions) {
  let isOver = false;
  const signalGroup = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  };
  let killing: NodeJS.Timeout | undefined;
  const timer = setTimeout(() => {
    isOver = true;
    signalGroup('SIGTERM');
    killing = setTimeout(() => signalGroup('SIGKILL'), graceMs);
  }, timeLimitMs);
  return {
    isOver: () => isOver,
    stop: () => {
      clearTimeout(timer);
      clearTimeout(killing);
      // The command itself is gone: what it left in its group was told to end, and has had its chance.
      if (isOver) signalGroup('SIGKILL');
    },
  };
}

/** A line without an end is cut into pieces, and what is too much is not kept (I14). */
function relayLines(streams: readonly (Readable | null)[], onLine: HookOptions['onLine']): void {
  let count = 0;
  const tell = (line: string): void => {
    count += 1;
    if (count <= linesMax) onLine?.(line);
    else if (count === linesMax + 1)
      onLine?.(`(it writes more than ${linesMax} lines: the rest is not kept)`);
  };
  for (const stream of streams) {
    let rest = '';
    stream?.setEncoding('utf8');
    stream?.on('error', () => undefined);
    stream?.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = (lines.pop() ?? '').slice(0, lineLengthMax);
      for (const line of lines) tell(line.slice(0, lineLengthMax));
    });
    stream?.on('end', () => {
      if (rest) tell(rest);
    });
  }
}
