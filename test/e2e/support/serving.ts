/** Whether a site still serves: its nodes are online, are listed, and do what they are told. */
import { readFileSync } from 'node:fs';
import type { Test } from 'tap';
import type { Site } from '../../site/site.ts';

/** A unit that starts at once, every time; what {@link serves} restarts. */
export const quickUnit = { 'quick.service': '[Service]\nType=oneshot\nExecStart=/bin/true\n' };

/** Every node that has an agent is online, and one command is done on each. @param when for the report */
export async function serves(t: Pick<Test, 'strictSame' | 'equal'>, site: Site, when: string): Promise<void> {
  const names = [...site.agents.keys()];
  const connections = await site.connections();
  t.strictSame(
    names.map((name) => connections[name]),
    names.map(() => 'online'),
    `${when}: every node is online`,
  );
  const started = await site.manager.ctl(['start', names.join(','), 'quick', '--timeout', '10s']);
  t.equal(started.exitCode, 0, `${when}: a start works: ${started.stderr}${started.stdout}`);
}

/** The manager's resident memory in MiB. */
export function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib) / 1024);
}

/** Runs `attack` and says what it cost the manager. Fails when memory grew by more than `roomMiB`. */
export async function withinMemory(
  t: Test,
  site: Site,
  roomMiB: number,
  attack: () => Promise<void>,
): Promise<void> {
  const before = residentMiB(site.manager.pid);
  await attack();
  const after = residentMiB(site.manager.pid);
  t.comment(`resident memory of the manager: ${before} MiB before, ${after} MiB after`);
  t.ok(after < before + roomMiB, `${after} MiB is less than ${before} + ${roomMiB}`);
}
