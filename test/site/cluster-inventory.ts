/** The nodes of a cluster as its manager's configuration declares them. */
import type { BootedNode } from '../nodes/booted-node.ts';
import { siteBroadcastAddress } from '../nodes/site-network.ts';

/** An entry of `inventory` in hecate.yaml; what is left out has the manager's own default, such as a role's units. */
export interface InventoryEntry {
  name: string;
  role: 'server' | 'agent' | 'storage' | 'coordinator';
  mac_address: string;
  /** Left out for workers: the manager finds the way to them by itself, without a default route, too. */
  wake_address?: string;
  address: string;
}

function entry(node: BootedNode, role: InventoryEntry['role']): InventoryEntry {
  const { name, macAddress, address } = node;
  const wakeAddress = role === 'agent' ? {} : { wake_address: siteBroadcastAddress };
  return { name, role, mac_address: macAddress, ...wakeAddress, address };
}

/** The nodes by what they are; in Hecate's words a worker has the role `agent`. */
export interface ClusterNodes {
  readonly servers: readonly BootedNode[];
  readonly workers: readonly BootedNode[];
  readonly storage: readonly BootedNode[];
  readonly coordinator: BootedNode;
}

/** The `inventory` of a cluster's hecate.yaml. */
export function inventoryOf({ servers, workers, storage, coordinator }: ClusterNodes): InventoryEntry[] {
  return [
    entry(coordinator, 'coordinator'),
    ...servers.map((node) => entry(node, 'server')),
    ...workers.map((node) => entry(node, 'agent')),
    ...storage.map((node) => entry(node, 'storage')),
  ];
}
