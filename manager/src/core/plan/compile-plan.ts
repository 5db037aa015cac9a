/**
 * The compiler of plans: a sequence over selectors, and the inventory, as stages of steps on nodes. A pure function:
 * the same inventory and the same sequence give the same plan, byte for byte (I13).
 */
import { checkPlan } from './check-plan.ts';
import type { Compilation } from './compilation.ts';
import { deadManParts } from './dead-man-parts.ts';
import { checkDependencies, dependenciesOf, plannedDependencies } from './dependencies.ts';
import { type DraftStep, expandStep } from './expand-step.ts';
import { errorAt, type Finding, sortedFindings, warningAt } from './finding.ts';
import type { Inventory, Place } from './inventory.ts';
import type { Plan, PlanMode, Stage, Step } from './plan.ts';
import { sortedNames } from './select-nodes.ts';
import type { SequenceDeclaration, StageDeclaration } from './sequence.ts';

export interface PlanQuestion {
  readonly inventory: Inventory;
  readonly sequence: SequenceDeclaration;
  readonly mode: PlanMode;
}

export interface CompiledPlan {
  /** Undefined when there is an error among the findings. */
  readonly plan: Plan | undefined;
  /** Sorted by line. */
  readonly findings: readonly Finding[];
}

/** A stage with where its steps were declared. */
export interface PlacedStage {
  readonly stage: Stage;
  readonly places: readonly Place[];
}

export function compilePlan(question: PlanQuestion): CompiledPlan {
  const { inventory, sequence, mode } = question;
  const found: Finding[] = [...checkDependencies(inventory), ...duplicates(question)];
  const compilation: Compilation = { inventory, mode, report: (...findings) => void found.push(...findings) };
  const stages = placedStages(sequence, compilation);
  if (stages.length === 0 && found.every(({ isError }) => !isError)) {
    found.push(warningAt(sequence.place, `nothing is left to do in mode ${mode}`, 'look at the other mode'));
  }
  const plan = planOf(question, stages);
  found.push(...checkPlan(plan, stages));
  const findings = sortedFindings(found);
  return { plan: findings.some(({ isError }) => isError) ? undefined : plan, findings };
}

function placedStages(sequence: SequenceDeclaration, compilation: Compilation): PlacedStage[] {
  if (sequence.stages.length === 0) {
    compilation.report(errorAt(sequence.place, `${sequence.name} has no stages`, 'give it stages'));
  }
  const drafts = sequence.stages
    .map((stage) => ({ stage, steps: draftSteps(stage, compilation) }))
    .filter(({ steps }) => steps.length > 0);
  return drafts.map(({ stage, steps }, index) => placedStage(stage, steps, index));
}

function draftSteps(stage: StageDeclaration, compilation: Compilation): DraftStep[] {
  if (stage.steps.length === 0) {
    compilation.report(
      errorAt(stage.place, `stage ${stage.name} has no steps`, 'give it steps, or remove it'),
    );
  }
  return stage.steps.flatMap((step) => expandStep(step, compilation));
}

function placedStage({ name }: StageDeclaration, drafts: readonly DraftStep[], index: number): PlacedStage {
  const timesUsed = new Map<string, number>();
  const steps = drafts.map(({ step, work }, position): Step => {
    const used = (timesUsed.get(work) ?? 0) + 1;
    timesUsed.set(work, used);
    const learnKey = `${name}/${work}${used > 1 ? ` #${used}` : ''}`;
    return { id: `${index + 1}.${position + 1}`, learnKey, ...step };
  });
  return { stage: { name, steps }, places: drafts.map(({ place }) => place) };
}

function planOf({ inventory, sequence, mode }: PlanQuestion, placed: readonly PlacedStage[]): Plan {
  const stages = placed.map(({ stage }) => stage);
  const dependencies = dependenciesOf(inventory);
  const { coordinator, site } = inventory;
  const parts =
    sequence.kind === 'shutdown' ? deadManParts({ plan: { stages }, dependencies, coordinator }, 'full') : [];
  return {
    version: 1,
    name: sequence.name,
    kind: sequence.kind,
    mode,
    site,
    coordinator,
    nodes: sortedNames(stages.flatMap(({ steps }) => steps.flatMap(nodesOf))),
    dependencies: plannedDependencies(dependencies),
    stages,
    parts,
  };
}

/** The nodes that a step acts on: a run holds them (I11). Nodes that are only looked at are not held. */
export const nodesOf = (step: Step): readonly Plan['nodes'][number][] =>
  step.methods.flatMap((method) => {
    if (method.type === 'operations') return method.operations.map(({ node }) => node);
    return method.type === 'wake' ? method.targets.map(({ node }) => node) : [];
  });

function duplicates({ inventory, sequence }: PlanQuestion): Finding[] {
  const named = sequence.stages.flatMap(({ steps }) =>
    twice(
      steps.flatMap(({ name, place }) => (name === undefined ? [] : [{ name, place }])),
      'step',
    ),
  );
  return [
    ...twice(inventory.nodes, 'node'),
    ...twice(inventory.hooks, 'hook'),
    ...twice(sequence.stages, 'stage'),
    ...named,
  ];
}

interface Named {
  readonly name: string;
  readonly place: Place;
}

/** Names are how people, and learnt durations, tell things apart. */
function twice(things: readonly Named[], what: string): Finding[] {
  const seen = new Set<string>();
  return things.flatMap(({ name, place }) => {
    if (seen.has(name)) return [errorAt(place, `there are two ${what}s ${name}`, 'rename one of them')];
    seen.add(name);
    return [];
  });
}
