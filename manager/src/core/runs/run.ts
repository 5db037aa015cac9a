/** One execution of a plan: what was asked, how far it is, how it ended. */
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import type { OutcomeStatus } from '@hecate/proto/generated/wire.ts';
import type { Plan, Rung, StepAddress } from '../plan/plan.ts';

declare const runIdBrand: unique symbol;
/** 26 characters, made like an OpId, so that a listing sorts by age. */
export type RunId = string & { readonly [runIdBrand]: true };

export interface RunRequest {
  readonly runId: RunId;
  readonly plan: Plan;
  readonly planDigest: string;
  readonly isRehearsal: boolean;
  readonly reason: string;
  readonly requestedBy: string;
  readonly requestedFrom: string;
  /** Unix time, for people. */
  readonly requestedWallMs: number;
  /** What started it, if a trigger did; a second one with the same id joins (I10). */
  readonly triggerId: string;
  /** The whole run's; undefined: as long as its plan takes. */
  readonly timeLimitMs: number | undefined;
  /** Learnt durations by step id; steps that are not in it take the plan's `expectedMs`. */
  readonly learntMs: Readonly<Record<string, number>>;
}

export type RunOutcome = 'done' | 'degraded' | 'failed' | 'aborted' | 'pre-empted';

export type StepOutcome = 'done' | 'degraded' | 'failed' | 'left-out';

export interface StepResult {
  readonly address: StepAddress;
  readonly outcome: StepOutcome;
  /** A sentence; of what is done, only where something about it is not known. */
  readonly why: string;
  readonly durationMs: number;
  readonly hasTimedOut: boolean;
  /** The last one that was tried, counted from 0. */
  readonly method: number;
}

/** One operation of the step that is running. */
export interface RunOperation {
  readonly opId: OpId;
  /** Its place in the method's `operations`. */
  readonly index: number;
  /** waiting: for its turn · sent · accepted: systemd took the job · ended. */
  readonly phase: 'waiting' | 'sent' | 'accepted' | 'ended';
  readonly end: OperationEnd | undefined;
}

/** What a run keeps of an outcome. */
export interface OperationEnd {
  readonly status: OutcomeStatus;
  readonly result: string;
  readonly code: ErrorCode | '';
  readonly message: string;
  readonly durationMs: number;
}

/** The step that is running. Times are the coordinator's CLOCK_BOOTTIME of the current boot. */
export interface RunningStep {
  readonly address: StepAddress;
  readonly method: number;
  readonly beganAtMs: number;
  readonly methodBeganAtMs: number;
  /** Of this method. */
  readonly deadlineAtMs: number;
  /** By index; one that was tried again has taken the place of the one that failed. */
  readonly operations: readonly RunOperation[];
  readonly look: Look | undefined;
  /** How often what failed was tried again (policy `retry`). */
  readonly retries: number;
  /** When what failed is tried again; not journalled, like phases and looks. */
  readonly retryAtMs: number | undefined;
}

/** What was sent in a step that is over, for `runs show`: of its last method. */
export interface PastOperations {
  readonly address: StepAddress;
  readonly operations: readonly RunOperation[];
}

/** Where a gate is. */
export interface Look {
  /** Counts up over the gates of a run; an answer to an older look is not heard. */
  readonly round: number;
  readonly isAsked: boolean;
  readonly nextAtMs: number;
  /** How many in a row have held. */
  readonly held: number;
  /** The last one's details: why the gate does not hold. */
  readonly details: readonly string[];
  /** Of a wake: the targets that the last one showed online. */
  readonly online: readonly NodeName[];
}

export interface RunState {
  readonly request: RunRequest;
  /** The boot of the coordinator that all times here belong to. */
  readonly bootId: string;
  /** Of its newest record: what was left of a deadline then is left in another boot. */
  readonly recordedAtMs: number;
  readonly rung: Rung;
  /** Empty at the rung `full`. */
  readonly rungWhy: string;
  /** Since when it is on it. */
  readonly rungAtMs: number;
  /** When its time limit is over; undefined: none. */
  readonly deadlineAtMs: number | undefined;
  readonly beganAtMs: number;
  readonly endedAtMs: number | undefined;
  readonly running: RunningStep | undefined;
  /** In the order of the plan. */
  readonly results: readonly StepResult[];
  readonly pastOperations: readonly PastOperations[];
  /** The first person who has asked for it, too, where a trigger has. */
  readonly joinedBy?: string;
  readonly abort: { readonly by: string; readonly reason: string } | undefined;
  readonly outcome: RunOutcome | undefined;
  readonly why: string;
  /** Nodes that hold, or may hold, its dead man's order. */
  readonly armed: readonly NodeName[];
  /** Nodes that have carried it out and gone off by it: nothing more is asked of them. */
  readonly carriedOut: readonly NodeName[];
  /** How many operation ids it has used. */
  readonly operationsCount: number;
}

/** `intent.json`: a shutdown is in progress. Blocks a startup over restarts of everything. */
export interface Intent {
  readonly version: 1;
  readonly runId: RunId;
  readonly plan: string;
  readonly mode: 'poweroff' | 'cluster-only';
  readonly reason: string;
  /** Unix time: its age is what it is limited by, over boots. */
  readonly sinceWallMs: number;
}
