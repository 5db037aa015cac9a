/** A thousand resolved operations with their log lines would not fit a frame: the outcome matters, the rest gives way. */
import { limits } from '@hecate/proto/core/limits.ts';
import type { OperationOutcome, ResolvedOperation } from '@hecate/proto/generated/wire.ts';
import { packOutcome } from '../core/operation-record.ts';

const shortMessageLength = 60;

export function fitResolved(operations: readonly ResolvedOperation[]): ResolvedOperation[] {
  // A quarter for the frame around it, and for characters of more than one byte.
  let left = limits.frameBytesMax * 0.25;
  return operations.map((operation) => {
    const { outcome } = operation;
    if (!outcome) return operation;
    left -= packOutcome(outcome).length;
    return left > 0 ? operation : { ...operation, outcome: bare(outcome) };
  });
}

const bare = (outcome: OperationOutcome): OperationOutcome => ({
  ...outcome,
  message: outcome.message.slice(0, shortMessageLength),
  remedy: '',
  logLines: [],
  changes: [],
});
