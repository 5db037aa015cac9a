/** Whether another site keeps this one from being started up: a shutdown that is live there. Pure. */
import { formatSeconds } from '../../plan/plan-words.ts';
import type { UpsState } from '../ups/ups-state.ts';

export interface UpsStandingQuestion {
  readonly state: Pick<UpsState, 'ups' | 'trigger' | 'outage' | 'mainsSinceMs' | 'silentSinceMs'>;
  /** A UPS that has been silent for longer says nothing of its power any more: that is unknown, not bad (I12). */
  readonly silentMostMs: number;
  readonly nowMs: number;
}

/** @returns why the power of a UPS is not to be called good, for other sites; empty: nothing keeps it from that */
export function upsHindrance({ state, silentMostMs, nowMs }: UpsStandingQuestion): string {
  const { ups, trigger, outage, mainsSinceMs, silentSinceMs = nowMs } = state;
  if (trigger) return `${ups} has asked for a shutdown`;
  const isOnBattery = outage !== undefined && mainsSinceMs === undefined;
  return isOnBattery && nowMs - silentSinceMs < silentMostMs ? `${ups} is on battery` : '';
}

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
