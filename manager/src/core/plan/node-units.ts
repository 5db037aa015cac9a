/** Which units a node's stage starts and stops. */
import type { InventoryNode, NodeRole } from './inventory.ts';

const unitsOfRole: Readonly<Partial<Record<NodeRole, readonly string[]>>> = {
  server: ['k3s.service'],
  agent: ['k3s-agent.service'],
};

/** As declared, in the order of starting; k3s's own for servers and agents that declare none. */
export const unitsOf = (node: InventoryNode): readonly string[] =>
  node.units.length > 0 ? node.units : (unitsOfRole[node.role] ?? []);

export const k3sUnits: ReadonlySet<string> = new Set(['k3s.service', 'k3s-agent.service']);

/** Whether containers may be left over when its units have stopped: k3s is stopped with KillMode=process. */
export const runsK3s = (node: InventoryNode): boolean => unitsOf(node).some((unit) => k3sUnits.has(unit));
