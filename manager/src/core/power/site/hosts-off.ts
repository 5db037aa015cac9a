/**
 * Whether the hosts behind a UPS are off: what cuts its output wants to know first. A session says that a host is up;
 * silence alone says nothing (I12), and what the UPS carries is the independent look. Pure.
 */

export interface HostsOffQuestion {
  /** Hosts behind it, but for the coordinator, and whether they have a session. */
  readonly hosts: readonly { readonly name: string; readonly isOnline: boolean }[];
  /** `ups.load` when the shutdown was asked for, and now; undefined: not told. */
  readonly loadBeforePercent: number | undefined;
  readonly loadPercent: number | undefined;
}

export interface HostsOff {
  readonly verdict: 'off' | 'up' | 'unknown';
  /** A sentence, with its figures. */
  readonly sentence: string;
}

/** What is left once hosts are off: the coordinator, switches, the UPS itself. */
const droppedShare = 0.7;

export function judgeHostsOff({ hosts, loadBeforePercent, loadPercent }: HostsOffQuestion): HostsOff {
  const online = hosts.filter(({ isOnline }) => isOnline).map(({ name }) => name);
  if (online.length > 0) return { verdict: 'up', sentence: `${online.join(', ')} still has a session` };
  if (hosts.length === 0) return { verdict: 'off', sentence: 'no other host hangs on it' };
  if (loadBeforePercent === undefined || loadPercent === undefined)
    return { verdict: 'unknown', sentence: 'no host has a session, and its load is not told' };
  const load = `its load is ${loadPercent} %, and was ${loadBeforePercent} %`;
  return loadPercent <= droppedShare * loadBeforePercent
    ? { verdict: 'off', sentence: `no host has a session; ${load}` }
    : { verdict: 'unknown', sentence: `no host has a session, but ${load}` };
}
