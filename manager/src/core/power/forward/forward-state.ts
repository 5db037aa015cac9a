/**
 * What a site without a cluster knows of the trigger that it forwards to the coordinator's manager, what it hears and
 * what it asks for. All times are this host's CLOCK_BOOTTIME of `bootId`.
 */
/** How the receiver says that a forwarded trigger stands with it. Durable there, each of them (I9). */
export const forwardStandings = [
  /** It is kept; no run has begun for it yet. */
  'accepted',
  'running',
  'past-no-return',
  'withdrawing',
  'withdrawn',
  'ended',
  /** A newer one of this UPS is known there. */
  'superseded',
] as const;
export type ForwardStanding = (typeof forwardStandings)[number];

/** The receiver's answer: an acknowledgement, and at the same time how far the run is. */
export interface ForwardProgress {
  readonly standing: ForwardStanding;
  /** The newest that it knows of this UPS. */
  readonly newestSequence: number;
  /** Empty: none has begun. */
  readonly runId: string;
  readonly stage: string;
  /** The worst case of what is left of the run; 0: there is none. */
  readonly boundLeftMs: number;
  /** The run powers the sender's host off, too, or stops what is on it. */
  readonly coversSender: boolean;
  /** Why no run begins; empty: one has. */
  readonly trouble: string;
}

export interface Forward {
  /** Counts up for each UPS: with `instance`, what the receiver knows it by. */
  readonly sequence: number;
  /** As the decision calls it. */
  readonly triggerId: string;
  readonly cause: string;
  readonly sentence: string;
  readonly openedAtMs: number;
  /** When the battery is expected to be too low; undefined: nobody knows. */
  readonly deadlineAtMs: number | undefined;
  /**
   * sending: not acknowledged · acknowledged: it is kept there · committed: past the point of no return there · ended:
   * over there.
   */
  readonly phase: 'sending' | 'acknowledged' | 'committed' | 'ended';
  /** Why it is taken back; empty: it is not. */
  readonly withdrawal: string;
  readonly withdrawnAtMs: number;
  /** It is of before a boot, and the UPS has not been seen on battery since: nothing is begun by it until it is. */
  readonly isUnseen?: boolean;
  /** The receiver has let go of it, and a shutdown of this host has not yet. */
  readonly isLetGo: boolean;
  /** The newest answer, and when it came; not durable in its details. */
  readonly heardAtMs: number | undefined;
  readonly progress: ForwardProgress | undefined;
}

/** The shutdown of this host's own site, where nobody else sees to it. */
export interface LocalShutdown {
  readonly triggerId: string;
  readonly sentence: string;
  readonly isStarted: boolean;
  readonly isReversing: boolean;
  readonly isOver: boolean;
  readonly askAgainAtMs: number;
}

/** A withdrawal that was not answered in time: it is sent until it is, and nobody waits for it. */
export interface Leftover {
  readonly sequence: number;
  readonly sentence: string;
  readonly sinceMs: number;
}

/** What the battery is good for, for this host's own shutdown. */
export interface OwnSupply {
  /** Until the own threshold; undefined: not on battery. */
  readonly slackMs: number | undefined;
  readonly leftMs: number | undefined;
  /** Mains has been back for a minute. */
  readonly isOnMains: boolean;
}

export interface ForwardState {
  readonly version: 1;
  readonly ups: string;
  readonly bootId: string;
  /** Random, of the file that this is kept in: sequences of another file are others. */
  readonly instance: string;
  /** Of the newest forward. */
  readonly sequence: number;
  readonly forward: Forward | undefined;
  readonly leftover: Leftover | undefined;
  readonly local: LocalShutdown | undefined;
  readonly localAttempts: number;
  readonly localNotBeforeMs: number;
  /** Not durable: what is being sent, and when the next is. */
  readonly sendingSinceMs: number | undefined;
  readonly sendingSequence: number;
  readonly isSendingWithdrawal: boolean;
  readonly failures: number;
  readonly nextSendAtMs: number;
  /** Why the last one was not answered; empty: it was. */
  readonly trouble: string;
  readonly supply: OwnSupply | undefined;
  /** Raised, by key. */
  readonly alerts: readonly string[];
}

export interface ForwardConfig {
  /** An answer that takes longer has not come. */
  readonly acknowledgeWithinMs: number;
  /** A receiver that says nothing for so long does not carry it out. */
  readonly progressWithinMs: number;
  /** Whether this host's own shutdown is declared. */
  readonly hasLocalShutdown: boolean;
}

export const forwardConfigDefaults: ForwardConfig = {
  acknowledgeWithinMs: 3000,
  progressWithinMs: 15_000,
  hasLocalShutdown: false,
};

