/**
 * What the decision knows of one UPS, what it hears and what it asks for. All times are the coordinator's
 * CLOCK_BOOTTIME of `bootId`: clocks that jump and hosts that sleep change nothing.
 */
import type { ChargeFall } from './charge-fall.ts';
import { noBelief, type RuntimeBelief } from './effective-runtime.ts';
import type { MissingRuntime } from './runtime-missing.ts';
import type { LoadAtTrigger } from './runtime-under-load.ts';
import type { UpsReading, UpsSample } from './ups-sample.ts';
import type { Unseen } from './ups-unseen.ts';

/**
 * unknown: never heard · pending: under the threshold, not yet for long enough · blind: silent, and what it was before ·
 * triggered: a shutdown was asked for, which can be reversed · committed: hosts are being powered off · hosts-off: they
 * are, and mains is not back · recover: mains is back, hosts are not.
 */
export type UpsPhase =
  | 'unknown'
  | 'online'
  | 'on-battery'
  | 'pending'
  | 'blind-online'
  | 'blind-on-battery'
  | 'triggered'
  | 'committed'
  | 'hosts-off'
  | 'recover';

/** runtime: believed under the threshold · timer: on battery too long · low-battery: OB and LB · silent: too long. */
export type TriggerCause = 'runtime' | 'timer' | 'low-battery' | 'forced-shutdown' | 'output-off' | 'silent';

/** Mains that is back for so long ends an outage; before that, the next one is the same. */
export const mainsBackMs = 60_000;

/** One stretch on battery; mains for less than a minute does not end it. */
export interface Outage {
  /** The first look that showed it. */
  readonly sinceMs: number;
  /** Looks in a row under the threshold. */
  readonly looksBelow: number;
  /** Looks in a row with OB and LB. */
  readonly looksLow: number;
  readonly chargeFall: ChargeFall | undefined;
  /** What it told of its runtime, and tells no more. */
  readonly missing?: MissingRuntime | undefined;
  /** Mains had only just come back from the outage before: nothing is waited for twice. */
  readonly isInRecovery: boolean;
  /** A person has aborted the shutdown that it asked for: none is asked for again until that is over. */
  readonly hold?: Hold | undefined;
}

export interface Hold {
  readonly atMs: number;
  /** The last line: a runtime under it ends the hold; undefined: none was told, and time ends it. */
  readonly belowMs: number | undefined;
}

export interface UpsTrigger {
  readonly triggerId: string;
  readonly cause: TriggerCause;
  readonly atMs: number;
  /** When it is asked for again, until a run has begun. */
  readonly askAgainAtMs: number;
  readonly isStarted: boolean;
  /** The reverse was asked for. */
  readonly isReversing: boolean;
  readonly sentence: string;
  /** When the battery is expected to be empty; undefined: in another boot, nobody knows any more. */
  readonly deadlineAtMs: number | undefined;
  /** The hosts are off, and this one is for what has stayed up. */
  readonly isLast?: boolean;
  /** It was kept over a start, and its UPS has not been seen on battery since. */
  readonly unseen?: Unseen | undefined;
}

export interface UpsState {
  readonly version: 1;
  readonly ups: string;
  readonly bootId: string;
  readonly phase: UpsPhase;
  readonly phaseSinceMs: number;
  /** How many there have been: part of a trigger's id. */
  readonly outages: number;
  /** How many triggers this outage has led to: more than one where a run has failed. */
  readonly attempts: number;
  readonly budgetMs: number;
  readonly refreshMs: number;
  readonly belief: RuntimeBelief;
  readonly outage: Outage | undefined;
  /** Since when every look has shown mains. */
  readonly mainsSinceMs: number | undefined;
  /** Since when its output is said to be off. */
  readonly offSinceMs: number | undefined;
  /** Undefined: no look yet. FSD latches in upsd, so that only its edge says something. */
  readonly hasForcedShutdown: boolean | undefined;
  /** The last look with a reading, and that reading. */
  readonly lookAtMs: number | undefined;
  readonly reading: UpsReading | undefined;
  /** The last look, also one that told nothing. */
  readonly heardAtMs: number | undefined;
  /** Since when there is no reading. */
  readonly silentSinceMs: number | undefined;
  readonly silence: string;
  readonly isFast: boolean;
  /** Why nothing is decided: a calibration; empty: it is. */
  readonly inhibition: string;
  /** What is being alerted, by key, sorted, and since when it was last said. */
  readonly alerts: Readonly<Record<string, number>>;
  readonly trigger: UpsTrigger | undefined;
  /** Of the last trigger with the site up, over any boot: what the battery has to carry once the site is started. */
  readonly load?: LoadAtTrigger;
}

export interface UpsInstant {
  readonly nowMs: number;
  readonly bootId: string;
}

