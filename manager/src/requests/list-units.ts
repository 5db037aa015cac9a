import type { Outcome } from '@hecate/proto/core/frames.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import type { ListUnits, UnitState } from '@hecate/proto/generated/wire.ts';
import type { FleetNode } from '../core/fleet.ts';
import { isKnown, isListed, selectNodes, unknownUnit } from '../core/selection.ts';
import type { OperatorRequest } from './context.ts';

/** Units out of the manager's memory, node by node, in batches that fit a frame. */
export async function listUnits({ value, context, incoming }: OperatorRequest<ListUnits>): Promise<Outcome> {
  for (const node of selectNodes(context.fleet.state, value.nodes)) {
    const isStale = !isKnown(node);
    for (const units of batches(listed(node, value, isStale))) {
      const item = { case: 'units', value: { node: node.name, units, stale: isStale } } as const;
      if (!(await incoming.sendItem(item))) return { case: 'done', value: {} };
    }
  }
  return { case: 'done', value: {} };
}

function listed(node: FleetNode, filter: ListUnits, isStale: boolean): UnitState[] {
  const names = [...node.units.keys()].sort();
  const units = names.map((name) => node.units.get(name)).filter((unit) => unit !== undefined);
  if (!isStale) return units.filter((unit) => isListed(unit, filter));
  // By the state it was last seen in, and by its state of now, which is "unknown".
  const isAskedFor = (unit: UnitState): boolean =>
    isListed(unit, filter) || (filter.states.includes('unknown') && isListed(unknownUnit(unit), filter));
  return units.filter(isAskedFor).map(unknownUnit);
}

/** At least one batch, so that a node without units is told of, too. */
export function* batches(units: UnitState[]): Generator<UnitState[]> {
  let batch: UnitState[] = [];
  let bytes = 0;
  for (const unit of units) {
    batch.push(unit);
    // Names and descriptions are nearly all of it; a character has at most three bytes on the wire.
    bytes += 64 + 3 * (unit.name.length + unit.description.length);
    if (bytes < limits.batchBytesMax) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  yield batch;
}
