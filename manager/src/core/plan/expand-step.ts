/** One step as it is declared, as the steps that are carried out: mostly one, with gates behind orders to hosts. */
import { type Compilation, compilationAt, type StepCompilation } from './compilation.ts';
import { expandAction, type Operations, stateSentence } from './expand-action.ts';
import { nodeLeaf } from './expand-condition.ts';
import type { InventoryNode, Place } from './inventory.ts';
import type { Action, Step } from './plan.ts';
import { formatNodes } from './plan-words.ts';
import { byNode, sortedNames } from './select-nodes.ts';
import type { ActionDeclaration, StepDeclaration } from './sequence.ts';
import { type StepTimes, sharedTimes, stepTimes } from './step-times.ts';
import { operationsSentence, workOf } from './step-words.ts';

/** A step before it has its place in the plan. */
export interface DraftStep {
  readonly step: Omit<Step, 'id' | 'learnKey'>;
  /** What its durations are learnt under, within its stage. */
  readonly work: string;
  readonly place: Place;
}

export function expandStep(declaration: StepDeclaration, compilation: Compilation): DraftStep[] {
  const here = compilationAt(compilation, declaration.place);
  const times = stepTimes(declaration, here);
  if (declaration.action.type === 'power') return powerSteps(declaration, times, here);
  const main = expandAction(declaration.action, here);
  if (main === undefined) return [];
  const escalation = escalationOf(declaration, here);
  const ranks = ranksOf(declaration.action, main);
  return ranks.map((rank, index) => {
    const methods = [rank, ...escalation.map((action) => withinRank(action, rank, ranks.length))];
    const suffix = ranks.length > 1 ? ` (${index + 1} of ${ranks.length})` : '';
    return draft(declaration, methods, times, suffix);
  });
}

const escalationOf = (declaration: StepDeclaration, compilation: StepCompilation): Action[] =>
  declaration.escalation.flatMap((action) => expandAction(action, compilation) ?? []);

const isOperations = (action: Action): action is Operations => action.type === 'operations';

/**
 * A node's own units are started in the order of the inventory and stopped in the other: the first of every node at
 * once, then the second of every node. For everything else there is one rank.
 */
function ranksOf(declaration: ActionDeclaration, action: Action): readonly Action[] {
  if (declaration.type !== 'unit' || declaration.units !== 'of-node' || !isOperations(action))
    return [action];
  if (declaration.verb !== 'start' && declaration.verb !== 'stop') return [action];
  const ranks: Operations['operations'][number][][] = [];
  const counts = new Map<string, number>();
  const inOrder = declaration.verb === 'stop' ? action.operations.toReversed() : action.operations;
  for (const operation of inOrder) {
    const rank = counts.get(operation.node) ?? 0;
    counts.set(operation.node, rank + 1);
    ranks[rank] = [...(ranks[rank] ?? []), operation];
  }
  return ranks.map((operations) => ({ ...action, operations: operations.toSorted(byNode) }));
}

/** What is tried next must not reach units whose turn has not come. */
function withinRank(action: Action, rank: Action, ranksCount: number): Action {
  if (ranksCount === 1 || !isOperations(action) || !isOperations(rank)) return action;
  const turn = new Set(rank.operations.map(({ node, unit }) => `${node} ${unit}`));
  const operations = action.operations.filter(({ node, unit }) => turn.has(`${node} ${unit}`));
  return { ...action, operations };
}

/** The verb and its gate: two steps, or, for reboots, three for each node, because two may never be down at once. */
function powerSteps(declaration: StepDeclaration, times: StepTimes, here: StepCompilation): DraftStep[] {
  const { action } = declaration;
  if (action.type !== 'power' || here.mode === 'cluster-only') return [];
  const order = expandAction(action, here);
  if (order === undefined || !isOperations(order)) return [];
  const nodes = here.select(action.nodes);
  if (action.verb === 'reboot') return rebootSteps(declaration, order, nodes, times, here);
  const gated = nodes.filter(({ name }) => name !== here.inventory.coordinator);
  if (gated.length === 0) {
    return [draft(declaration, [order, ...escalationOf(declaration, here)], times, '')];
  }
  const shared = sharedTimes(times);
  const gate = stateGate(gated, 'powered-off');
  return [
    draft(declaration, [order], shared.order, ''),
    draft(declaration, [gate, ...escalationOf(declaration, here)], shared.gate, ': powered off'),
  ];
}

