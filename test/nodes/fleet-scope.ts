import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execute } from './execute.ts';
import { pidNamespace, processIdentity } from './processes.ts';

const prefix = 'hecate-fleet';
const janitorScript = join(import.meta.dirname, 'janitor.sh');

/**
 * What one fleet has on the host, under one name that says who owns it: a state folder and, as root, a control
 * group. A janitor process removes both when the owner closes the scope or dies, even by SIGKILL.
 */
export interface FleetScope {
  readonly name: string;
  readonly stateFolder: string;
  /** Absolute path of the fleet's cgroup v2 group; `undefined` without root, where systemd-run makes scopes. */
  readonly controlGroup: string | undefined;
  /** Kills what is left and removes everything; idempotent. */
  close(): Promise<void>;
}

/**
 * The place where fleets put their state folders. `HECATE_FLEET_FOLDER` overrides the temporary folder. Booted
 * nodes need a file system there that overlays can lie on (ext4, xfs, btrfs, tmpfs; not another overlay).
 * @throws Error for a folder that nodes could not see, because they have their own there.
 */
export function fleetFolder(): string {
  const folder = resolve(process.env.HECATE_FLEET_FOLDER ?? tmpdir());
  if (!/^\/(run|var\/run|var\/log)(\/|$)/.test(folder)) return folder;
  throw new Error(
    `fleets cannot live in ${folder}: nodes have a /run and a /var/log of their own; set HECATE_FLEET_FOLDER`,
  );
}

/** The cgroup v2 group of this process, or `undefined` when this machine has no cgroup v2 mounted. */
export function ownControlGroup(): string | undefined {
  const mountPoint = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((line) => line.includes(' - cgroup2 '))
    ?.split(' ')[4];
  const path = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  if (mountPoint === undefined || path === undefined) return undefined;
  const group = join(mountPoint, path);
  return existsSync(join(group, 'cgroup.procs')) ? group : undefined;
}

/** `pid:[4026531836]` → `4026531836`: a pid means nothing without the namespace that counts it. */
function namespaceNumber(): string {
  return pidNamespace('self')?.replace(/\D/g, '') ?? '0';
}

function scopeName(): string {
  const startTime = processIdentity(process.pid)?.startTime ?? '0';
  return [prefix, namespaceNumber(), process.pid, startTime, randomBytes(3).toString('hex')].join('-');
}

/** Whether the name belongs to an owner that this process can tell to be dead. */
function ownerIsDead(name: string): boolean {
  const match = new RegExp(`^${prefix}-(\\d+)-(\\d+)-(\\d+)-[0-9a-f]+$`).exec(name);
  const [, namespace, pid, startTime] = match ?? [];
  if (namespace !== namespaceNumber()) return false;
  return processIdentity(Number(pid))?.startTime !== startTime;
}

function entries(folder: string | undefined): string[] {
  try {
    return folder === undefined ? [] : readdirSync(folder).filter((entry) => entry.startsWith(`${prefix}-`));
  } catch {
    return [];
  }
}

/** The parent of all fleets' groups: this process's own group, as root on a machine with cgroup v2. */
function groupParent(): string | undefined {
  return process.getuid?.() === 0 ? ownControlGroup() : undefined;
}

/**
 * Removes what fleets of dead owners left behind (their janitor was killed as well, or the machine crashed).
 * @returns the names of the scopes that were removed.
 */
export async function sweepDeadFleets(): Promise<string[]> {
  const parent = groupParent();
  const names = new Set([...entries(fleetFolder()), ...entries(parent)]);
  const dead = [...names].filter(ownerIsDead);
  for (const name of dead) {
    const group = parent === undefined ? '' : join(parent, name);
    await execute(['sh', janitorScript, group, join(fleetFolder(), name)]);
  }
  return dead;
}

/** Opens a scope for one fleet: its state folder, its control group and its janitor. */
export function openFleetScope(): FleetScope {
  const name = scopeName();
  const stateFolder = join(fleetFolder(), name);
  const parent = groupParent();
  const controlGroup = parent === undefined ? undefined : join(parent, name);
  // The janitor first: from here on, dying at any point leaves nothing.
  const janitor = startJanitor(controlGroup ?? '', stateFolder);
  mkdirSync(stateFolder, { mode: 0o755 });
  if (controlGroup !== undefined) mkdirSync(controlGroup);
  let closing: Promise<void> | undefined;
  return {
    name,
    stateFolder,
    controlGroup,
    close: () => {
      closing ??= closeScope(janitor, name, () => startJanitor(controlGroup ?? '', stateFolder));
      return closing;
    },
  };
}

function startJanitor(controlGroup: string, stateFolder: string): ChildProcess {
  const janitor = spawn('sh', [janitorScript, controlGroup, stateFolder], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true, // out of reach of Ctrl-C and of whoever kills the owner's process group
    cwd: '/',
  });
  janitor.stdin?.on('error', () => {});
  unrefPipe(janitor);
  return janitor;
}

/** An owner that has nothing else to do may end: the janitor must not keep it alive. */
function unrefPipe(child: ChildProcess): void {
  child.unref();
  const stdin: unknown = child.stdin;
  if (stdin instanceof Object && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
}

/** @param another for one that Ctrl-C has reached, before it was out of its owner's process group */
async function closeScope(janitor: ChildProcess, name: string, another: () => ChildProcess): Promise<void> {
  await ended(janitor);
  const last = janitor.signalCode === null ? janitor : await ended(another());
  if (last.exitCode === 0) return;
  const how =
    last.exitCode === null ? `was ended by ${last.signalCode}` : `ended with status ${last.exitCode}`;
  throw new Error(`the janitor of ${name} ${how}: see its output above`);
}

function ended(janitor: ChildProcess): Promise<ChildProcess> {
  return new Promise((resolve) => {
    janitor.ref();
    if (janitor.exitCode !== null || janitor.signalCode !== null) resolve(janitor);
    else janitor.once('exit', () => resolve(janitor));
    janitor.stdin?.end();
  });
}
