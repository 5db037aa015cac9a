/** The units in the manager's memory. */
import { createListUnits, type ListUnits, type UnitState } from '@hecate/proto/generated/wire.ts';
import type { Context } from './context.ts';

export interface NodeUnits {
  readonly node: string;
  /** The node is not heard, or its list is not complete: nothing is known of its units now (I12). */
  isStale: boolean;
  readonly units: UnitState[];
}

/** By node, in the manager's order. */
export async function listUnits(context: Context, filter: Partial<ListUnits>): Promise<NodeUnits[]> {
  const byNode = new Map<string, NodeUnits>();
  await context.ask(
    'done',
    { case: 'listUnits', value: createListUnits(filter) },
    {
      onItem: (item) => {
        if (item.case !== 'units') return;
        const { node, units, stale } = item.value;
        const known = byNode.get(node) ?? { node, isStale: false, units: [] };
        known.units.push(...units);
        known.isStale ||= stale;
        byNode.set(node, known);
      },
    },
  );
  return [...byNode.values()];
}
