/** The stable form of an operation that the manager knows, under `-o json`: ctl/schema/operation.json. */
import type { KnownOperation } from '@hecate/proto/generated/wire.ts';
import { orNull, outcomeJson, timeOrNull } from './outcome-json.ts';

export function operationJson(known: KnownOperation): Record<string, unknown> {
  const { opId, node, unit, verb, requestedBy, requestedMs, outcome } = known;
  return {
    op_id: opId,
    node,
    unit: orNull(unit),
    verb,
    requested_by: requestedBy,
    requested_at: timeOrNull(requestedMs),
    is_in_flight: outcome === undefined,
    outcome: outcome ? outcomeJson(outcome) : null,
  };
}
