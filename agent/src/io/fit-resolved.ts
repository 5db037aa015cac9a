/** A thousand resolved operations with their log lines would not fit a frame: the outcome matters, the rest gives way. */
import { limits } from '@hecate/proto/core/limits.ts';
import type { OperationOutcome, ResolvedOperation } from '@hecate/proto/generated/wire.ts';
import { packOutcome } from '../core/operation-record.ts';

export function fitResolved(operations: readonly ResolvedOperation[]): ResolvedOperation[] {
  // Bare ones take at most 120 bytes each, and a character up to three bytes.
  let left = limits.frameBytesMax * 0.15;
  return operations.map((operation) => {
    const { outcome } = operation;
    if (!outcome) return operation;
    left -= packOutcome(outcome).length;
    return left > 0 ? operation : { ...operation, outcome: bare(outcome) };
  });
}

const bare = (outcome: OperationOutcome): OperationOutcome => ({
  ...outcome,
  message: '',
  remedy: '',
  logLines: [],
  changes: [],
});
