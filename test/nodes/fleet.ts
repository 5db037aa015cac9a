import { type FleetScope, openFleetScope, sweepDeadFleets } from './fleet-scope.ts';
import type { Address, FleetNode } from './node.ts';
import { UserNode } from './user-node.ts';

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

/** A set of nodes with one life: destroyed together, and with their owner. */
export interface Fleet<Node extends FleetNode = FleetNode> {
  readonly name: string;
  readonly nodes: readonly Node[];
  /** @throws Error naming the nodes there are. */
  node(name: string): Node;
  /** Ends all nodes and removes all that they left on this machine; idempotent. */
  destroy(): Promise<void>;
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

async function destroyFleet(nodes: readonly FleetNode[], scope: FleetScope): Promise<void> {
  const results = await Promise.allSettled(nodes.map((node) => node.destroy()));
  await scope.close();
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function assemble<Node extends FleetNode>(scope: FleetScope, nodes: readonly Node[]): Fleet<Node> {
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
      destroying ??= destroyFleet(nodes, scope);
      return destroying;
    },
  };
}

/**
 * Makes a fleet and boots it. First removes what fleets of dead owners left behind. When this process ends, by
 * any way including SIGKILL, the fleet ends and is cleaned up; `destroy()` does the same in an orderly way.
 */
export async function startFleet(options: UserFleetOptions): Promise<Fleet<UserNode>> {
  const names = namesOf(options);
  await sweepDeadFleets();
  const scope = openFleetScope();
  const fleet = assemble(
    scope,
    names.map((name) => new UserNode(name, scope, options.manager)),
  );
  try {
    if (options.boot !== false) await Promise.all(fleet.nodes.map((node) => node.boot()));
    return fleet;
  } catch (error) {
    await fleet.destroy();
    throw error;
  }
}
