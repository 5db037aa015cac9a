/**
 * Operations on units that end, restart or suspend the host: the same as `poweroff`, under another name. Manager
 * (roles) and agent (policy) judge by this one list. Names: systemd.special(7) and systemd's own units up to 257.
 */
import type { Verb } from '../generated/wire.ts';

/** A start of one of these reaches the end of the host, also without `isolate`: their services do it. */
const targets = [
  'poweroff',
  'reboot',
  'halt',
  'kexec',
  'exit',
  'soft-reboot',
  'emergency',
  'rescue',
  'suspend',
  'hibernate',
  'hybrid-sleep',
  'suspend-then-hibernate',
  'sleep',
  'shutdown',
  'umount',
  'final',
  'ctrl-alt-del',
  'runlevel0',
  'runlevel1',
  'runlevel6',
];

const services = [
  'systemd-poweroff',
  'systemd-reboot',
  'systemd-halt',
  'systemd-kexec',
  'systemd-exit',
  'systemd-soft-reboot',
  'systemd-suspend',
  'systemd-hibernate',
  'systemd-hybrid-sleep',
  'systemd-suspend-then-hibernate',
  'emergency',
  'rescue',
];

const powerUnits: ReadonlySet<string> = new Set([
  ...targets.map((name) => `${name}.target`),
  ...services.map((name) => `${name}.service`),
]);

/** Verbs that start a unit now or at the next boot. */
export const startingVerbs: ReadonlySet<Verb> = new Set<Verb>([
  'start',
  'restart',
  'try-restart',
  'reload-or-restart',
  'set-default',
]);

/**
 * Whether the operation may end, restart or suspend the host.
 * @param unit its name, or one of its names; empty for verbs without one
 */
export function isPowerOperation(verb: Verb, unit: string): boolean {
  if (verb === 'poweroff' || verb === 'reboot') return true;
  // Signals to PID 1 are orders: SIGRTMIN+4 is poweroff, SIGINT a reboot.
  if (verb === 'kill') return unit === 'init.scope' || unit === '-.slice';
  return startingVerbs.has(verb) && powerUnits.has(unit);
}
