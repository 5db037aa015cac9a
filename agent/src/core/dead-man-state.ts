/** The state, inputs and effects of the dead man's machine (dead-man.ts). */
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import type { ArmShutdown, Operation, OperationOutcome } from '@hecate/proto/generated/wire.ts';
import { type ArmedOrder, hasPoweredOff } from './armed-order.ts';
import type { Policy } from './policy.ts';
import type { UnitNamesAnswer } from './policy-decision.ts';

/** Every limit of the machine in one place (I14). */
export const deadManLimits = {
  /**
   * How long the manager must be gone before an order begins, reckoned from the end of the session, or from the start
   * of the agent. A cut is noticed after two heartbeat intervals; then this covers a link that is back at once (redial
   * within 1 s, connect 1.5 s, greeting 10 s), and a restart of the manager.
   */
  graceMs: 15_000,
  /** The operation machine tells a timeout itself; this is for an answer that never comes, from a hung disk say. */
  answerMarginMs: 15_000,
  /** An operation that was refused for now (no bus, too many at once) is asked for again within its time limit. */
  retryMs: 2000,
  /** An operation that an interruption of the agent certainly kept from being applied is asked for once more. */
  attemptsMax: 4,
  /** A file that could not be removed: an order that was withdrawn must not be there after a restart. */
  discardRetryMs: 5000,
  /** Requests that wait behind the one that is being served. */
  requestsMax: 16,
  /** Runs whose withdrawal is remembered; more than a manager withdraws at the start of a session. */
  withdrawnRunsMax: 64,
} as const;

export const neverMs = Number.POSITIVE_INFINITY;

/** When something happens. */
export interface DeadManInstant {
  /** CLOCK_BOOTTIME of this host. */
  readonly bootTimeMs: number;
}

export type DeadManRequest =
  | { readonly type: 'arm'; readonly ticket: number; readonly order: ArmShutdown }
  | { readonly type: 'disarm'; readonly ticket: number; readonly runId: string; readonly epoch: number };

/** naming: systemd is asked for the names of units · ready: it can be written as soon as nothing else is. */
export type ServedRequest = DeadManRequest & { readonly phase: 'naming' | 'ready' };

/** What is on its way to the disk; one thing at a time. */
export type Writing =
  | { readonly type: 'arm'; readonly ticket: number; readonly order: ArmedOrder; readonly isRenewal: boolean }
  | { readonly type: 'disarm'; readonly ticket: number }
  | { readonly type: 'progress' }
  | { readonly type: 'discard' };

/** The operation of the order that is under way. */
export interface Attempt {
  readonly operation: Operation;
  /** From 0; with each, the operation has another id. */
  readonly number: number;
  /** applied: the operation machine has it · resting: it was refused for now. */
  readonly phase: 'applied' | 'resting';
  /** Until when it is asked for again after a refusal. */
  readonly retryUntilMs: number;
  /** When it is given up (applied), or asked for again (resting). */
  readonly wakeAtMs: number;
}

export interface DeadManState {
  readonly bootId: string;
  readonly ownUnit: string;
  readonly policy: Policy;
  /** I6 */
  readonly highestEpoch: number;
  readonly isBusConnected: boolean;
  /** With a manager of the highest epoch; one of the past does not count. */
  readonly isSessionOpen: boolean;
  /** Since when there is none; of no meaning while there is one. */
  readonly goneSinceMs: number;
  readonly order: ArmedOrder | undefined;
  /**
   * The order that has powered this host off, or is about to: nothing of it is done any more. Its file stays until its
   * run is withdrawn or another order comes, so that the manager hears of it after the next boot.
   */
  readonly carriedOut: ArmedOrder | undefined;
  /** The file does not yet say how far the order is. */
  readonly isDirty: boolean;
  readonly attempt: Attempt | undefined;
  readonly served: ServedRequest | undefined;
  readonly waiting: readonly DeadManRequest[];
  /** Runs that were withdrawn, newest last: an order of theirs that comes now was on its way in an older session. */
  readonly withdrawnRuns: readonly string[];
  readonly writing: Writing | undefined;
  /** When to remove the file of an order that holds no more; never: it is gone. */
  readonly discardAtMs: number;
}

