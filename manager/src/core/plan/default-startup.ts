/**
 * The built-in startup: what others depend on first. Hosts are woken where there is a way to, and waited for where there
 * is none. All servers' units are started at once, and judged by gates: with embedded etcd a server is
 * ready only once there is a quorum, however long that takes. A host that does not come is told, and left behind;
 * without a quorum of servers, or without a host that others depend on, the startup ends.
 */
import {
  coordinatorOf,
  everyOf,
  gateOf,
  nodeLayers,
  placeOf,
  selectorsFor,
  stageOf,
  stepOf,
  titleOf,
  uniquelyNamed,
  unitsOrNode,
  unitsTitle,
  withUnits,
} from './default-parts.ts';
import { dependenciesOf, dependentsOf } from './dependencies.ts';
import { stateSentence } from './expand-action.ts';
import { canBeWoken, type Inventory, type InventoryNode } from './inventory.ts';
import type { OnFailure } from './plan.ts';
import type {
  ActionDeclaration,
  SequenceDeclaration,
  StageDeclaration,
  StepDeclaration,
} from './sequence.ts';

const name = 'startup';

/** Servers with much memory test it for minutes before they boot. */
const bootTimes = { timeoutMs: 600_000, expectedMs: 90_000, minimumMs: 60_000 } as const;
const orderTimes = { timeoutMs: 30_000, expectedMs: 1000, minimumMs: 1000 } as const;
/** etcd elects and k3s migrates before it says that it is ready. */
const readyTimes = { timeoutMs: 300_000, expectedMs: 30_000, minimumMs: 30_000 } as const;
/** Everybody who comes has come by then; the quorum holds, or will not. */
const quorumTimes = { timeoutMs: 60_000, expectedMs: 1000, minimumMs: 1000, onFailure: 'abort' } as const;

const lookIntervalMs = 1000;

export function defaultStartup(inventory: Inventory): SequenceDeclaration {
  const layers = [coordinatorOf(inventory), ...nodeLayers(inventory, (dependencies) => dependencies)];
  const stages = layers.flatMap((layer) => layerStage(inventory, layer));
  return { name, kind: 'startup', stages: uniquelyNamed(stages), place: placeOf(name) };
}

function layerStage(inventory: Inventory, layer: readonly InventoryNode[]): StageDeclaration[] {
  const remote = layer.filter((node) => node.name !== inventory.coordinator);
  const servers = layer.filter(({ role }) => role === 'server');
  const units = withUnits(layer);
  return stageOf(name, titleOf(layer), [
    ...split(inventory, remote).flatMap(([nodes, onFailure]) => presenceSteps(inventory, nodes, onFailure)),
    ...(units.length === 0 ? [] : [startStep(inventory, units)]),
    ...split(inventory, units).flatMap(([nodes, onFailure]) => readySteps(nodes, onFailure)),
    ...quorumSteps(inventory, servers),
  ]);
}

/** Nodes that others cannot do without, and the others; servers stand in for each other, as far as their quorum goes. */
function split(
  inventory: Inventory,
  nodes: readonly InventoryNode[],
): (readonly [readonly InventoryNode[], OnFailure])[] {
  const dependents = dependentsOf(dependenciesOf(inventory));
  const isNeeded = (node: InventoryNode): boolean =>
    node.role !== 'server' && (dependents.get(node.name)?.length ?? 0) > 0;
  const parts = [
    [nodes.filter(isNeeded), 'abort'],
    [nodes.filter((node) => !isNeeded(node)), 'continue'],
  ] as const;
  return parts.filter(([part]) => part.length > 0);
}

/** All are woken before anybody is waited for by hand. */
function presenceSteps(
  inventory: Inventory,
  nodes: readonly InventoryNode[],
  onFailure: OnFailure,
): StepDeclaration[] {
  const woken = nodes.filter(canBeWoken);
  const awaited = nodes.filter((node) => !canBeWoken(node));
  const times = { ...bootTimes, onFailure };
  const steps: StepDeclaration[] = [];
  if (woken.length > 0) {
    steps.push(stepOf(name, { type: 'wake', nodes: selectorsFor(inventory, woken) }, times));
  }
  if (awaited.length > 0) {
    const selectors = selectorsFor(inventory, awaited);
    const gate = gateOf(
      awaitedSentence(awaited),
      { type: 'node', nodes: selectors, state: 'online' },
      lookIntervalMs,
    );
    steps.push(stepOf(name, gate, times));
  }
  return steps;
}

/** Who is waited for by name, where these are few: somebody may have to go and switch it on. */
const awaitedSentence = (nodes: readonly InventoryNode[]): string =>
  nodes.length <= 3
    ? stateSentence(
        nodes.map((node) => node.name),
        'online',
      )
    : `${everyOf(nodes)} that must come up by itself is online`;

function startStep(inventory: Inventory, nodes: readonly InventoryNode[]): StepDeclaration {
  const start: ActionDeclaration = {
    type: 'unit',
    verb: 'start',
    nodes: selectorsFor(inventory, nodes),
    units: 'of-node',
    options: undefined,
    successBy: 'gate',
    isMissingUnitDone: false,
  };
  return stepOf(name, start, { ...orderTimes, onFailure: 'continue' });
}

/** Who is not there has been told already, and is not waited for again. */
function readySteps(nodes: readonly InventoryNode[], onFailure: OnFailure): StepDeclaration[] {
  const sentence = `${unitsTitle(nodes)} is active on ${everyOf(nodes)} that is online`;
  const condition = unitsOrNode(nodes, ['active'], 'offline');
  return [stepOf(name, gateOf(sentence, condition, lookIntervalMs), { ...readyTimes, onFailure })];
}

/** More than half of etcd's members: with fewer, nothing of the cluster works. */
function quorumSteps(inventory: Inventory, servers: readonly InventoryNode[]): StepDeclaration[] {
  const nodes = withUnits(servers);
  if (nodes.length === 0) return [];
  const count = Math.floor(nodes.length / 2) + 1;
  const sentence = `${unitsTitle(nodes)} is active on at least ${count} of ${nodes.length} ${titleOf(nodes)}`;
  const units = {
    type: 'unit',
    nodes: selectorsFor(inventory, nodes),
    units: 'of-node',
    states: ['active'],
  } as const;
  const condition = { type: 'at-least', count, of: [units] } as const;
  return [stepOf(name, gateOf(sentence, condition, lookIntervalMs), quorumTimes)];
}
