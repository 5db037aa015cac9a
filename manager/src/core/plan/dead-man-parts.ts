/**
 * Each node's own part of a shutdown, for the case that it is cut off from the manager: what it does alone, and when.
 * Times are worst cases, so that a node that is alone acts neither before the manager could have acted, nor before
 * the nodes that depend on it are off, whoever sees to those (I3, I4).
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { keptSteps, type PlacedStep, stepBoundMs, stepLimitMs, type Timed } from './bounds.ts';
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

/** A step with its times in the worst case, after the begin of the run. */
interface TimedStep {
  readonly operations: ReadonlyMap<NodeName, readonly PlannedOperation[]>;
  /** When the manager has carried it out. */
  readonly endsAtMs: number;
  /** When the gates behind it are over, too. */
  readonly settledAtMs: number;
  /** What an operation of it is given on a node that is alone. */
  readonly aloneMs: number;
}

/** The parts at a rung, sorted by node. Nodes without operations have none. */
export function deadManParts({ plan, dependencies, coordinator }: PartsQuestion, rung: Rung): NodePart[] {
  const timetable = timetableOf(plan, rung);
  const dependents = dependentsOf(dependencies);
  const spans = new Map<NodeName, Span>();
  const order = layersOf(dependents).flat();
  for (const node of order.toSorted((a, b) => Number(a === coordinator) - Number(b === coordinator))) {
    const before = node === coordinator ? order : reachableFrom(node, dependents);
    const earliestMs = before.reduce((atMs, other) => Math.max(atMs, spans.get(other)?.overAtMs ?? 0), 0);
    const span = spanOf(timetable, node, earliestMs);
    if (span !== undefined) spans.set(node, span);
  }
  return [...spans.values()].map(({ part }) => part).sort(byNode);
}

function spanOf(timetable: readonly TimedStep[], node: NodeName, earliestMs: number): Span | undefined {
  const own = timetable.filter(({ operations }) => operations.has(node));
  const [first, last] = [own.at(0), own.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const operations = partOf(own, node);
  const beginsAfterMs = Math.max(earliestMs, first.endsAtMs);
  const aloneMs = operations.reduce((total, { timeoutMs }) => total + timeoutMs, 0);
  const overAtMs = Math.max(beginsAfterMs + aloneMs, last.settledAtMs);
  return { part: { node, operations, beginsAfterMs }, overAtMs };
}

/**
 * A node's operations follow each other at once. A SIGKILL behind another signal would leave no time to obey that: it
 * is left out, and the poweroff gives what is left its time (systemd sends SIGTERM, waits, and sends SIGKILL).
 */
function partOf(own: readonly TimedStep[], node: NodeName): NodePart['operations'] {
  const signalled = new Set<string>();
  return own.flatMap(({ operations, aloneMs }) =>
    (operations.get(node) ?? []).flatMap((operation) => {
      const isKill = operation.verb === 'kill';
      if (isKill && operation.options?.signal === sigkill && signalled.has(operation.unit)) return [];
      if (isKill) signalled.add(operation.unit);
      return [{ ...operation, timeoutMs: aloneMs }];
    }),
  );
}

const sigkill = 9;

function timetableOf(plan: Timed, rung: Rung): TimedStep[] {
  const kept = keptSteps(plan, rung);
  let endsAtMs = 0;
  return kept.map((placed, index) => {
    endsAtMs += stepBoundMs(placed.step, rung);
    const gates = gatesBehind(kept, index);
    const settledAtMs = gates.reduce((atMs, { step }) => atMs + stepBoundMs(step, rung), endsAtMs);
    return {
      operations: operationsOf(placed.step),
      endsAtMs,
      settledAtMs,
      aloneMs: aloneMs(placed, gates, rung),
    };
  });
}

/** Only what is wanted, by node: who is alone has nobody to say that it failed. */
function operationsOf({ methods: [method] }: Step): TimedStep['operations'] {
  return Map.groupBy(method?.type === 'operations' ? method.operations : [], ({ node }) => node);
}

/** Where a gate behind an order decides, the order itself is short: a node that is alone needs the time of both. */
function aloneMs({ step }: PlacedStep, gates: readonly PlacedStep[], rung: Rung): number {
  const [method] = step.methods;
  const isByGate = method?.type === 'operations' && method.successBy === 'gate';
  const counted = isByGate ? gates : [];
  return counted.reduce((total, gate) => total + stepLimitMs(gate.step, rung), stepLimitMs(step, rung));
}

/** The gates that follow a step in its stage, up to the next that acts. */
function gatesBehind(kept: readonly PlacedStep[], index: number): PlacedStep[] {
  const stage = kept[index]?.address.stage;
  const after = kept.slice(index + 1);
  const end = after.findIndex(
    ({ address, step }) => address.stage !== stage || step.methods[0]?.type !== 'gate',
  );
  return end < 0 ? after : after.slice(0, end);
}
