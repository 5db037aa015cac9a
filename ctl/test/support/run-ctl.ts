/** Runs hecatectl as a user does: as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { programCommand } from '../../../test/support/programs.ts';

/** Compiled sources are kept over runs and tests: a start from source takes a quarter of the time. */
const cache = resolve(import.meta.dirname, '../../../.cache');
mkdirSync(cache, { recursive: true });

export interface CtlResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCtl {
  readonly child: ChildProcess;
  readonly result: Promise<CtlResult>;
  /** What has come on stdout so far. */
  stdout(): string;
  stderr(): string;
}

export interface CtlOptions {
  readonly socket?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

export function startCtl(argv: readonly string[], options: CtlOptions = {}): RunningCtl {
  const environment: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    HOME: '/nonexistent',
    XDG_CACHE_HOME: cache,
    TZ: 'UTC',
    // The sources, so that a test never judges an old bundle.
    HECATE_FROM_SOURCE: '1',
    ...(options.socket ? { HECATE_SOCKET: options.socket } : {}),
    ...options.environment,
  };
  const [command = '', ...args] = [...programCommand('hecatectl'), ...argv];
  const child = spawn(command, args, { env: environment, stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const result = new Promise<CtlResult>((settle) => {
    child.on('close', (exitCode, signal) => settle({ exitCode, signal, stdout, stderr }));
  });
  return { child, result, stdout: () => stdout, stderr: () => stderr };
}

export const runCtl = (argv: readonly string[], options: CtlOptions = {}): Promise<CtlResult> =>
  startCtl(argv, options).result;
