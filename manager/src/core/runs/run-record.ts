/**
 * The journal of runs, record by record: `journal/runs`. The state is what these fold to, at every crash point (I7).
 * Times are the coordinator's CLOCK_BOOTTIME of the boot that the newest `run-accepted` or `resumed` names.
 */
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import type { Rung, StepAddress } from '../plan/plan.ts';
import type { OperationEnd, RunId, RunOutcome, RunRequest, StepResult } from './run.ts';

interface OfRun {
  readonly runId: RunId;
  readonly atMs: number;
}

export type RunRecord =
  | ({ readonly type: 'run-accepted'; readonly request: RunRequest; readonly bootId: string } & OfRun)
  /** After a start of the manager: what was left of each deadline is still left when the boot is another one. */
  | ({ readonly type: 'resumed'; readonly bootId: string } & OfRun)
  | ({ readonly type: 'rung-chosen'; readonly rung: Rung; readonly why: string } & OfRun)
  /** A second trigger joined with less time; the method that is running gives back what is needed behind it. */
  | ({
      readonly type: 'limit-tightened';
      readonly deadlineAtMs: number;
      readonly methodDeadlineAtMs: number | undefined;
      readonly why: string;
    } & OfRun)
  /** A person has asked for what was there already, of a trigger of another kind: it goes on for that person, too. */
  | ({ readonly type: 'joined'; readonly by: string } & OfRun)
  /** A method of a step begins: with the ids of all its operations, before any of them is sent (I9). */
  | ({
      readonly type: 'method-begun';
      readonly address: StepAddress;
      readonly method: number;
      readonly deadlineAtMs: number;
      readonly operations: readonly { readonly opId: OpId; readonly index: number }[];
    } & OfRun)
  /** Failed ones of a step whose policy is `retry`, under new ids. */
  | ({
      readonly type: 'operations-retried';
      readonly operations: readonly { readonly opId: OpId; readonly index: number }[];
    } & OfRun)
  | ({ readonly type: 'operation-ended'; readonly opId: OpId; readonly end: OperationEnd } & OfRun)
  | ({ readonly type: 'step-ended'; readonly result: StepResult } & OfRun)
  | ({ readonly type: 'abort-requested'; readonly by: string; readonly reason: string } & OfRun)
  /** Before the orders are sent. */
  | ({ readonly type: 'arming'; readonly nodes: readonly NodeName[] } & OfRun)
  /** These agents have said that they hold no order of this run any more, or are not asked again. */
  | ({ readonly type: 'withdrawn'; readonly nodes: readonly NodeName[] } & OfRun)
  /** This node's agent has carried its order out, and powered its host off by it. */
  | ({ readonly type: 'order-carried-out'; readonly node: NodeName } & OfRun)
  | ({ readonly type: 'run-ended'; readonly outcome: RunOutcome; readonly why: string } & OfRun);
