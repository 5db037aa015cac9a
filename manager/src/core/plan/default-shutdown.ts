/**
 * The built-in shutdown. Agents' k3s first, then all servers at once: stopped one after the other, those that are left
 * lose quorum and are restarted. `stop` leaves every container running (k3s has KillMode=process): SIGTERM, time,
 * SIGKILL. Then hosts go off, layer by layer, dependents first (I3); what others depend on, other than servers, keeps
 * its own units until its dependents are off. Failures are told and the shutdown goes on: the power may be going.
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { createVerbOptions } from '@hecate/proto/generated/wire.ts';
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
import { dependenciesOf, dependentsOf, reachableFrom } from './dependencies.ts';
import type { Inventory, InventoryNode } from './inventory.ts';
import { k3sUnits, runsK3s, unitsOf } from './node-units.ts';
import { byName } from './select-nodes.ts';
import type {
  ActionDeclaration,
  SequenceDeclaration,
  StageDeclaration,
  StepDeclaration,
} from './sequence.ts';

const name = 'shutdown';

/** A stop is taken at once; how long it takes is the gate's. */
const orderTimes = { timeoutMs: 30_000, expectedMs: 1000, minimumMs: 1000, onFailure: 'continue' } as const;
/** systemd gives a service 90 s to stop (DefaultTimeoutStopSec) before it kills it. */
const stoppedTimes = {
  timeoutMs: 120_000,
  expectedMs: 15_000,
  minimumMs: 5000,
  onFailure: 'continue',
} as const;
const signalTimes = { timeoutMs: 15_000, expectedMs: 1000, minimumMs: 1000, onFailure: 'continue' } as const;
/** Kubernetes gives a container 30 s (terminationGracePeriodSeconds); k3s's own stop has given them a part of it. */
const leftoverTimes = {
  timeoutMs: 20_000,
  expectedMs: 20_000,
  minimumMs: 5000,
  onFailure: 'continue',
} as const;
/** A host stops what is left in it (90 s at most for each service), and cuts its own power. */
const poweroffTimes = {
  timeoutMs: 180_000,
  expectedMs: 30_000,
  minimumMs: 20_000,
  onFailure: 'continue',
} as const;

const stoppedStates = ['inactive', 'failed'] as const;
const lookIntervalMs = 500;

export function defaultShutdown(inventory: Inventory): SequenceDeclaration {
  const staying = neededBy(inventory, coordinatorOf(inventory));
  const layers = nodeLayers(inventory, dependentsOf).map((layer) =>
    layer.filter((node) => !staying.has(node.name)),
  );
  const early = new Set(layers.flat().filter(isStoppedEarly(inventory)));
  const stages = [
    ...layers.flatMap((layer) =>
      stopStage(
        inventory,
        layer.filter((node) => early.has(node)),
      ),
    ),
    ...leftoverStage(inventory, [...early].filter(runsK3s)),
    ...powerStages(inventory, layers, early),
  ];
  return { name, kind: 'shutdown', stages: uniquelyNamed(stages), place: placeOf(name) };
}

/** The cluster, and hosts that nobody depends on. */
function isStoppedEarly(inventory: Inventory): (node: InventoryNode) => boolean {
  const dependents = dependentsOf(dependenciesOf(inventory));
  return ({ name: node, role }) =>
    role === 'server' || role === 'agent' || (role === 'other' && dependents.get(node)?.length === 0);
}

function stopStage(inventory: Inventory, layer: readonly InventoryNode[]): StageDeclaration[] {
  const nodes = withUnits(layer);
  return stageOf(name, `stop ${titleOf(nodes)}`, stopSteps(inventory, nodes));
}

/** A host that is off needs no stop: the gate holds for it, too, once a probe agrees (I12). */
function stopSteps(inventory: Inventory, nodes: readonly InventoryNode[]): StepDeclaration[] {
  if (nodes.length === 0) return [];
  const selectors = selectorsFor(inventory, nodes);
  const stop: ActionDeclaration = {
    type: 'unit',
    verb: 'stop',
    nodes: selectors,
    units: 'of-node',
    options: undefined,
    successBy: 'gate',
    isMissingUnitDone: true,
  };
  const sentence = `${unitsTitle(nodes)} stopped on ${everyOf(nodes)}`;
  const gate = gateOf(sentence, unitsOrNode(nodes, stoppedStates, 'powered-off'), lookIntervalMs, 2);
  return [
    stepOf(name, stop, orderTimes),
    stepOf(name, gate, stoppedTimes, { escalation: [killOf(selectors, 'of-node', sigkill, 'outcome')] }),
  ];
}

const sigterm = 15;
const sigkill = 9;

/** Where the kill is the last resort, a node that cannot be reached is a failure: nobody has seen its units stop. */
const killOf = (
  selectors: readonly string[],
  units: readonly string[] | 'of-node',
  signal: number,
  successBy: 'outcome' | 'gate',
): ActionDeclaration => ({
  type: 'unit',
  verb: 'kill',
  nodes: selectors,
  units,
  options: createVerbOptions({ killWho: 'all', signal }),
  successBy,
  isMissingUnitDone: true,
});

/** Pods are in a slice of their own; what started them is in k3s's own unit, also after its stop. */
const podSlice = 'kubepods.slice';

function leftoverStage(inventory: Inventory, nodes: readonly InventoryNode[]): StageDeclaration[] {
  const kills = (signal: number): StepDeclaration[] =>
    [...k3sUnits].sort().flatMap((unit) => {
      const running = nodes.filter((node) => unitsOf(node).includes(unit)).sort(byName);
      if (running.length === 0) return [];
      const selectors = selectorsFor(inventory, running);
      return [stepOf(name, killOf(selectors, [unit, podSlice], signal, 'gate'), signalTimes)];
    });
  if (nodes.length === 0) return [];
  const wait = stepOf(name, { type: 'wait', durationMs: leftoverTimes.timeoutMs }, leftoverTimes);
  return stageOf(name, 'containers left over', [...kills(sigterm), wait, ...kills(sigkill)]);
}

function powerStages(
  inventory: Inventory,
  layers: readonly InventoryNode[][],
  early: ReadonlySet<InventoryNode>,
): StageDeclaration[] {
  return [...layers, coordinatorOf(inventory)].flatMap((nodes) => [
    ...stopStage(
      inventory,
      nodes.filter((node) => !early.has(node)),
    ),
    ...stageOf(
      name,
      `power off ${titleOf(nodes)}`,
      nodes.length === 0 ? [] : [poweroffStep(inventory, nodes)],
    ),
  ]);
}

const poweroffStep = (inventory: Inventory, nodes: readonly InventoryNode[]): StepDeclaration =>
  stepOf(name, { type: 'power', verb: 'poweroff', nodes: selectorsFor(inventory, nodes) }, poweroffTimes);

/** The coordinator is last (I4): what it depends on stays on with it, and is left to the operator. */
function neededBy(inventory: Inventory, coordinator: readonly InventoryNode[]): ReadonlySet<NodeName> {
  const dependencies = dependenciesOf(inventory);
  return new Set(coordinator.flatMap((node) => reachableFrom(node.name, dependencies)));
}
