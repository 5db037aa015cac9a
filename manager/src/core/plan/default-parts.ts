/** What the built-in sequences are made of. */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { type Dependencies, dependenciesOf, layersOf } from './dependencies.ts';
import type { Inventory, InventoryNode, NodeRole, Place } from './inventory.ts';
import { unitsOf } from './node-units.ts';
import { formatList } from './plan-words.ts';
import { byName, nodeRoles } from './select-nodes.ts';
import type {
  ActionDeclaration,
  ConditionDeclaration,
  GateDeclaration,
  NodeSelector,
  StageDeclaration,
  StepDeclaration,
} from './sequence.ts';

export const placeOf = (sequence: string): Place => ({ key: `sequences.${sequence}`, line: 0 });

type StepTiming = Pick<StepDeclaration, 'timeoutMs' | 'expectedMs' | 'minimumMs' | 'onFailure'>;

export const stepOf = (
  sequence: string,
  action: ActionDeclaration,
  timing: StepTiming,
  more: Partial<StepDeclaration> = {},
): StepDeclaration => ({
  name: undefined,
  action,
  parallelism: undefined,
  escalation: [],
  dropAt: undefined,
  place: placeOf(sequence),
  ...timing,
  ...more,
});

export const stageOf = (
  sequence: string,
  name: string,
  steps: readonly StepDeclaration[],
): StageDeclaration[] => (steps.length === 0 ? [] : [{ name, steps, place: placeOf(sequence) }]);

/** Roles where they mean the same nodes: the sequence stays the same when a role gets one node more. */
export function selectorsFor(inventory: Inventory, nodes: readonly InventoryNode[]): NodeSelector[] {
  const names = new Set(nodes.map(({ name }) => name));
  const isWhole = (role: NodeRole): boolean =>
    inventory.nodes.every((node) => node.role !== role || names.has(node.name));
  const roles = nodeRoles.filter((role) => isWhole(role) && nodes.some((node) => node.role === role));
  const rest = nodes.filter(({ role }) => !roles.includes(role)).map(({ name }) => name);
  return [...roles.map((role) => `role:${role}`), ...rest].sort();
}

const words: Readonly<Record<NodeRole, readonly [one: string, all: string]>> = {
  server: ['server', 'servers'],
  agent: ['agent', 'agents'],
  storage: ['storage node', 'storage'],
  coordinator: ['coordinator', 'coordinator'],
  other: ['other node', 'other nodes'],
};

const rolesOf = (nodes: readonly InventoryNode[]): NodeRole[] =>
  nodeRoles.filter((role) => nodes.some((node) => node.role === role));

/** For stages: "servers", "agents and other nodes". */
export const titleOf = (nodes: readonly InventoryNode[]): string =>
  formatList(rolesOf(nodes).map((role) => words[role][1]));

/** For sentences: "every server", "every agent and other node". */
export const everyOf = (nodes: readonly InventoryNode[]): string =>
  `every ${formatList(rolesOf(nodes).map((role) => words[role][0]))}`;

/** "k3s.service", "3 units". */
export function unitsTitle(nodes: readonly InventoryNode[]): string {
  const units = [...new Set(nodes.flatMap(unitsOf))].sort();
  return units.length <= 3 ? formatList(units) : `${units.length} units`;
}

export const withUnits = (nodes: readonly InventoryNode[]): InventoryNode[] =>
  nodes.filter((node) => unitsOf(node).length > 0);

export const gateOf = (
  sentence: string,
  condition: ConditionDeclaration,
  intervalMs: number,
  consecutive = 1,
): Extract<ActionDeclaration, { readonly type: 'gate' }> => {
  const gate: GateDeclaration = { sentence, condition, intervalMs, consecutive };
  return { type: 'gate', gate };
};

/** For each of the nodes: its units are in one of the states, or the node itself is in this one. */
export const unitsOrNode = (
  nodes: readonly InventoryNode[],
  states: readonly string[],
  state: 'offline' | 'powered-off',
): ConditionDeclaration => ({
  type: 'all',
  of: nodes.map(({ name }) => ({
    type: 'any',
    of: [
      { type: 'unit', nodes: [name], units: 'of-node', states },
      { type: 'node', nodes: [name], state },
    ],
  })),
});

/** Nodes in layers along edges, without the coordinator, which is first or last by itself; no layer is empty. */
export function nodeLayers(
  inventory: Inventory,
  edgesOf: (all: Dependencies) => Dependencies,
): InventoryNode[][] {
  const byNames = new Map<NodeName, InventoryNode>(inventory.nodes.map((node) => [node.name, node]));
  return layersOf(edgesOf(dependenciesOf(inventory)))
    .map((layer) => layer.flatMap((name) => byNames.get(name) ?? []).filter(isNoCoordinator(inventory)))
    .map((layer) => layer.sort(byName))
    .filter((layer) => layer.length > 0);
}

const isNoCoordinator =
  ({ coordinator }: Inventory) =>
  ({ name }: InventoryNode): boolean =>
    name !== coordinator;

export const coordinatorOf = (inventory: Inventory): InventoryNode[] =>
  inventory.nodes.filter(({ name }) => name === inventory.coordinator);

/** Stages are told apart by name: "servers", "servers 2". */
export function uniquelyNamed(stages: readonly StageDeclaration[]): StageDeclaration[] {
  const used = new Map<string, number>();
  return stages.map((stage) => {
    const count = (used.get(stage.name) ?? 0) + 1;
    used.set(stage.name, count);
    return count === 1 ? stage : { ...stage, name: `${stage.name} ${count}` };
  });
}
