/**
 * Each node's own part of a shutdown, for the case that it is cut off from the manager: what it does alone, and when.
 * Times are worst cases, so that a node that is alone acts neither before the manager could have acted, nor before
 * the nodes that depend on it are off, whoever sees to those (I3, I4).
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { boundOf, keptSteps, type PlacedStep, stepBoundMs, stepLimitMs, type Timed } from './bounds.ts';
import { type Dependencies, dependentsOf, layersOf, reachableFrom } from './dependencies.ts';
import type { NodePart, PlannedOperation, Rung, Step } from './plan.ts';
import { byNode } from './select-nodes.ts';

/** What the parts of a plan are made from. */
export interface PartsQuestion {
  readonly plan: Timed;
  readonly dependencies: Dependencies;
  readonly coordinator: NodeName | undefined;
}

/** When a node's work may be done, by the manager and alone, after the begin of the run. */
interface Span {
  readonly part: NodePart;
  /** Whoever did it, it is over then. */
  readonly overAtMs: number;
}

/** The parts at a rung, sorted by node. Nodes without operations have none. */
export function deadManParts(question: PartsQuestion, rung: Rung): NodePart[] {
  const { dependencies, coordinator } = question;
  const dependents = dependentsOf(dependencies);
  const spans = new Map<NodeName, Span>();
  const order = layersOf(dependents).flat();
  for (const node of order.toSorted((a, b) => Number(a === coordinator) - Number(b === coordinator))) {
    const before = node === coordinator ? order : reachableFrom(node, dependents);
    const earliestMs = Math.max(0, ...before.map((other) => spans.get(other)?.overAtMs ?? 0));
    const span = spanOf(question, rung, node, earliestMs);
    if (span !== undefined) spans.set(node, span);
  }
  return [...spans.values()].map(({ part }) => part).sort(byNode);
}

function spanOf({ plan }: PartsQuestion, rung: Rung, node: NodeName, earliestMs: number): Span | undefined {
  const kept = keptSteps(plan, rung);
  const own = kept.filter(({ step }) => operationsOn(step, node).length > 0);
  const [first, last] = [own.at(0), own.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const operations = partOf(kept, own, node, rung);
  const beginsAfterMs = Math.max(earliestMs, endOf(plan, rung, kept, first));
  const aloneMs = operations.reduce((total, { timeoutMs }) => total + timeoutMs, 0);
  const end = gatesBehind(kept, last).at(-1) ?? last;
  const overAtMs = Math.max(beginsAfterMs + aloneMs, endOf(plan, rung, kept, end));
  return { part: { node, operations, beginsAfterMs }, overAtMs };
}

/** Only what is wanted: a node that is alone has nobody to say that it failed. */
function operationsOn(step: Step, node: NodeName): readonly PlannedOperation[] {
  const [method] = step.methods;
  return method?.type === 'operations'
    ? method.operations.filter((operation) => operation.node === node)
    : [];
}

/**
 * A node's operations follow each other at once. A SIGKILL behind another signal would leave no time to obey that: it
 * is left out, and the poweroff gives what is left its time (systemd sends SIGTERM, waits, and sends SIGKILL).
 */
function partOf(
  kept: readonly PlacedStep[],
  own: readonly PlacedStep[],
  node: NodeName,
  rung: Rung,
): NodePart['operations'] {
  const signalled = new Set<string>();
  return own.flatMap((placed) =>
    operationsOn(placed.step, node).flatMap((operation) => {
      const isKill = operation.verb === 'kill';
      if (isKill && operation.options?.signal === sigkill && signalled.has(operation.unit)) return [];
      if (isKill) signalled.add(operation.unit);
      return [{ ...operation, timeoutMs: aloneLimitMs(kept, placed, rung) }];
    }),
  );
}

const sigkill = 9;

/** Where a gate behind an order decides, the order itself is short: a node that is alone needs the time of both. */
function aloneLimitMs(kept: readonly PlacedStep[], placed: PlacedStep, rung: Rung): number {
  const [method] = placed.step.methods;
  const isByGate = method?.type === 'operations' && method.successBy === 'gate';
  const gates = isByGate ? gatesBehind(kept, placed) : [];
  return [placed, ...gates].reduce((total, { step }) => total + stepLimitMs(step, rung), 0);
}

/** The gates that follow a step in its stage, up to the next that acts. */
function gatesBehind(kept: readonly PlacedStep[], placed: PlacedStep): PlacedStep[] {
  const after = kept.slice(kept.indexOf(placed) + 1);
  const end = after.findIndex(
    ({ address, step }) => address.stage !== placed.address.stage || step.methods[0]?.type !== 'gate',
  );
  return end < 0 ? after : after.slice(0, end);
}

/** When a step is over at the latest, carried out by the manager. */
const endOf = (plan: Timed, rung: Rung, kept: readonly PlacedStep[], placed: PlacedStep): number =>
  boundOf(plan, rung) -
  boundOf(plan, rung, placed.address) +
  (kept.includes(placed) ? stepBoundMs(placed.step, rung) : 0);
