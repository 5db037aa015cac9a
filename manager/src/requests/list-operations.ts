import type { Outcome } from '@hecate/proto/core/frames.ts';
import type { KnownOperation, ListOperations } from '@hecate/proto/generated/wire.ts';
import type { OperatorRequest } from './context.ts';

/** As many fit a frame with their messages, without their log lines. */
const operationsMax = 100;

/** For callers that lost the manager before they were told an id. */
export async function listOperations({ value, context }: OperatorRequest<ListOperations>): Promise<Outcome> {
  const max = Math.min(value.operationsMax || 20, operationsMax);
  return { case: 'knownOperations', value: { operations: context.operations.recent(max).map(briefly) } };
}

const briefly = (known: KnownOperation): KnownOperation => ({
  ...known,
  outcome: known.outcome && { ...known.outcome, logLines: [], changes: [] },
});
