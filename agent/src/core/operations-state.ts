/** The state, inputs and effects of the operation machine (operations.ts). */
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import type {
  ExecResult,
  Operation,
  OperationOutcome,
  ResolvedOperation,
  UnitEvidence,
  UnitFileChange,
} from '@hecate/proto/generated/wire.ts';
import { notAfterIn } from './operation-expiry.ts';
import type { Facts } from './operation-inference.ts';
import { OperationLedger } from './operation-ledger.ts';
import type { StopReason } from './operation-outcomes.ts';
import type { BegunRecord, OperationRecord } from './operation-record.ts';
import type { Policy } from './policy.ts';
import type { UnitNamesAnswer, Wish } from './policy-decision.ts';
import type { StartedJob } from './systemd-port.ts';

/** One operation that has not ended. */
export interface Running {
  readonly begun: BegunRecord;
  /** In this boot's CLOCK_BOOTTIME; 0: no frame can apply it any more. */
  readonly notAfterClockMs: number;
  /**
   * beginning: its record is on the way to the disk · calling: systemd (or a command) has it · waiting: for its
   * job · lost: what became of it must be looked up · inspecting: is being looked up · investigating: it failed,
   * evidence is collected · finishing: its outcome is on the way to the disk
   */
  phase: 'beginning' | 'calling' | 'waiting' | 'lost' | 'inspecting' | 'investigating' | 'finishing';
  /** Until the call has been made. */
  operation: Operation | undefined;
  /** Why it may be called: asked once more when the call is made. Until then. */
  allowed: { readonly policy: Policy; readonly wish: Wish } | undefined;
  /** Requests that wait for the answer. */
  tickets: number[];
  readonly startedAtMs: number;
  deadlineAtMs: number;
  job: StartedJob | undefined;
  /** When to look again, in case a signal was lost; infinite where nothing is to be looked at. */
  pollAtMs: number;
  inspections: number;
  /** The timeout that is, or is being, told while the job goes on. */
  timeout: OperationOutcome | undefined;
  draft: OperationOutcome | undefined;
  stopped: StopReason | undefined;
}

/**
 * Owned by the machine: a step changes it in place, because copying 10,000 remembered outcomes for every input
 * would cost more than the operation itself. Whoever needs an older state folds the records again.
 */
export interface OperationsState {
  readonly bootId: string;
  readonly ownUnit: string;
  policy: Policy;
  /** I6: only ever raised. */
  highestEpoch: number;
  isBusConnected: boolean;
  isSessionOpen: boolean;
  /** A report of outcomes is on its way to the manager. */
  isReporting: boolean;
  reportAtMs: number;
  readonly running: Map<string, Running>;
  readonly ledger: OperationLedger;
  /** What was refused without a record, oldest first: the true reason, should the answer have been lost. */
  readonly refusals: Map<string, OperationOutcome>;
  /** Records in the journal since it was last compacted. */
  journalled: number;
}

export interface Instant {
  /** Monotonic. */
  readonly nowMs: number;
  /** CLOCK_BOOTTIME, which operations' expiry is reckoned in. */
  readonly bootTimeMs: number;
  /** CLOCK_MONOTONIC in microseconds, as systemd's timestamps. */
  readonly monotonicUs: number;
}

export type CallResult =
  | { case: 'job'; job: StartedJob }
  | { case: 'done'; changes: UnitFileChange[]; result: string }
  /** Certainly not applied. */
  | { case: 'failed'; code: ErrorCode; message: string; remedy: string }
  /** Sent, and no answer came; or one with a job of a systemd that is not there any more. */
  | { case: 'uncertain'; job?: StartedJob }
  | { case: 'exec'; execResult: ExecResult };

/** Tickets of requests that the node makes to itself are below zero: no manager hears the answer. */
export const ownTicket = (count: number): number => -count;
export const isTicketOfManager = (ticket: number): boolean => ticket > 0;

export type OperationsInput =
  /** `unitNames`: the answer to `name-unit`, after which the operation comes once more. */
  | { type: 'apply'; ticket: number; operation: Operation; unitNames?: UnitNamesAnswer }
  | { type: 'begun-durable'; opId: string }
  | { type: 'begun-lost'; opId: string; message: string }
  | { type: 'refusal-durable'; ticket: number; outcome: OperationOutcome }
  | { type: 'called'; opId: string; result: CallResult }
  | { type: 'job-removed'; jobPath: string; result: string }
  /** `isThere` undefined: the bus did not answer. */
  | { type: 'polled'; opId: string; isThere: boolean | undefined }
  /** Undefined: the bus did not answer. */
  | { type: 'inspected'; opId: string; facts: Facts | undefined }
  | { type: 'investigated'; opId: string; evidence: UnitEvidence | undefined; logLines: string[] }
  | { type: 'timeout-durable'; opId: string }
  | { type: 'finished-durable'; opId: string }
  /** Nobody waits for this answer any more: cancelled, over its time, or the session ended. */
  | { type: 'abandoned'; ticket: number }
  | { type: 'resolve'; ticket: number; epoch: number; opIds: readonly string[] }
  | { type: 'resolved-durable'; ticket: number; operations: ResolvedOperation[] }
  | { type: 'reported'; opIds: readonly string[] }
  | { type: 'report-failed' }
  | { type: 'bus'; isConnected: boolean }
  /** Another systemd, or the same one after it executed itself again, is on the bus: job numbers may be new. */
  | { type: 'new-owner' }
  /** `managerWallMs`: after every OpId that was made before the session; 0: not known. */
  | { type: 'session'; isOpen: boolean; managerWallMs?: number }
  | { type: 'epoch'; epoch: number }
  | { type: 'policy'; policy: Policy }
  | { type: 'tick' };