export type DeadManInput =
  | DeadManRequest
  /** The answer to `name-units`. */
  | { readonly type: 'named'; readonly ticket: number; readonly names: ReadonlyMap<string, UnitNamesAnswer> }
  /** `persist` or `forget` is durable. */
  | { readonly type: 'persisted' }
  | { readonly type: 'not-persisted'; readonly message: string }
  | { readonly type: 'session'; readonly isOpen: boolean }
  | { readonly type: 'bus'; readonly isConnected: boolean }
  | { readonly type: 'epoch'; readonly epoch: number }
  | { readonly type: 'policy'; readonly policy: Policy }
  | { readonly type: 'operation-ended'; readonly outcome: OperationOutcome }
  | { readonly type: 'tick' };

/** For the log. */
export type DeadManEvent =
  | { readonly event: 'armed' | 'renewed' | 'void' | 'begun' | 'resumed' | 'withdrawn' | 'finished' }
  /** In a boot before this one. */
  | { readonly event: 'carried-out' }
  | { readonly event: 'manager-back' }
  | { readonly event: 'operation-ended'; readonly index: number; readonly outcome: OperationOutcome }
  /** No answer came. */
  | { readonly event: 'given-up'; readonly index: number; readonly opId: string }
  | { readonly event: 'not-recorded'; readonly what: Writing['type']; readonly message: string };

export type DeadManEffect =
  | { readonly type: 'name-units'; readonly ticket: number; readonly units: readonly string[] }
  /** Replace the file, durably; answered with `persisted` or `not-persisted`. Never two at once. */
  | { readonly type: 'persist'; readonly order: ArmedOrder }
  /** Remove the file, durably; answered as `persist` is. */
  | { readonly type: 'forget' }
  /** Through the operation machine and its journal; answered with `operation-ended`. */
  | { readonly type: 'apply'; readonly operation: Operation }
  | { readonly type: 'answer'; readonly ticket: number }
  | {
      readonly type: 'answer-failure';
      readonly ticket: number;
      readonly code: ErrorCode;
      readonly message: string;
      readonly remedy: string;
    }
  | ({ readonly type: 'tell'; readonly order: ArmedOrder | undefined } & DeadManEvent);

export interface DeadManStep {
  readonly state: DeadManState;
  readonly effects: readonly DeadManEffect[];
}

/**
 * The state after a start of the agent. No session is open; the grace begins now, so that an agent that is restarted
 * past an order's time meets its manager first. What had begun goes on without it.
 * @param order what the file holds
 */
export function openDeadMan(
  options: Pick<DeadManState, 'bootId' | 'ownUnit' | 'policy' | 'highestEpoch' | 'order'>,
  at: DeadManInstant,
): DeadManStep {
  const { bootId, ownUnit, policy, order } = options;
  const isPast = order !== undefined && order.bootId !== bootId;
  const carriedOut = isPast && hasPoweredOff(order) ? order : undefined;
  const isVoid = isPast && !carriedOut;
  const state: DeadManState = {
    bootId,
    ownUnit,
    policy,
    highestEpoch: Math.max(options.highestEpoch, order?.epoch ?? 0),
    isBusConnected: false,
    isSessionOpen: false,
    goneSinceMs: at.bootTimeMs,
    order: isPast ? undefined : order,
    carriedOut,
    isDirty: false,
    attempt: undefined,
    served: undefined,
    waiting: [],
    withdrawnRuns: [],
    writing: isVoid ? { type: 'discard' } : undefined,
    discardAtMs: neverMs,
  };
  if (!order) return { state, effects: [] };
  if (isVoid) return { state, effects: [{ type: 'tell', event: 'void', order }, { type: 'forget' }] };
  if (carriedOut) return { state, effects: [{ type: 'tell', event: 'carried-out', order }] };
  const event = order.begunAtClockMs === null ? 'armed' : 'resumed';
  return { state, effects: [{ type: 'tell', event, order }] };
}

/** The run whose order has powered this host off in an earlier boot; empty: none. For the agent's hello. */
export const carriedOutRunId = ({ carriedOut, bootId }: DeadManState): string =>
  carriedOut && carriedOut.bootId !== bootId ? carriedOut.runId : '';
