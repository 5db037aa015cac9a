/** Refusals that the whole machine shares, and remembering what must never be applied. */
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import { epochLeadMax } from '@hecate/proto/core/limits.ts';
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import { refusalsMax } from './operation-limits.ts';
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
export const staleEpoch = (state: Pick<OperationsState, 'highestEpoch'>, epoch: number): Refusal => ({
  code: 'HEC_EPOCH',
  message: `epoch ${epoch} is over: a manager of epoch ${state.highestEpoch} has been here`,
  remedy: 'ask the newer manager; hecatectl health tells its epoch',
});

/** I6: and what no manager can have reached would lock out every one that comes. */
export function whyEpochRefused(highestEpoch: number, epoch: number): Refusal | undefined {
  if (epoch < highestEpoch) return staleEpoch({ highestEpoch }, epoch);
  if (epoch <= highestEpoch + epochLeadMax) return undefined;
  return {
    code: 'HEC_EPOCH',
    message: `epoch ${epoch} is too far above ${highestEpoch}, the highest seen here: no manager was started that often`,
    remedy: 'look at the file "epoch" in the state directory of the manager',
  };
}

/** In memory, and only the newest (I14). */
export function rememberRefusal(state: OperationsState, outcome: OperationOutcome): void {
  state.refusals.delete(outcome.opId);
  state.refusals.set(outcome.opId, outcome);
  if (state.refusals.size <= refusalsMax) return;
  const oldest = state.refusals.keys().next();
  if (!oldest.done) state.refusals.delete(oldest.value);
}

/** @param notAfterClockMs until when a frame could still apply it; 0 where none is on its way */
export function rememberNever(
  state: OperationsState,
  outcome: OperationOutcome,
  at: Instant,
  notAfterClockMs = 0,
): void {
  state.ledger.makeRoom(at.nowMs, at.bootTimeMs);
  const facts = { nowMs: at.nowMs, notAfterClockMs, wasApplied: false, isReported: true };
  state.ledger.remember(outcome, facts);
}

export const neverRecord = (outcome: OperationOutcome): OperationRecord => ({
  type: 'finished',
  opId: outcome.opId,
  outcome: packOutcome(outcome),
  wasApplied: false,
  isOpen: false,
});