export type OperationsEffect =
  /** Without `durable` nobody waits for the disk. `lost`: when it could not be written. */
  | {
      type: 'persist';
      records: readonly OperationRecord[];
      durable?: OperationsInput;
      lost?: (message: string) => OperationsInput;
    }
  | { type: 'compact'; records: readonly OperationRecord[] }
  /** Whether the policy allows it depends on what systemd calls the unit. */
  | { type: 'name-unit'; ticket: number; operation: Operation }
  | { type: 'call'; opId: string; operation: Operation; ticket: number | undefined }
  | { type: 'stop-exec'; opId: string }
  | { type: 'poll'; opId: string; jobPath: string }
  | { type: 'inspect'; opId: string; begun: BegunRecord; job: StartedJob | undefined; isSameBoot: boolean }
  | { type: 'investigate'; opId: string; begun: BegunRecord }
  | { type: 'accepted'; ticket: number; opId: string; jobId: number }
  | { type: 'answer'; ticket: number; outcome: OperationOutcome }
  | { type: 'answer-resolve'; ticket: number; operations: ResolvedOperation[] }
  | { type: 'answer-failure'; ticket: number; code: ErrorCode; message: string; remedy: string }
  | { type: 'report'; outcomes: OperationOutcome[] };

/** The state after a start: the journal's records folded (I7). What was begun and never ended is `lost`. */
export function openOperations(options: {
  records: Iterable<OperationRecord>;
  bootId: string;
  ownUnit: string;
  policy: Policy;
  highestEpoch: number;
  nowMs: number;
  ledger?: OperationLedger;
}): OperationsState {
  const { bootId, ownUnit, policy, nowMs, ledger = new OperationLedger() } = options;
  const state: OperationsState = {
    bootId,
    ownUnit,
    policy,
    highestEpoch: options.highestEpoch,
    isBusConnected: false,
    isSessionOpen: false,
    isReporting: false,
    reportAtMs: Number.POSITIVE_INFINITY,
    running: new Map(),
    ledger,
    refusals: new Map(),
    journalled: 0,
  };
  for (const record of options.records) {
    fold(state, record, nowMs);
    state.journalled += 1;
  }
  return state;
}

function fold(state: OperationsState, record: OperationRecord, nowMs: number): void {
  switch (record.type) {
    case 'begun':
      state.highestEpoch = Math.max(state.highestEpoch, record.epoch);
      state.running.set(record.opId, recovered(record, state.bootId, nowMs));
      return;
    case 'job': {
      const running = state.running.get(record.opId);
      if (running) running.job = { jobId: record.jobId, jobPath: record.jobPath };
      return;
    }
    case 'finished': {
      // An outcome that was told while the job went on changes nothing here: the end is still looked for.
      if (record.isOpen) return;
      const running = state.running.get(record.opId);
      state.running.delete(record.opId);
      state.ledger.rememberPacked(record.opId, record.outcome, {
        nowMs,
        notAfterClockMs: running?.notAfterClockMs ?? notAfterIn(state.bootId, record.expiry),
        wasApplied: record.wasApplied,
        isReported: false,
      });
      return;
    }
    case 'reported':
      for (const opId of record.opIds) state.ledger.markReported(opId);
      return;
    case 'forgotten':
      state.ledger.forgottenUpTo = record.upTo;
      state.highestEpoch = Math.max(state.highestEpoch, record.epoch);
  }
}

const recovered = (begun: BegunRecord, bootId: string, nowMs: number): Running => ({
  begun,
  notAfterClockMs: notAfterIn(bootId, begun),
  phase: 'lost',
  operation: undefined,
  allowed: undefined,
  tickets: [],
  startedAtMs: nowMs,
  deadlineAtMs: nowMs + begun.timeLimitMs,
  job: undefined,
  pollAtMs: Number.POSITIVE_INFINITY,
  inspections: 0,
  timeout: undefined,
  draft: undefined,
  stopped: undefined,
});
