import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What /proc/PID/stat says: the parent, and the start time that tells a reused pid from the old one. */
export interface ProcessIdentity {
  /** The name of its program, cut to 15 characters by the kernel. */
  command: string;
  parentPid: number;
  /** In clock ticks since boot, as the kernel writes it. */
  startTime: string;
}

/** The identity of a process as seen from here, or `undefined` when there is none with that pid (or only its zombie). */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold spaces and brackets: the fields start after the last one.
    const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const command = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    return { command, parentPid: Number(parent), startTime: rest[17] ?? '' };
  } catch {
    return undefined;
  }
}

/** All pids of this pid namespace. */
export function allPids(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/** Pids of the living children of `pid`, a process with one thread or one whose main thread starts its children. */
export function childPids(pid: number): number[] {
  let candidates: number[];
  try {
    candidates = (readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? []).map(Number);
  } catch {
    candidates = allPids(); // gone, or a kernel without CONFIG_PROC_CHILDREN
  }
  return candidates.filter((candidate) => processIdentity(candidate)?.parentPid === pid);
}

/** The pid namespace a process lives in, e.g. `pid:[4026531836]`, or `undefined` when it is gone. */
export function pidNamespace(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/** Translates a pid that was learnt inside a node into the pid that the host knows the process by. */
export function hostPidOf(leaderPid: number, insidePid: number): number | undefined {
  const namespace = pidNamespace(leaderPid);
  if (namespace === undefined) return undefined;
  return allPids().find((pid) => {
    try {
      const line = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
      return Number(line.split(/\s+/).at(-1)) === insidePid && pidNamespace(pid) === namespace;
    } catch {
      return false;
    }
  });
}
