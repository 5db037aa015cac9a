/**
 * What the coordinator's manager knows of a trigger that another site has forwarded to it, one for each UPS of that
 * site, what it hears and what it asks for. All times are this host's CLOCK_BOOTTIME of `bootId`.
 */
import type { ForwardRunEvent, ForwardStanding } from './forward-state.ts';

/** As it came. */
export interface ForwardedTrigger {
  /** Random, of the sender's file. */
  readonly instance: string;
  /** Counts up; a lower one of the same instance is an older one. */
  readonly sequence: number;
  /** As the sender's decision calls it. */
  readonly triggerId: string;
  readonly cause: string;
  readonly sentence: string;
  /** What the sender's battery is good for; undefined: nobody knows. */
  readonly timeLimitMs: number | undefined;
}

export interface ReceivedForward extends Omit<ForwardedTrigger, 'timeLimitMs'> {
  /** What its run is known by: another one, after a run that failed. */
  readonly runTriggerId: string;
  readonly phase: 'accepted' | 'running' | 'committed' | 'withdrawing' | 'withdrawn' | 'ended';
  readonly deadlineAtMs: number | undefined;
  readonly attempts: number;
  /** A run has begun for it. */
  readonly isStarted: boolean;
  readonly askAgainAtMs: number;
  /** Why it is taken back; empty: it is not. */
  readonly withdrawal: string;
  /** When the sender last said something of it; not durable. */
  readonly heardAtMs?: number;
  /** The sender is not heard of any more: nothing is begun for it until it is. */
  readonly isLapsed?: boolean;
  /** It is of before a boot, and the sender has not been heard since: mains may be back over there. */
  readonly isUnheard?: boolean;
  /** Past its point of no return: since when the sender says that mains is back over there. */
  readonly unwantedSinceMs?: number | undefined;
  /** It has ended with a run that failed when hosts were being powered off. */
  readonly isUnfinished?: boolean;
  /** The sender was revoked: nothing is begun for it any more. */
  readonly isRevoked?: boolean;
}

export interface ReceivedState {
  readonly version: 1;
  readonly peer: string;
  /** As the sender calls it. */
  readonly ups: string;
  readonly bootId: string;
  /** The newest; undefined: none yet. */
  readonly forward: ReceivedForward | undefined;
}

export interface ReceivedInstant {
  readonly nowMs: number;
  readonly bootId: string;
}

export type ReceivedInput =
  /** @see ForwardedTrigger; `ticket` names the request in the answer */
  | { readonly type: 'forwarded'; readonly ticket: number; readonly trigger: ForwardedTrigger }
  | {
      readonly type: 'withdrawn';
      readonly ticket: number;
      readonly instance: string;
      readonly sequence: number;
      readonly sentence: string;
    }
  /** The sender has no certificate any more: nobody can take it back but whoever has revoked it. */
  | { readonly type: 'revoked'; readonly sentence: string }
  /** What became of its run. */
  | { readonly type: 'run'; readonly triggerId: string; readonly event: ForwardRunEvent }
  | { readonly type: 'tick' }
  /** Once, after a start: what is open is asked for again. */
  | { readonly type: 'resume' };

export type ReceivedEffect =
  /** Durable before the effects behind it leave (I9): an answer is an acknowledgement. */
  | { readonly type: 'persist'; readonly state: ReceivedState }
  /** The same id again: not answered yet, or its time limit is smaller. */
  | {
      readonly type: 'trigger';
      readonly triggerId: string;
      readonly cause: string;
      readonly sentence: string;
      /** Undefined: none. */
      readonly timeLimitMs: number | undefined;
    }
  | { readonly type: 'reverse'; readonly triggerId: string; readonly sentence: string }
  | {
      readonly type: 'answer';
      readonly ticket: number;
      readonly standing: ForwardStanding;
      readonly newestSequence: number;
    };

export interface ReceivedStep {
  readonly state: ReceivedState;
  readonly effects: readonly ReceivedEffect[];
}

export const initialReceived = (peer: string, ups: string, bootId: string): ReceivedState => ({
  version: 1,
  peer,
  ups,
  bootId,
  forward: undefined,
});

/** The state at a start, from what was kept. Times of another boot mean nothing; a forward stands (I10). */
export function resumedReceived(kept: ReceivedState, bootId: string): ReceivedState {
  const { forward } = kept;
  if (kept.bootId === bootId || forward === undefined) return { ...kept, bootId };
  const anew = { deadlineAtMs: undefined, askAgainAtMs: 0, isUnheard: true, unwantedSinceMs: undefined };
  return { ...kept, bootId, forward: { ...forward, ...anew } };
}

/** It wants, or may want, the site down. */
export const isForwardOpen = ({ forward }: ReceivedState): boolean =>
  forward !== undefined &&
  forward.phase !== 'withdrawn' &&
  forward.phase !== 'ended' &&
  forward.isLapsed !== true;