export interface ForwardInstant {
  readonly nowMs: number;
  readonly bootId: string;
}

/**
 * What becomes of a run. ended: over, and the hosts are off · failed: over, and they are not · aborted: so, by a person,
 * who knows why.
 */
export type ForwardRunEvent = 'started' | 'past-no-return' | 'ended' | 'failed' | 'aborted';

export type ForwardInput =
  /** Once, after a start: what the decision has open, and whether it has heard that it was begun; undefined: nothing. */
  | {
      readonly type: 'resume';
      readonly open: { readonly triggerId: string; readonly isStarted: boolean } | undefined;
    }
  | {
      readonly type: 'trigger';
      readonly triggerId: string;
      readonly cause: string;
      readonly sentence: string;
      readonly timeLimitMs: number;
    }
  | { readonly type: 'reverse'; readonly triggerId: string; readonly sentence: string }
  | { readonly type: 'answer'; readonly sequence: number; readonly progress: ForwardProgress }
  /** No answer came: cut off, refused, too late. */
  | { readonly type: 'unanswered'; readonly sequence: number; readonly why: string }
  | { readonly type: 'supply'; readonly supply: OwnSupply }
  /** What became of this host's own shutdown. */
  | { readonly type: 'local-run'; readonly triggerId: string; readonly event: ForwardRunEvent }
  | { readonly type: 'tick' };

export type ForwardEffect =
  /** Durable before the effects behind it leave (I9). */
  | { readonly type: 'persist'; readonly state: ForwardState }
  /** One at a time: the next after its answer, or after `unanswered`. The same sequence again says the same. */
  | {
      readonly type: 'send';
      readonly sequence: number;
      /** Undefined: it is being withdrawn. */
      readonly timeLimitMs: number | undefined;
      readonly isWithdrawal: boolean;
      readonly triggerId: string;
      readonly cause: string;
      readonly sentence: string;
    }
  /** What the decision is to hear of its trigger. */
  | {
      readonly type: 'hear';
      readonly triggerId: string;
      readonly event: Exclude<ForwardRunEvent, 'aborted'>;
    }
  /** Mains is back, and it is over: the decision begins anew. */
  | { readonly type: 'recovered' }
  /** This host's own shutdown; the same id again: not answered yet. */
  | {
      readonly type: 'local';
      readonly triggerId: string;
      readonly sentence: string;
      readonly timeLimitMs: number;
    }
  | { readonly type: 'local-reverse'; readonly triggerId: string; readonly sentence: string }
  /** The first answer to it: how long it took. */
  | { readonly type: 'acknowledged'; readonly sequence: number; readonly afterMs: number }
  | {
      readonly type: 'alert';
      readonly key: string;
      readonly isRaised: boolean;
      readonly sentence: string;
    };

export interface ForwardStep {
  readonly state: ForwardState;
  readonly effects: readonly ForwardEffect[];
}

export const initialForward = (ups: string, bootId: string, instance: string): ForwardState => ({
  version: 1,
  ups,
  bootId,
  instance,
  sequence: 0,
  forward: undefined,
  leftover: undefined,
  local: undefined,
  localAttempts: 0,
  localNotBeforeMs: 0,
  sendingSinceMs: undefined,
  sendingSequence: 0,
  isSendingWithdrawal: false,
  failures: 0,
  nextSendAtMs: 0,
  trouble: '',
  supply: undefined,
  alerts: [],
});

/** What goes to the disk: answers that say nothing new are not written. */
export function durableForward(state: ForwardState): ForwardState {
  const { forward, alerts, local } = state;
  return {
    ...initialForward(state.ups, state.bootId, state.instance),
    sequence: state.sequence,
    forward: forward && {
      ...forward,
      heardAtMs: undefined,
      progress: forward.progress && { ...forward.progress, stage: '', boundLeftMs: 0, trouble: '' },
    },
    leftover: state.leftover,
    local: local && { ...local, askAgainAtMs: 0 },
    localAttempts: state.localAttempts,
    alerts,
  };
}

/** The state at a start, from what was kept. Times of another boot mean nothing; a forward stands (I10). */
export function resumedForward(
  kept: ForwardState | undefined,
  ups: string,
  bootId: string,
  instance: string,
): ForwardState {
  if (kept === undefined) return initialForward(ups, bootId, instance);
  const state = durableForward(kept);
  if (kept.bootId === bootId) return state;
  const { forward, leftover } = state;
  return {
    ...state,
    bootId,
    forward: forward && {
      ...forward,
      openedAtMs: 0,
      withdrawnAtMs: 0,
      deadlineAtMs: undefined,
      isUnseen: true,
    },
    leftover: leftover && { ...leftover, sinceMs: 0 },
  };
}
