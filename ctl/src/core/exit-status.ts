/** From what came back to how hecatectl ends: always by the one table. */
import { type ErrorCode, errorTable, isErrorCode } from '@hecate/proto/core/errors.ts';
import { type ExitName, exitCodes, worseExit } from '@hecate/proto/core/exit-codes.ts';
import type { OperationOutcome, OutcomeStatus } from '@hecate/proto/generated/wire.ts';

const exitOfStatus: Record<OutcomeStatus, ExitName> = {
  // A status that a newer manager knows and we do not is not known to be good (I12).
  unspecified: 'unknown',
  done: 'success',
  failed: 'failed',
  timeout: 'timeout',
  refused: 'refused',
  offline: 'offline',
  unknown: 'unknown',
};

/** The end for an error's code; a code that only a newer peer knows counts as a failure. */
export const exitOfCode = (code: string): ExitName =>
  isErrorCode(code) ? errorTable[code as ErrorCode].exit : 'failed';

/**
 * The end for one operation. The own code of a failure or a refusal is more exact than its status: no such unit
 * is 4, not 1; a node that is at a limit is 75, not 77, and may be asked again.
 */
export function exitOfOutcome(outcome: OperationOutcome | undefined): ExitName {
  if (!outcome) return 'unknown';
  const byStatus = exitOfStatus[outcome.status];
  const isByCode = outcome.status === 'failed' || outcome.status === 'refused';
  return isByCode && isErrorCode(outcome.code) ? exitOfCode(outcome.code) : byStatus;
}

export const worstExit = (exits: Iterable<ExitName>): ExitName => {
  let worst: ExitName = 'success';
  for (const exit of exits) worst = worseExit(exit, worst);
  return worst;
};

export const exitNumber = (exit: ExitName): number => exitCodes[exit].code;
