/** The nodes of a site as the configuration declares them: what plans are compiled from. */
import type { NodeName } from '@hecate/proto/core/names.ts';

/**
 * What a node is to a cluster. server: k3s with etcd · agent: k3s without · storage: what servers keep their data on
 * · coordinator: the node that the manager itself runs on, at most one · other: everything else.
 */
export type NodeRole = 'server' | 'agent' | 'storage' | 'coordinator' | 'other';

/** Where in the configuration file something was declared; line 0: built in. */
export interface Place {
  /** As in error messages: `sequences.shutdown.stages[0].steps[1]`. */
  readonly key: string;
  readonly line: number;
}

export interface InventoryNode {
  readonly name: NodeName;
  readonly role: NodeRole;
  /** Nodes that must be up while this one is: it is powered off before them, and woken after them. Sorted. */
  readonly dependsOn: readonly NodeName[];
  /** The units that its stage starts and stops, in the order of starting. */
  readonly units: readonly string[];
  /** For Wake-on-LAN, lower case with colons. */
  readonly macAddress: string | undefined;
  /** Where the magic packet is sent: an IPv4 broadcast address. */
  readonly wakeAddress: string;
  /** Program and arguments on the coordinator that switch it on. */
  readonly wakeCommand?: readonly string[] | undefined;
  /** For probes of the network: a host name or IP address; undefined: where its agent last dialled from. */
  readonly address: string | undefined;
  /** A TCP port that answers, or refuses, while the host is up. */
  readonly probePort: number;
  /** The UPSes that its power supplies hang on; undefined: all of the site. */
  readonly feeds?: readonly string[] | undefined;
  /** How many of them it needs to stay up; undefined: one. */
  readonly minFeeds?: number | undefined;
  readonly place: Place;
}

/** A command of the coordinator that steps and notifications may name. */
export interface Hook {
  readonly name: string;
  readonly argv: readonly string[];
  /** Whether it may be run once more when it is not known whether it ended. */
  readonly isRepeatable: boolean;
  readonly place: Place;
}

export interface Inventory {
  readonly site: string;
  readonly coordinator: NodeName | undefined;
  /** Sorted by name. */
  readonly nodes: readonly InventoryNode[];
  /** Sorted by name. */
  readonly hooks: readonly Hook[];
}

/** Whether Hecate can switch it on; else it must come up by itself, or by hand. */
export const canBeWoken = ({ macAddress, wakeCommand }: InventoryNode): boolean =>
  macAddress !== undefined || wakeCommand !== undefined;
