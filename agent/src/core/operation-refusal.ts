/** Refusals that the whole machine shares, and remembering what must never be applied. */
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import { type OperationRecord, packOutcome } from './operation-record.ts';
import type { Instant, OperationsState } from './operations-state.ts';

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  /** Whether the OpId must be remembered on disk as never to be applied. */
  readonly isDurable?: boolean;
}

/** I6 */
export const staleEpoch = (state: OperationsState, epoch: number): Refusal => ({
  code: 'HEC_EPOCH',
  message: `epoch ${epoch} is over: a manager of epoch ${state.highestEpoch} has been here`,
  remedy: 'ask the newer manager; hecatectl health tells its epoch',
});

export function rememberNever(state: OperationsState, outcome: OperationOutcome, at: Instant): void {
  state.ledger.makeRoom(at.nowMs, at.bootTimeMs);
  const facts = { nowMs: at.nowMs, notAfterClockMs: 0, wasApplied: false, isReported: true };
  state.ledger.remember(outcome, facts);
}

export const neverRecord = (outcome: OperationOutcome): OperationRecord => ({
  type: 'finished',
  opId: outcome.opId,
  outcome: packOutcome(outcome),
  wasApplied: false,
  isOpen: false,
});
