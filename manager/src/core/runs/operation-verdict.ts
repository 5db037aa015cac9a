/** What the ends of a step's operations mean to the step. */
import { errorTable } from '@hecate/proto/core/errors.ts';
import type { Action, PlannedOperation } from '../plan/plan.ts';
import type { OperationEnd, RunningStep, RunOperation } from './run.ts';

export type OperationsAction = Extract<Action, { type: 'operations' }>;

/** Whether the step does not wait for it any more. */
export const isOver = (action: OperationsAction, { phase }: RunOperation): boolean =>
  phase === 'ended' || (phase === 'accepted' && action.successBy === 'gate');

/** Whether the unit is not there, which is what the step asked for. */
export const isMissingButDone = (action: OperationsAction, end: OperationEnd): boolean =>
  action.isMissingUnitDone && end.code === 'HEC_NO_SUCH_UNIT';

/** As a dry run says it, too. */
export const missingButDoneText = 'no such unit there: it counts as done';

/** Whether it ended, and not as the step wants it. */
export function isFailure(action: OperationsAction, { end }: RunOperation): boolean {
  if (!end || end.status === 'done') return false;
  if (isMissingButDone(action, end)) return false;
  return action.successBy === 'outcome' || end.status === 'refused' || end.status === 'failed';
}

/**
 * Whether the same under a new id may end better. A command that may have been carried out is not given a second time;
 * verbs on units may: what they ask for is a state.
 */
export function isRetryable(operation: PlannedOperation | undefined, end: OperationEnd): boolean {
  if (end.status === 'refused') return end.code !== '' && errorTable[end.code].retryable;
  if (end.code === 'HEC_NO_SUCH_UNIT') return false;
  if (end.status === 'unknown' || end.status === 'timeout') return operation?.verb !== 'exec';
  return true;
}

export const failuresOf = (action: OperationsAction, running: RunningStep): readonly RunOperation[] =>
  running.operations.filter((operation) => isFailure(action, operation));

const namedMax = 3;

/** "2 of 5 operations: node-a k3s.service: exit-code; …" */
export function failureSentence(action: OperationsAction, failures: readonly RunOperation[]): string {
  const named = failures.slice(0, namedMax).map(({ index, end }) => {
    const operation = action.operations[index];
    const subject = operation
      ? `${operation.node} ${operation.unit || operation.verb}`
      : `operation ${index}`;
    return `${subject}: ${end?.message || end?.result || end?.status || 'no outcome'}`;
  });
  const more = failures.length > namedMax ? `; and ${failures.length - namedMax} more` : '';
  return `${failures.length} of ${action.operations.length} operations failed: ${named.join('; ')}${more}`;
}
