/** The state, inputs and effects of the machine of runs (runs.ts): all runs of a site, and what they hold. */
import type { HecateError } from '@hecate/proto/core/errors.ts';
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import type { Leaf, Observations } from '../plan/gate.ts';
import type { PlannedOperation, WakeTarget } from '../plan/plan.ts';
import type { Intent, OperationEnd, RunId, RunOutcome, RunRequest, RunState, StepResult } from './run.ts';
import type { RunRecord } from './run-record.ts';

export interface RunsState {
  /** Runs that are not over, or whose orders are not all withdrawn; oldest first. */
  readonly runs: ReadonlyMap<RunId, RunState>;
  readonly intent: Intent | undefined;
  readonly bootId: string;
}

/** When something happens. */
export interface RunsInstant {
  /** The coordinator's CLOCK_BOOTTIME. */
  readonly nowMs: number;
  /** Unix time: for ids and for people; the age of an intent is the only thing decided on it. */
  readonly wallMs: number;
}

/** Refusals as data, for effects. */
export type RunRefusal = Pick<HecateError, 'code' | 'message' | 'remedy'>;

export type RunsInput =
  | {
      readonly type: 'request';
      /** Whom to answer. */
      readonly ticket: number;
      readonly request: RunRequest;
      /** A startup although an intent of a shutdown is there. */
      readonly isIntentOverridden: boolean;
      readonly intentAgeMaxMs: number;
    }
  | {
      readonly type: 'abort';
      readonly ticket: number;
      readonly runId: RunId;
      readonly by: string;
      readonly reason: string;
    }
  | { readonly type: 'operation-accepted'; readonly opId: OpId }
  | { readonly type: 'operation-ended'; readonly opId: OpId; readonly end: OperationEnd }
  /** Asked with `recall`: the journal of operations has never heard of it, so that nothing was sent. */
  | { readonly type: 'operation-unknown'; readonly opId: OpId }
  | {
      readonly type: 'observed';
      readonly runId: RunId;
      readonly round: number;
      readonly observations: Observations;
    }
  /** exitStatus undefined: it could not be run, or was killed. */
  | {
      readonly type: 'hook-ended';
      readonly runId: RunId;
      readonly stepId: string;
      /** As `run-hook` said. */
      readonly method: number;
      readonly exitStatus: number | undefined;
      readonly message: string;
    }
  | { readonly type: 'withdrawn'; readonly runId: RunId; readonly node: NodeName }
  /** A unit of it, or its session (unit undefined), is in another state: a gate that waits for that looks at once. */
  | { readonly type: 'noticed'; readonly node: NodeName; readonly unit: string | undefined }
  /**
   * The node says so in the hello of a session, which comes before its `node-online`: its host has booted since its
   * agent powered it off by the order of this run.
   */
  | { readonly type: 'order-carried-out'; readonly runId: RunId; readonly node: NodeName }
  /** A session with it has begun: orders are renewed or withdrawn. */
  | { readonly type: 'node-online'; readonly node: NodeName }
  /** A commit whose `onFailure` is `halt` could not be written. */
  | {
      readonly type: 'commit-failed';
      readonly runId: RunId;
      readonly ticket: number | undefined;
      readonly message: string;
    }
  /** Once, after the fold at a start. */
  | { readonly type: 'resume' }
  | { readonly type: 'tick' };

/** An agent's own part of a shutdown, persisted there: carried out alone at that time, when it is cut off. */
export interface DeadManOrder {
  readonly node: NodeName;
  /** The coordinator's CLOCK_BOOTTIME; whoever sends it converts to the agent's. */
  readonly beginAtMs: number;
  readonly operations: readonly (PlannedOperation & { readonly timeoutMs: number })[];
  readonly reason: string;
}

export type RunEvent =
  | { readonly type: 'run-started' | 'run-resumed' }
  | { readonly type: 'step-begun'; readonly stepId: string; readonly name: string }
  | {
      readonly type: 'step-ended';
      readonly stepId: string;
      readonly name: string;
      readonly result: StepResult;
    }
  /** The next method of the step is tried. */
  | { readonly type: 'method-failed'; readonly stepId: string; readonly method: number; readonly why: string }
  | { readonly type: 'stage-done'; readonly stage: string; readonly durationMs: number }
  | {
      readonly type: 'operation-ended';
      readonly stepId: string;
      readonly operation: PlannedOperation;
      readonly end: OperationEnd;
      /** Its unit is not there, which counts as done in this step. */
      readonly isMissingButDone: boolean;
    }
  | {
      readonly type: 'waiting';
      readonly stepId: string;
      readonly sentence: string;
      readonly details: readonly string[];
    }
  | { readonly type: 'degraded'; readonly what: string; readonly why: string }
  | { readonly type: 'abort-requested'; readonly by: string; readonly reason: string }
  | { readonly type: 'run-ended'; readonly outcome: RunOutcome; readonly why: string };

export type RunsEffect =
  /**
   * Append and fsync the records, replace intent.json (undefined: leave it; null: remove it), then carry out `then`, in
   * order. Commits are carried out one after the other, and the next input is taken when the effects of the one before
   * are carried out; `records` may be empty, where only the intent changes. When the disk refuses, `proceed` (a shutdown
   * that has been decided; the end of a run) carries out `then` all the same and says so, and its records and its intent
   * are written ahead of the next ones, so that the journal has no gap; `halt` forgets them and sends `commit-failed`.
   */
  | {
      readonly type: 'commit';
      readonly runId: RunId;
      readonly records: readonly RunRecord[];
      readonly intent: Intent | null | undefined;
      readonly then: readonly RunsEffect[];
      readonly onFailure: 'proceed' | 'halt';
      /** Of the request that this accepts. */
      readonly ticket: number | undefined;
    }
  | {
      readonly type: 'apply';
      readonly runId: RunId;
      readonly opId: OpId;
      readonly operation: PlannedOperation;
      readonly timeLimitMs: number;
    }
  /** What became of it, after a restart: answered with operation-accepted, operation-ended or operation-unknown. */
  | { readonly type: 'recall'; readonly runId: RunId; readonly opId: OpId }
  | {
      readonly type: 'observe';
      readonly runId: RunId;
      readonly round: number;
      readonly leaves: readonly Leaf[];
      readonly timeLimitMs: number;
    }
  | {
      readonly type: 'run-hook';
      readonly runId: RunId;
      readonly stepId: string;
      readonly method: number;
      readonly argv: readonly string[];
      readonly timeLimitMs: number;
    }
  | { readonly type: 'wake'; readonly targets: readonly WakeTarget[] }
  | { readonly type: 'arm'; readonly runId: RunId; readonly order: DeadManOrder }
  | { readonly type: 'withdraw'; readonly runId: RunId; readonly node: NodeName }
  | {
      readonly type: 'answer-request';
      readonly ticket: number;
      readonly runId: RunId;
      readonly isJoined: boolean;
      readonly preempted: readonly RunId[];
    }
  | { readonly type: 'answer-abort'; readonly ticket: number; readonly runId: RunId }
  | { readonly type: 'refuse'; readonly ticket: number; readonly refusal: RunRefusal }
  /** For watchers and notifications. */
  | { readonly type: 'event'; readonly runId: RunId; readonly event: RunEvent }
  /**
   * It is over: into runs.json, out of the journal at the next compaction. Sent once more after a restart, because
   * runs.json may not have it yet: the same id takes the same place.
   */
  | { readonly type: 'ended'; readonly run: RunState };

export interface RunsStep {
  readonly state: RunsState;
  readonly effects: readonly RunsEffect[];
}
