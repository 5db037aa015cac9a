/** Whether another site keeps this one from being started up: a shutdown that is live there. Pure. */
import { formatSeconds } from '../plan/plan-words.ts';

/** Another manager, and what it said last of its own power. */
export interface PeerStanding {
  readonly peer: string;
  /** Undefined: it has not been heard since this manager started, or has gone since. */
  readonly heard: { readonly hindrance: string } | undefined;
}

export interface PeersQuestion {
  readonly peers: readonly PeerStanding[];
  /** When this manager started. */
  readonly sinceMs: number;
  /** How long one that says nothing is waited for: its host may be among those that are to be woken. */
  readonly waitMs: number;
  readonly nowMs: number;
}

/** @returns a sentence; empty: no other site keeps this one down */
export function peersHindrance({ peers, sinceMs, waitMs, nowMs }: PeersQuestion): string {
  const told = peers.find(({ heard }) => heard !== undefined && heard.hindrance !== '');
  if (told) return `${told.peer}: ${told.heard?.hindrance}`;
  const silent = peers.find(({ heard }) => heard === undefined);
  const waitedMs = nowMs - sinceMs;
  if (!silent || waitedMs >= waitMs) return '';
  return `${silent.peer} has not said yet how its power is: waited for it ${formatSeconds(waitedMs)}, of ${formatSeconds(waitMs)}`;
}