function rebootSteps(
  declaration: StepDeclaration,
  order: Operations,
  nodes: readonly InventoryNode[],
  times: StepTimes,
  here: StepCompilation,
): DraftStep[] {
  if ((declaration.parallelism ?? 1) > 1) {
    here.warn('reboots go one node after the other', 'remove parallelism');
  }
  const shared = sharedTimes(times);
  const down = sharedTimes(shared.gate);
  const escalation = escalationOf(declaration, here);
  return nodes.flatMap((node) => {
    const ofNode = (action: Action): Action =>
      isOperations(action)
        ? { ...action, operations: action.operations.filter((operation) => operation.node === node.name) }
        : action;
    const on = nodes.length > 1 ? ` ${node.name}` : '';
    return [
      draft(declaration, [ofNode(order)], shared.order, on),
      draft(declaration, [stateGate([node], 'offline')], down.order, `${on}: down`),
      draft(
        declaration,
        [stateGate([node], 'online'), ...escalation.map(ofNode)],
        down.gate,
        `${on}: up again`,
      ),
    ];
  });
}

/** Hosts that reboot are away for seconds only; a host counts as off when two looks in a row say so. */
const looks = {
  'powered-off': { intervalMs: 1000, consecutive: 2, words: 'powered off' },
  offline: { intervalMs: 250, consecutive: 1, words: 'going down' },
  online: { intervalMs: 1000, consecutive: 1, words: 'up again' },
} as const;

function stateGate(nodes: readonly InventoryNode[], state: keyof typeof looks): Action {
  const { intervalMs, consecutive, words } = looks[state];
  const leaves = nodes.map((node) => nodeLeaf(node, state));
  const [only] = leaves;
  const condition = leaves.length === 1 && only !== undefined ? only : { type: 'all' as const, of: leaves };
  const sentence = stateSentence(sortedNames(nodes.map(({ name }) => name)), words);
  return { type: 'gate', gate: { sentence, condition, intervalMs, consecutive } };
}

function draft(
  declaration: StepDeclaration,
  methods: readonly Action[],
  times: StepTimes,
  suffix: string,
): DraftStep {
  const operations = methods.map((method) => (isOperations(method) ? method.operations.length : 1));
  return {
    step: {
      name: nameOf(declaration, methods[0], suffix),
      methods: methods.filter((method) => !isOperations(method) || method.operations.length > 0),
      parallelism: Math.max(1, declaration.parallelism ?? Math.max(...operations)),
      ...times,
      onFailure: declaration.onFailure,
      dropAt: declaration.dropAt,
      powersOff: sortedNames(
        methods.flatMap((method) =>
          isOperations(method)
            ? method.operations.filter(({ verb }) => verb === 'poweroff').map(({ node }) => node)
            : [],
        ),
      ),
    },
    work: `${declaration.name ?? workOf(declaration.action)}${suffix}`,
    place: declaration.place,
  };
}

/** A gate is called by its sentence: it says what is waited for. */
function nameOf(declaration: StepDeclaration, method: Action | undefined, suffix: string): string {
  const isAdded = declaration.action.type === 'power' && method?.type === 'gate';
  if (declaration.name !== undefined && !isAdded) return `${declaration.name}${suffix}`;
  switch (method?.type) {
    case 'operations':
      return operationsSentence(method.operations);
    case 'gate':
      return method.gate.sentence;
    case 'wake':
      return `wake ${formatNodes(method.targets.map(({ node }) => node))}`;
    default:
      return workOf(declaration.action);
  }
}
