/**
 * How long the shutdown is expected to take: as past runs of the plan took (the maximum of the last ten, see
 * ../runs/budget.ts), and the tail of hosts that nobody waits for, which is how long they take to go off.
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { expectedOf, type PlacedStep, stepsOf } from '../../plan/bounds.ts';
import type { Condition } from '../../plan/gate.ts';
import { leavesOf } from '../../plan/gate-verdict.ts';
import type { Plan } from '../../plan/plan.ts';
import { formatSeconds } from '../../plan/plan-words.ts';
import { type Learnt, learnt } from '../../runs/budget.ts';
import type { PastRun } from '../../runs/past-run.ts';

type BudgetPlan = Pick<Plan, 'name' | 'mode' | 'stages' | 'coordinator'>;

export interface BudgetQuestion {
  /** Undefined: it cannot be compiled, or there is none. */
  readonly plan: BudgetPlan | undefined;
  readonly history: readonly PastRun[];
  /** The operator's, until runs have taught it. */
  readonly declaredMs: number;
}

export interface PowerOffTail {
  readonly node: NodeName;
  /** How long it takes to go off. */
  readonly tailMs: number;
  /** Of runs, of it or of another host; else it is assumed. */
  readonly isMeasured: boolean;
}

export interface PowerBudget {
  readonly budgetMs: number;
  /** estimated: no run has taught it, and the steps of the plan take longer than was declared. */
  readonly source: 'declared' | 'estimated' | 'learnt';
  /** Runs that every step of it was learnt from. */
  readonly samples: number;
  /** Hosts that the plan powers off and does not wait for: the longest is part of the budget. */
  readonly tails: readonly PowerOffTail[];
  /** A sentence; empty: three runs and more have taught it. */
  readonly warning: string;
}

/** From so many on what was learnt stands alone. */
export const samplesEnough = 3;

/** Half a minute: what a host that nobody has measured is taken to need. */
const assumedTailMs = 30_000;

export function powerBudget({ plan, history, declaredMs }: BudgetQuestion): PowerBudget {
  if (plan === undefined) {
    const warning = `there is no plan to learn from: the declared ${formatSeconds(declaredMs)} count`;
    return { budgetMs: declaredMs, source: 'declared', samples: 0, tails: [], warning };
  }
  const known = learntOf(plan, history);
  const tails = tailsOf(stepsOf(plan), known);
  const tailMs = Math.max(0, ...tails.map((each) => each.tailMs));
  const learntMs = expectedOf(plan, known.durationsMs, 'full') + tailMs;
  const samples = samplesOf(plan, known);
  if (samples >= samplesEnough) return { budgetMs: learntMs, source: 'learnt', samples, tails, warning: '' };
  // Few runs say how long it may take, and not how long it takes at most.
  const budgetMs = Math.max(declaredMs, learntMs);
  const source = learntMs <= declaredMs ? 'declared' : samples > 0 ? 'learnt' : 'estimated';
  return { budgetMs, source, samples, tails, warning: warningOf(samples, budgetMs, declaredMs) };
}

function warningOf(samples: number, budgetMs: number, declaredMs: number): string {
  const runs = samples === 0 ? 'no run has' : samples === 1 ? 'one run has' : `${samples} runs have`;
  const counts = budgetMs > declaredMs ? 'what is known of its steps counts' : 'the declared budget counts';
  const remedy = `it is sure after ${samplesEnough} runs of the shutdown in its mode`;
  return `${runs} taught it: ${counts}, ${formatSeconds(budgetMs)}; ${remedy}`;
}

/** The coordinator does not see how long its own poweroff takes: what its next boot finds says nothing of that. */
function learntOf(plan: BudgetPlan, history: readonly PastRun[]): Learnt {
  const known = learnt(history, plan);
  const unseen = stepsOf(plan).filter((placed) => isUnseen(plan, placed));
  const ids = new Set(unseen.map(({ step }) => step.id));
  const durationsMs = Object.fromEntries(Object.entries(known.durationsMs).filter(([id]) => !ids.has(id)));
  return { ...known, durationsMs };
}

const isUnseen = ({ coordinator }: BudgetPlan, { step }: PlacedStep): boolean =>
  coordinator !== undefined && step.powersOff.includes(coordinator);

/** The step that is known least. Waits need no teaching. */
function samplesOf(plan: BudgetPlan, { samples }: Learnt): number {
  const counts = stepsOf(plan)
    .filter((placed) => placed.step.methods[0]?.type !== 'wait' && !isUnseen(plan, placed))
    .map(({ step }) => (Object.hasOwn(samples, step.id) ? (samples[step.id] ?? 0) : 0));
  return counts.length === 0 ? 0 : Math.min(...counts);
}

function tailsOf(steps: readonly PlacedStep[], known: Learnt): PowerOffTail[] {
  const awaited = new Map<NodeName, number | undefined>();
  for (const [index, { step }] of steps.entries()) {
    const gate = steps.slice(index + 1).find((later) => step.powersOff.some((node) => awaits(later, node)));
    if (gate === undefined) continue;
    const durations = [step.id, gate.step.id].map((id) => known.durationsMs[id]);
    const measured = durations.every((each) => each !== undefined);
    for (const node of step.powersOff)
      if (awaits(gate, node))
        awaited.set(
          node,
          measured ? durations.reduce((sum: number, each) => sum + (each ?? 0), 0) : undefined,
        );
  }
  const measured = [...awaited.values()].filter((each) => each !== undefined);
  // Nobody has seen how long the last one takes: as long as the slowest of those that somebody has.
  const tailMs = measured.length > 0 ? Math.max(...measured) : assumedTailMs;
  return steps
    .flatMap(({ step }) => step.powersOff)
    .filter((node, index, all) => !awaited.has(node) && all.indexOf(node) === index)
    .sort()
    .map((node) => ({ node, tailMs, isMeasured: measured.length > 0 }));
}

/** Whether a step waits until this host is off. */
const awaits = ({ step }: PlacedStep, node: NodeName): boolean =>
  step.methods.some((method) => method.type === 'gate' && waitsForOff(method.gate.condition, node));

const waitsForOff = (condition: Condition, node: NodeName): boolean =>
  leavesOf(condition).some(
    (leaf) => leaf.type === 'node' && leaf.node === node && leaf.state === 'powered-off',
  );
