/** NUT's programs as Debian installs them, and how they are run beside what a host has of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { ownEnvironment } from '../nodes/clean-environment.ts';

const folder = '/lib/nut';

export type NutProgram = 'upsd' | 'dummy-ups' | 'nutdrv_qx' | 'upsmon';

/** Root may read everything: what runs as root is not what runs on a host. */
const isRoot = process.getuid?.() === 0;
export const nutUser = isRoot ? 'nut' : userInfo().username;

const needed = ['upsd', 'dummy-ups', 'nutdrv_qx', 'upsmon']
  .map((name) => `${folder}/${name}`)
  .concat('/usr/bin/certutil');

/** For tap's `skip` option: false when a real upsd can run here, else why it cannot. */
export function skipWithoutUpsd(): false | string {
  const missing = needed.filter((path) => !existsSync(path));
  if (missing.length === 0) return false;
  return `missing ${missing.join(', ')} (as root: apt-get install nut-server nut-client libnss3-tools)`;
}

/** What a program says is kept for messages; not more than this. */
const logLengthMax = 64 * 1024;

export interface RunningProgram {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it has said so far. */
  log(): string;
  readonly exited: Promise<unknown>;
  /** Sends the signal and waits for the end. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface ProgramOptions {
  /** The folder of its configuration, its sockets and its pid files. */
  readonly folder: string;
  /** Put before the command: `['ip', 'netns', 'exec', NAME]`. */
  readonly within?: readonly string[];
  /** upsmon reads its password as root. */
  readonly asRoot?: boolean;
}

/** In the foreground, as NUT's own user; it ends with this process, however this process ends. */
export function runProgram(
  program: NutProgram,
  args: readonly string[],
  { folder: confPath, within = [], asRoot = false }: ProgramOptions,
): RunningProgram {
  const user = isRoot && !asRoot ? ['--reuid', nutUser, '--regid', nutUser, '--clear-groups'] : [];
  const alone = ['setpriv', ...user, '--pdeathsig', 'KILL', `${folder}/${program}`];
  const [command = '', ...rest] = [...within, ...alone, ...args];
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...ownEnvironment(), NUT_CONFPATH: confPath, NUT_STATEPATH: confPath, NUT_ALTPIDPATH: confPath },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-logLengthMax);
    });
  }
  child.on('error', (error) => {
    log += `\n${error.message}`;
  });
  const exited = once(child, 'close').catch(() => undefined);
  return {
    child,
    pid: child.pid ?? 0,
    log: () => log,
    exited,
    end: async (signal) => {
      // A paused one would not hear anything else.
      child.kill('SIGCONT');
      child.kill(signal);
      await exited;
    },
  };
}