export type UpsInput =
  | { readonly type: 'sample'; readonly sample: UpsSample }
  | { readonly type: 'tick' }
  /** Once, after a start: what is open is asked for again, where what was seen is not too old for that. */
  | { readonly type: 'resume' }
  | { readonly type: 'budget'; readonly budgetMs: number }
  /**
   * What became of its trigger. ended: over, and the hosts are off · failed: over, and they are not (failed, refused),
   * or restored after a reverse · aborted: over, by a person, or as it was reversed.
   */
  | {
      readonly type: 'run';
      readonly triggerId: string;
      readonly event: 'started' | 'past-no-return' | 'ended' | 'failed' | 'aborted';
    }
  /** The site is up again. */
  | { readonly type: 'recovered' };

export type AlertLevel = 'notice' | 'warning' | 'critical';

export type UpsEffect =
  /** Durable before the effects behind it leave (I9); undefined is not part of it. */
  | { readonly type: 'persist'; readonly state: UpsState }
  /** The same id again: not answered yet, or its time limit is smaller. Joining is the runs' part. */
  | {
      readonly type: 'trigger';
      readonly triggerId: string;
      readonly cause: TriggerCause;
      readonly sentence: string;
      /** Believed runtime − threshold. */
      readonly slackMs: number;
      /** What the battery is good for, from now. */
      readonly timeLimitMs: number;
    }
  /** Mains is back: stop at a step's end and restore; only before the point of no return (I10). */
  | { readonly type: 'reverse'; readonly triggerId: string; readonly sentence: string }
  | { readonly type: 'poll-fast'; readonly isFast: boolean }
  | {
      readonly type: 'alert';
      readonly key: string;
      readonly level: AlertLevel;
      /** False: it is over. */
      readonly isRaised: boolean;
      readonly sentence: string;
    }
  /** An empty sentence: decisions are made again. */
  | { readonly type: 'inhibit'; readonly sentence: string };

export interface UpsStep {
  readonly state: UpsState;
  readonly effects: readonly UpsEffect[];
}

export const initialUps = (ups: string, bootId: string, budgetMs: number): UpsState => ({
  version: 1,
  ups,
  bootId,
  phase: 'unknown',
  phaseSinceMs: 0,
  outages: 0,
  attempts: 0,
  budgetMs,
  refreshMs: 0,
  belief: noBelief,
  outage: undefined,
  mainsSinceMs: undefined,
  offSinceMs: undefined,
  hasForcedShutdown: undefined,
  lookAtMs: undefined,
  reading: undefined,
  heardAtMs: undefined,
  silentSinceMs: undefined,
  silence: '',
  isFast: false,
  inhibition: '',
  alerts: {},
  trigger: undefined,
});

/** Looks decide: what the next one means hangs on those before it. */
const isDeciding = ({ phase, outage }: UpsState): boolean =>
  phase === 'on-battery' ||
  phase === 'pending' ||
  phase === 'blind-on-battery' ||
  phase === 'triggered' ||
  (phase === 'online' && outage !== undefined) ||
  (phase === 'hosts-off' && outage !== undefined && outage.looksBelow > 0);

/** How exactly the last look is remembered while there is nothing to decide: a disk is not written at every poll. */
const quietGrainMs = 60_000;

/**
 * What of a state goes to the disk. While there is something to decide: all of it, so that a restart between any two
 * looks changes nothing. Else what a look tells anew is left out.
 */
export function durableOf(state: UpsState): UpsState {
  if (isDeciding(state)) return state;
  const { outage } = state;
  const lookAtMs = state.lookAtMs && Math.floor(state.lookAtMs / quietGrainMs) * quietGrainMs;
  return {
    ...state,
    belief: noBelief,
    reading: undefined,
    heardAtMs: undefined,
    lookAtMs,
    outage: outage && { ...outage, looksBelow: 0, looksLow: 0, chargeFall: undefined },
  };
}

/**
 * The state at a start, from what was kept. Times of another boot mean nothing: the battery may be anything by now. A
 * trigger stands (I10); hosts that were being powered off are off, or their own boot told somebody.
 */
export function resumedUps(
  kept: UpsState | undefined,
  ups: string,
  bootId: string,
  budgetMs: number,
): UpsState {
  if (kept === undefined) return initialUps(ups, bootId, budgetMs);
  if (kept.bootId === bootId) return { ...kept, budgetMs };
  const { outages, attempts, refreshMs, hasForcedShutdown, trigger, load } = kept;
  const fresh = {
    ...initialUps(ups, bootId, budgetMs),
    ...{ outages, attempts, refreshMs, hasForcedShutdown },
    ...(load ? { load } : {}),
  };
  switch (kept.phase) {
    case 'triggered':
      return { ...fresh, phase: 'triggered', trigger: trigger && anew(trigger) };
    case 'committed':
    case 'hosts-off':
    case 'recover':
      return { ...fresh, phase: 'hosts-off' };
    default:
      return fresh;
  }
}

/** One that no run has begun for is asked for again (ups-unseen.ts); a run that has begun is found in the journal. */
const anew = (trigger: UpsTrigger): UpsTrigger => ({
  ...trigger,
  atMs: 0,
  askAgainAtMs: 0,
  isReversing: false,
  deadlineAtMs: undefined,
});
