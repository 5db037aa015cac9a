import { baseImage } from './base-image.ts';
import { BootedNode } from './booted-node.ts';
import { type FleetScope, openFleetScope, sweepDeadFleets } from './fleet-scope.ts';
import type { Address, FleetNode } from './node.ts';
import { SiteNetwork } from './site-network.ts';
import type { SmallDisk } from './small-disk.ts';
import { UserNode } from './user-node.ts';
import { WakeListener } from './wake-listener.ts';

/** Which nodes to make. Give `names`, or `count` for node1, node2 … (default: one node). */
export interface FleetOptions {
  names?: readonly string[];
  count?: number;
  /** Boot them at once (default), or leave them off. */
  boot?: boolean;
}

export interface UserFleetOptions extends FleetOptions {
  kind: 'user';
  /** Where the manager will listen; needed for `managerAddress`, `cut` and `heal`. */
  manager?: Address;
}

export interface BootedFleetOptions extends FleetOptions {
  kind: 'booted';
  /** Debian packages beyond the base, e.g. `etcd-server`; each set makes a cached image of its own. */
  packages?: readonly string[];
  /** Where the manager will listen in the site's network; what `managerAddress` gives. */
  manager?: Address;
  /** Node → a folder of it that is on a small disk of its own, which can be full. Needs loop devices. */
  disks?: Readonly<Record<string, SmallDisk>>;
}

/** A set of nodes with one life: destroyed together, and with their owner. */
export interface Fleet<Node extends FleetNode = FleetNode> {
  readonly name: string;
  readonly nodes: readonly Node[];
  /** @throws Error naming the nodes there are. */
  node(name: string): Node;
  /** Ends all nodes and removes all that they left on this machine; idempotent. */
  destroy(): Promise<void>;
}

/** A fleet with a network of its own. */
export interface BootedFleet extends Fleet<BootedNode> {
  readonly site: SiteNetwork;
  /** From now on a magic packet on the bridge switches on the node that it names. One listener for a fleet. */
  listenForWake(): Promise<WakeListener>;
}

/** More nodes than this on one machine is a slip of the keyboard. */
const nodeLimit = 64;

/** Names become host names, unit names and folder names. */
const nameShape = /^[a-z][a-z0-9-]{0,30}$/;

function namesOf({ names, count = 1 }: FleetOptions): readonly string[] {
  const chosen = names ?? Array.from({ length: count }, (_, index) => `node${index + 1}`);
  if (chosen.length < 1 || chosen.length > nodeLimit) {
    throw new Error(`a fleet has 1 to ${nodeLimit} nodes, not ${chosen.length}`);
  }
  const bad = chosen.find((name, index) => !nameShape.test(name) || chosen.indexOf(name) !== index);
  if (bad !== undefined)
    throw new Error(`node names are unique and match ${nameShape.source}; ${bad} does not`);
  return chosen;
}

async function destroyFleet(
  nodes: readonly FleetNode[],
  scope: FleetScope,
  site?: SiteNetwork,
): Promise<void> {
  const results = await Promise.allSettled(nodes.map((node) => node.destroy()));
  await site?.stop();
  await scope.close();
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function assemble<Node extends FleetNode>(
  scope: FleetScope,
  nodes: readonly Node[],
  site?: SiteNetwork,
): Fleet<Node> {
  let destroying: Promise<void> | undefined;
  return {
    name: scope.name,
    nodes,
    node: (name) => {
      const found = nodes.find((node) => node.name === name);
      if (found !== undefined) return found;
      throw new Error(`the fleet has no node ${name}; it has ${nodes.map((node) => node.name).join(', ')}`);
    },
    destroy: () => {
      destroying ??= destroyFleet(nodes, scope, site);
      return destroying;
    },
  };
}

async function boot<Made extends Fleet>(fleet: Made, options: FleetOptions): Promise<Made> {
  try {
    if (options.boot !== false) await Promise.all(fleet.nodes.map((node) => node.boot()));
    return fleet;
  } catch (error) {
    await fleet.destroy();
    throw error;
  }
}

async function startUserFleet(options: UserFleetOptions): Promise<Fleet<UserNode>> {
  const names = namesOf(options);
  await sweepDeadFleets();
  const scope = openFleetScope();
  const nodes = names.map((name) => new UserNode(name, scope, options.manager));
  return boot(assemble(scope, nodes), options);
}

async function startBootedFleet(options: BootedFleetOptions): Promise<BootedFleet> {
  const names = namesOf(options);
  const image = await baseImage(options.packages);
  await sweepDeadFleets();
  const scope = openFleetScope();
  if (scope.controlGroup === undefined) throw new Error('booted nodes need root and cgroup v2');
  const site = new SiteNetwork(scope.controlGroup);
  try {
    await site.start();
  } catch (error) {
    await scope.close();
    throw error;
  }
  const { manager, disks } = options;
  const further = { ...(manager ? { manager } : {}), ...(disks ? { disks } : {}) };
  const nodes = names.map((name) => new BootedNode(name, { scope, site, image, names, ...further }));
  let listening: Promise<WakeListener> | undefined;
  const listenForWake = (): Promise<WakeListener> => {
    listening ??= WakeListener.start(site, nodes);
    return listening;
  };
  return boot({ ...assemble(scope, nodes, site), site, listenForWake }, options);
}

/**
 * Makes a fleet and boots it. First removes what fleets of dead owners left behind. When this process ends, by
 * any way including SIGKILL, the fleet ends and is cleaned up; `destroy()` does the same in an orderly way.
 * @throws Error when a node does not boot; then nothing is left of the others either.
 */
export function startFleet(options: UserFleetOptions): Promise<Fleet<UserNode>>;
export function startFleet(options: BootedFleetOptions): Promise<BootedFleet>;
export function startFleet(options: UserFleetOptions | BootedFleetOptions): Promise<Fleet> {
  return options.kind === 'user' ? startUserFleet(options) : startBootedFleet(options);
}
