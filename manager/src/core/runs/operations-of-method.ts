/**
 * The operations of a method: at once up to the step's parallelism, each under an id that was recorded before (I9), each
 * sent once under it as far as a run knows (I2).
 */
import type { OpId } from '@hecate/proto/core/names.ts';
import type { Step } from '../plan/plan.ts';
import {
  failuresOf,
  isMissingButDone,
  isOver,
  isRetryable,
  type OperationsAction,
} from './operation-verdict.ts';
import { runningAction } from './plan-walk.ts';
import type { OperationEnd, RunningStep, RunOperation } from './run.ts';
import type { RunDraft } from './run-draft.ts';
import { operationIdOf } from './run-ids.ts';

/** What an end of one of its operations means to the method. */
export type OperationsVerdict =
  | { readonly type: 'going-on' }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly failures: readonly RunOperation[] };

const goingOn: OperationsVerdict = { type: 'going-on' };
const retryPauseMs = 2000;
const retryPauseMaxMs = 30_000;

/** Ids for these operations of a method, by their places in it. */
export function identified(draft: RunDraft, indices: readonly number[]): { opId: OpId; index: number }[] {
  const { operationsCount } = draft.run;
  return indices.map((index, at) => ({
    opId: operationIdOf(draft.runId, operationsCount + at, draft.at.wallMs),
    index,
  }));
}

/** Sends what has its turn; says what the method has come to. */
export function goOn(draft: RunDraft, action: OperationsAction, step: Step): OperationsVerdict {
  endCarriedOut(draft, action);
  sendNext(draft, action, step);
  const { running } = draft.run;
  if (!running || running.retryAtMs !== undefined) return goingOn;
  const failures = failuresOf(action, running);
  const isStopped = failures.length > 0 && stopsAtFailure(step, running);
  const isOpen = running.operations.some(
    (operation) => !isOver(action, operation) && !(isStopped && operation.phase === 'waiting'),
  );
  if (isOpen) return goingOn;
  if (isStopped) endUnsent(draft);
  if (failures.length === 0) return { type: 'done' };
  return willRetry(draft, action, step, failures) ? goingOn : { type: 'failed', failures };
}

/** Where a failure is the end of the run, it does not go on to the next node: a bad change stays on one of them. */
const stopsAtFailure = (step: Step, { method }: RunningStep): boolean =>
  step.onFailure === 'abort' && method === step.methods.length - 1;

function sendNext(draft: RunDraft, action: OperationsAction, step: Step): void {
  const { running } = draft.run;
  if (!running || (failuresOf(action, running).length > 0 && stopsAtFailure(step, running))) return;
  const timeLimitMs = running.deadlineAtMs - draft.at.nowMs;
  if (timeLimitMs <= 0) return;
  const inFlight = running.operations.filter(
    (operation) => operation.phase !== 'waiting' && !isOver(action, operation),
  );
  let free = step.parallelism - inFlight.length;
  const operations = running.operations.map((operation): RunOperation => {
    const planned = action.operations[operation.index];
    if (operation.phase !== 'waiting' || free <= 0 || !planned) return operation;
    free -= 1;
    draft.send({ type: 'apply', runId: draft.runId, opId: operation.opId, operation: planned, timeLimitMs });
    return { ...operation, phase: 'sent' };
  });
  draft.note({ operations });
}

/** Another attempt after a pause, while there is time for one and nobody has asked the run to stop. */
function willRetry(
  draft: RunDraft,
  action: OperationsAction,
  step: Step,
  failures: readonly RunOperation[],
): boolean {
  const { running, abort } = draft.run;
  if (step.onFailure !== 'retry' || !running || abort) return false;
  const retryAtMs = draft.at.nowMs + retryPauseOf(running.retries);
  const isWorthIt = failures.every(
    ({ index, end }) => end !== undefined && isRetryable(action.operations[index], end),
  );
  if (!isWorthIt || retryAtMs >= running.deadlineAtMs) return false;
  draft.note({ retryAtMs });
  return true;
}

export const retryPauseOf = (retries: number): number =>
  Math.min(retryPauseMaxMs, retryPauseMs * 2 ** Math.min(retries, 10));

/** The pause is over: what failed is sent again, under new ids. */
export function retryOperations(draft: RunDraft, action: OperationsAction, step: Step): OperationsVerdict {
  const { running } = draft.run;
  if (!running) return goingOn;
  const indices = failuresOf(action, running).map(({ index }) => index);
  draft.write({ type: 'operations-retried', operations: identified(draft, indices) });
  return goOn(draft, action, step);
}

/** The method's time is over: what has no end by now has this one; nothing of it is sent any more. */
export function endAllInTime(draft: RunDraft, action: OperationsAction): void {
  for (const operation of draft.run.running?.operations ?? []) {
    if (isOver(action, operation)) continue;
    const isSent = operation.phase !== 'waiting';
    const message = isSent
      ? "not over at the end of its step's time; systemd goes on with it"
      : "not sent: its turn did not come within its step's time";
    endOperation(draft, operation.opId, {
      status: 'timeout',
      result: '',
      code: isSent ? 'HEC_TIMEOUT' : 'HEC_EXPIRED',
      message,
      durationMs: isSent ? draft.at.nowMs - (draft.run.running?.methodBeganAtMs ?? draft.at.nowMs) : 0,
    });
  }
}

/**
 * A node that has carried its order out was off, and somebody has switched it on: what the run still wanted of it counts
 * as done. What was sent before that is not waited for: it was of a boot that is over.
 */
export function endCarriedOut(draft: RunDraft, action: OperationsAction): void {
  for (const { opId, index, phase } of draft.run.running?.operations ?? []) {
    const node = action.operations[index]?.node;
    if (phase === 'ended' || node === undefined || !draft.run.carriedOut.includes(node)) continue;
    const message = 'its agent has carried out its part, and powered this host off, by itself';
    endOperation(draft, opId, { status: 'done', result: 'done', code: '', message, durationMs: 0 });
  }
}

function endUnsent(draft: RunDraft): void {
  for (const { opId, phase } of draft.run.running?.operations ?? []) {
    if (phase !== 'waiting') continue;
    const message = 'not sent: another operation of its step had failed';
    endOperation(draft, opId, {
      status: 'refused',
      result: '',
      code: 'HEC_CANCELLED',
      message,
      durationMs: 0,
    });
  }
}

/** Records an end and tells it; what it means to the step is `goOn`'s. */
export function endOperation(draft: RunDraft, opId: OpId, end: OperationEnd): void {
  const { running } = draft.run;
  const operation = running?.operations.find((each) => each.opId === opId);
  if (!running || !operation) return;
  draft.write({ type: 'operation-ended', opId, end });
  const { step, action } = runningAction(draft.run, running);
  if (action.type !== 'operations') return;
  const planned = action.operations[operation.index];
  if (!planned) return;
  draft.tell({
    type: 'operation-ended',
    stepId: step.id,
    operation: planned,
    end,
    isMissingButDone: isMissingButDone(action, end),
  });
}

/** `undefined`: it is not of the step that is running, or has ended. */
export const openOperation = (running: RunningStep | undefined, opId: OpId): RunOperation | undefined =>
  running?.operations.find((operation) => operation.opId === opId && operation.phase !== 'ended');

export function setPhase(draft: RunDraft, opId: OpId, phase: 'waiting' | 'sent' | 'accepted'): void {
  const operations = draft.run.running?.operations ?? [];
  draft.note({
    operations: operations.map((operation) =>
      operation.opId === opId ? { ...operation, phase } : operation,
    ),
  });
}
