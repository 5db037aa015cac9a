/** The fleet at one moment, for the metrics. */
import type { FleetNode, FleetState } from './core/fleet.ts';
import type { FleetSnapshot } from './io/metrics.ts';

/** @param lastSeenMs Unix time of the last word of a node */
export const nodeSnapshots = (
  fleet: FleetState,
  lastSeenMs: (node: FleetNode) => number,
): FleetSnapshot['nodes'] =>
  [...fleet.nodes.values()].map((node) => ({
    name: node.name,
    online: node.connection === 'online',
    lastSeenMs: lastSeenMs(node),
    unitsByActiveState: countByActiveState(node),
  }));

/** I12: of a node that is not heard, no state is claimed. */
function countByActiveState(node: FleetNode): Record<string, number> {
  const counts: Record<string, number> = {};
  if (node.connection !== 'online' || !node.snapshotComplete) return counts;
  for (const { activeState } of node.units.values()) counts[activeState] = (counts[activeState] ?? 0) + 1;
  return counts;
}
