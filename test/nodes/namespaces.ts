import { type ChildProcess, spawn } from 'node:child_process';
import { carriedEnvironment, cleanEnvironmentScript } from './clean-environment.ts';
import { shellExitCode } from './execute.ts';
import type { NodeProcess, SpawnOptions } from './node.ts';
import { childPids } from './processes.ts';
import { until } from './until.ts';

/** Whether this process has to make user namespaces to make any others. */
export const rootless = process.getuid?.() !== 0;

/**
 * Starts a tree of processes in namespaces of its own, which ends with this process however that ends: the
 * lifeline (its stdin) closes, its parent-death signal fires, and killing its process 1 kills all the others.
 * @param group the cgroup v2 group it shall live in; without root, systemd-run makes one.
 */
export function launch(
  name: string,
  group: string | undefined,
  unshareFlags: readonly string[],
  argv: readonly string[],
  logFd: number,
): ChildProcess {
  const unshare = ['unshare', ...unshareFlags, '--fork', '--kill-child', ...argv];
  const pinned = ['setpriv', '--pdeathsig', 'KILL', ...unshare];
  const moveThenExec = ['sh', '-c', 'echo 0 > "$1/cgroup.procs"; shift; exec "$@"', 'sh'];
  const scoped = [
    'systemd-run',
    '--user',
    '--scope',
    '--quiet',
    '-p',
    'Delegate=yes',
    `--unit=${name}`,
    '--',
  ];
  const [program = '', ...args] =
    group === undefined ? [...scoped, ...pinned] : [...moveThenExec, group, ...pinned];
  const child = spawn(program, args, {
    stdio: ['pipe', logFd, logFd],
    detached: true, // Ctrl-C on the terminal is for the owner to handle, not for its nodes
  });
  child.stdin?.on('error', () => {});
  return child;
}

/** How to get into a node: the flags of nsenter, and what to do first once inside. */
export interface Entrance {
  leaderPid: number;
  /** e.g. `['--mount', '--pid']`. */
  namespaceFlags: readonly string[];
  /** The group, as the node sees it, in which visitors live. */
  visitorGroup: string;
  /** The default working folder, as the node sees it. */
  cwd: string;
}

/**
 * The argv that runs `argv` inside a node. The process moves to the visitors' group, so that it is the node's
 * own and not the host's. The launcher is a shell that forks once and waits: nsenter's own fork stops itself
 * when its child is stopped, and would then miss the child's end. Both die with whoever started them.
 *
 * The node's process 1 is told when a visitor has ended: not being its parent it would not notice, and
 * systemd-shutdown looks only when it gets a SIGCHLD, or after ten seconds.
 */
export function enter(entrance: Entrance, argv: readonly string[], cwd = entrance.cwd): string[] {
  const die = ['setpriv', '--pdeathsig', 'KILL'];
  const wait = 'leader=$1; shift; "$@"; status=$?; kill -CHLD "$leader" 2>/dev/null; exit $status';
  const move = `${cleanEnvironmentScript}{ mkdir -p "$1" && echo 0 > "$1/cgroup.procs"; } 2>/dev/null || true
cd "$2" && shift 2 && exec "$@"`;
  return [
    ...['nsenter', `--target=${entrance.leaderPid}`, ...entrance.namespaceFlags, '--no-fork', '--'],
    ...[...die, 'sh', '-c', wait, 'sh', String(entrance.leaderPid)],
    ...[...die, 'sh', '-c', move, 'sh', entrance.visitorGroup, cwd, ...argv],
  ];
}

/** Starts a long-lived process by way of a launcher made by {@link enter}. Signals go to its only child. */
export async function spawnInside(
  argv: readonly string[],
  env: Record<string, string>,
  output: SpawnOptions['output'] = 'pipe',
): Promise<NodeProcess> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    stdio: ['pipe', output, output],
    detached: true,
    env: carriedEnvironment(env),
  });
  child.stdin?.on('error', () => {});
  let ended = false;
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      ended = true;
      resolve(shellExitCode(code, signal));
    });
  });
  const launcherPid = child.pid;
  if (launcherPid === undefined) {
    await exited; // throws why it could not be started
    throw new Error(`${program} could not be started`);
  }
  let pid: number | undefined;
  const found = (): boolean => {
    pid = childPids(launcherPid)[0];
    return pid !== undefined || ended;
  };
  await until(found, { what: `${argv.join(' ')} was started`, intervalMs: 5 });
  const kill = (signal: NodeJS.Signals): boolean => {
    if (pid === undefined || ended) return false;
    try {
      return process.kill(pid, signal);
    } catch {
      return false; // gone between its end and the news of it
    }
  };
  return { child, pid, exited, kill };
}
