/**
 * Who must be up while whom: as declared, and as roles imply. Agents depend on every server, servers on every storage;
 * the coordinator is last (I4) without anybody depending on it.
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { errorAt, type Finding } from './finding.ts';
import type { Inventory, InventoryNode, NodeRole } from './inventory.ts';
import type { Plan } from './plan.ts';
import { byName, sortedNames } from './select-nodes.ts';

/** By node: what it depends on directly, sorted. Every node of the inventory has an entry. */
export type Dependencies = ReadonlyMap<NodeName, readonly NodeName[]>;

const impliedBy: Readonly<Partial<Record<NodeRole, NodeRole>>> = { agent: 'server', server: 'storage' };

export function dependenciesOf(inventory: Inventory): Dependencies {
  const nodes = inventory.nodes.toSorted(byName);
  const names = new Set(nodes.map(({ name }) => name));
  const byRole = Map.groupBy(nodes, ({ role }) => role);
  const implied = ({ role }: InventoryNode): NodeName[] => {
    const needed = impliedBy[role];
    return needed === undefined ? [] : (byRole.get(needed) ?? []).map(({ name }) => name);
  };
  return new Map(
    nodes.map((node) => [
      node.name,
      sortedNames([...node.dependsOn.filter((name) => names.has(name)), ...implied(node)]),
    ]),
  );
}

/** As plans carry them: nodes without dependencies are left out. */
export const plannedDependencies = (dependencies: Dependencies): Plan['dependencies'] =>
  [...dependencies].filter(([, on]) => on.length > 0).map(([node, dependsOn]) => ({ node, dependsOn }));

/** The nodes that depend on each node directly, sorted. */
export function dependentsOf(dependencies: Dependencies): Dependencies {
  const dependents = new Map<NodeName, NodeName[]>([...dependencies.keys()].map((name) => [name, []]));
  for (const [name, on] of dependencies) for (const other of on) dependents.get(other)?.push(name);
  return new Map([...dependents].map(([name, of]) => [name, of.sort()]));
}

/** What a node depends on, over any number of steps, sorted; not the node itself. */
export function reachableFrom(start: NodeName, edges: Dependencies): NodeName[] {
  const reached = new Set<NodeName>();
  const waiting = [...(edges.get(start) ?? [])];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === start || reached.has(name)) continue;
    reached.add(name);
    waiting.push(...(edges.get(name) ?? []));
  }
  return sortedNames(reached);
}

/**
 * Nodes in layers: one of the first has no edge, one of a later has edges to earlier layers only, as early as can be.
 * Nodes on a cycle, and those that lead to one, are in none.
 */
export function layersOf(edges: Dependencies): NodeName[][] {
  const layers: NodeName[][] = [];
  const placed = new Set<NodeName>();
  for (;;) {
    const layer = [...edges]
      .filter(([name, to]) => !placed.has(name) && to.every((other) => placed.has(other)))
      .map(([name]) => name);
    if (layer.length === 0) return layers;
    for (const name of layer) placed.add(name);
    layers.push(layer.sort());
  }
}

/** One cycle, as the path from its first node by name back to it; undefined when there is none. */
export function findCycle(edges: Dependencies): NodeName[] | undefined {
  for (const start of sortedNames(edges.keys())) {
    const path = pathBack(start, edges);
    if (path !== undefined) return path;
  }
  return undefined;
}

/** The shortest way from a node to itself. */
function pathBack(start: NodeName, edges: Dependencies): NodeName[] | undefined {
  const paths: NodeName[][] = [[start]];
  const seen = new Set<NodeName>();
  for (let path = paths.shift(); path !== undefined; path = paths.shift()) {
    for (const next of edges.get(path.at(-1) ?? start) ?? []) {
      if (next === start) return [...path, start];
      if (seen.has(next)) continue;
      seen.add(next);
      paths.push([...path, next]);
    }
  }
  return undefined;
}

/** What no plan can be made from: unknown names, cycles, a coordinator that cannot be last. */
export function checkDependencies(inventory: Inventory): Finding[] {
  const names = new Set(inventory.nodes.map(({ name }) => name));
  const unknown = inventory.nodes.flatMap((node) =>
    node.dependsOn
      .filter((name) => !names.has(name))
      .map((name) =>
        errorAt(
          node.place,
          `${node.name} depends on ${name}, which is not declared`,
          'declare it, or remove it',
        ),
      ),
  );
  const cycle = findCycle(dependenciesOf(inventory));
  if (cycle === undefined) return unknown;
  const first = inventory.nodes.find(({ name }) => name === cycle[0]);
  const place = first?.place ?? { key: 'inventory', line: 0 };
  const path = cycle.join(' → ');
  const remedy =
    'remove one of depends_on; roles imply that agents depend on servers, and servers on storage';
  return [...unknown, errorAt(place, `dependencies go in a circle: ${path}`, remedy)];
}
