/** The outcomes an agent gives, with their sentences: what happened, and what to do next. */
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import {
  createOperationOutcome,
  type ExecResult,
  type OperationOutcome,
  type UnitFileChange,
  type Verb,
} from '@hecate/proto/generated/wire.ts';

/** What an outcome is about. */
export interface Subject {
  readonly opId: string;
  readonly verb: Verb;
  readonly unit: string;
}

const what = ({ verb, unit }: Subject): string => (unit === '' ? verb : `${verb} ${unit}`);

/** Never applied, and never will be. */
export const refused = (subject: Subject, code: ErrorCode, message: string, remedy = ''): OperationOutcome =>
  createOperationOutcome({ opId: subject.opId, status: 'refused', code, message, remedy });

export const done = (subject: Subject, result: string, changes: UnitFileChange[] = []): OperationOutcome =>
  createOperationOutcome({ opId: subject.opId, status: 'done', result, changes });

/** systemd's words for how a job ended, for people. */
const jobResults: Readonly<Record<string, string>> = {
  canceled: 'its job was cancelled, most likely replaced by another one',
  timeout: 'its job timed out in systemd',
  failed: 'its job failed',
  dependency: 'a unit that it depends on failed',
  invalid: 'its job is not valid for this unit',
  assert: 'an assertion of the unit failed',
  unsupported: 'the kernel or the machine does not support it',
  collected: 'the unit was collected',
  once: 'it may run only once for each boot',
  frozen: 'the unit is frozen',
};

/** systemctl calls these two a success (src/shared/bus-wait-for-jobs.c). */
export const isGoodJobResult = (result: string): boolean => result === 'done' || result === 'skipped';

export const jobFailed = (subject: Subject, result: string): OperationOutcome =>
  createOperationOutcome({
    opId: subject.opId,
    status: 'failed',
    result,
    code: 'HEC_UNIT_FAILED',
    message: `${what(subject)}: ${jobResults[result] ?? `its job ended as ${result}`}`,
    remedy: `hecatectl status NODE ${subject.unit}, hecatectl logs NODE ${subject.unit}`,
  });

/** systemd or the bus said no: nothing was applied. */
export const callFailed = (
  subject: Subject,
  failure: { code: ErrorCode; message: string; remedy: string },
): OperationOutcome =>
  createOperationOutcome({ opId: subject.opId, status: 'failed', result: 'refused', ...failure });

export const timedOut = (subject: Subject, timeLimitMs: number): OperationOutcome =>
  createOperationOutcome({
    opId: subject.opId,
    status: 'timeout',
    code: 'HEC_TIMEOUT',
    message: `${what(subject)}: not finished within ${formatDuration(timeLimitMs)}; it was not cancelled and goes on`,
    remedy: `hecatectl operation ${subject.opId} shows how it ended`,
  });

const stopReasons = {
  'time-limit': ['timeout', 'HEC_TIMEOUT', 'the command ran into the time limit and was stopped'],
  abandoned: ['failed', 'HEC_CANCELLED', 'nobody waited for the command any more: it was stopped'],
} as const;

export type StopReason = keyof typeof stopReasons;

export function execEnded(
  subject: Subject,
  execResult: ExecResult,
  stopped: StopReason | undefined,
): OperationOutcome {
  const base = { opId: subject.opId, execResult };
  if (stopped) {
    const [status, code, message] = stopReasons[stopped];
    return createOperationOutcome({ ...base, status, code, message, result: 'stopped' });
  }
  const { exitCode, exitStatus } = execResult;
  if (exitCode === 'exited' && exitStatus === 0)
    return createOperationOutcome({ ...base, status: 'done', result: 'success' });
  const how = exitCode === 'exited' ? `exit status ${exitStatus}` : `${exitCode} by signal ${exitStatus}`;
  return createOperationOutcome({
    ...base,
    status: 'failed',
    result: exitCode === 'exited' ? 'exit-code' : 'signal',
    code: 'HEC_UNIT_FAILED',
    message: `the command ended with ${how}`,
  });
}

/** It may have been applied and nothing on the node tells (I12). */
export const unknown = (subject: Subject, why: string): OperationOutcome =>
  createOperationOutcome({
    opId: subject.opId,
    status: 'unknown',
    code: 'HEC_UNKNOWN',
    message: `${what(subject)}: ${why}`,
    remedy: 'look at the unit, then decide whether to ask again',
    inferred: true,
  });

/** Remedies are written with the word NODE, which only the runner can name. */
export const nameNode = (remedy: string, node: string): string => remedy.replace(/\bNODE\b/g, node);
