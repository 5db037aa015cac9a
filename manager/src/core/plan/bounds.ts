/**
 * How long plans take: as a rule, and at worst. Everything is computed from the limits of the steps; where limits hold
 * (a run ends a method at its limit, whatever its operations do), no run takes longer than its bound, but for what
 * the manager itself needs between two steps.
 */

import type { Leaf } from './gate.ts';
import { leavesOf } from './gate-verdict.ts';
import { type Plan, type Rung, rungs, type Stage, type Step, type StepAddress } from './plan.ts';

/** What of a plan decides its durations. */
export type Timed = Pick<Plan, 'stages'>;

export type LearntMs = Readonly<Record<string, number>>;

export interface PlacedStep {
  readonly address: StepAddress;
  readonly stage: Stage;
  readonly step: Step;
}

const beginning: StepAddress = { stage: 0, step: 0 };

const isBefore = (a: StepAddress, b: StepAddress): boolean =>
  a.stage < b.stage || (a.stage === b.stage && a.step < b.step);

/** The steps of a plan in the order in which they run, from an address on. */
export const stepsOf = (plan: Timed, from: StepAddress = beginning): PlacedStep[] =>
  plan.stages.flatMap((stage, stageIndex) =>
    stage.steps
      .map((step, stepIndex) => ({ address: { stage: stageIndex, step: stepIndex }, stage, step }))
      .filter(({ address }) => !isBefore(address, from)),
  );

/**
 * What one method of a step is given. Operations that wait for their turn (`parallelism`) and retries are inside it:
 * it limits the method, not the operation. full ≥ short ≥ forced = panic.
 */
export function stepLimitMs(step: Step, rung: Rung): number {
  if (rung === 'full') return step.timeoutMs;
  if (rung === 'short') return Math.min(step.timeoutMs, Math.max(step.minimumMs, step.expectedMs));
  return Math.min(step.timeoutMs, step.minimumMs);
}

/** The longest that a step takes: every method runs into its limit. */
export const stepBoundMs = (step: Step, rung: Rung): number => step.methods.length * stepLimitMs(step, rung);

const isDropped = (step: Step, rung: Rung): boolean =>
  step.dropAt !== undefined && rungs.indexOf(rung) >= rungs.indexOf(step.dropAt);

/**
 * Whether a step is carried out at a rung. At `panic` only steps that power a host off are, and the gates directly
 * behind them and those that only wait until hosts are off (I3 hangs on them).
 */
export function keptAt(plan: Timed, address: StepAddress, rung: Rung): boolean {
  const steps = plan.stages[address.stage]?.steps;
  const step = steps?.[address.step];
  if (step === undefined || isDropped(step, rung)) return false;
  if (rung !== 'panic' || step.powersOff.length > 0) return true;
  const [method] = step.methods;
  if (method?.type !== 'gate') return false;
  const before = steps?.[address.step - 1];
  const isBehind = before !== undefined && before.powersOff.length > 0 && !isDropped(before, rung);
  return isBehind || leavesOf(method.gate.condition).every(isPoweredOff);
}

const isPoweredOff = (leaf: Leaf): boolean => leaf.type === 'node' && leaf.state === 'powered-off';

/** The steps that are carried out at a rung, from an address on. */
export const keptSteps = (plan: Timed, rung: Rung, from?: StepAddress): PlacedStep[] =>
  stepsOf(plan, from).filter(({ address }) => keptAt(plan, address, rung));

/** How long a step takes as a rule: as learnt, else as declared, and never longer than its bound. */
export function stepExpectedMs(step: Step, rung: Rung, learntMs: LearntMs = {}): number {
  const known = Object.hasOwn(learntMs, step.id) ? learntMs[step.id] : undefined;
  return Math.min(known ?? step.expectedMs, stepBoundMs(step, rung));
}

const sum = (durations: readonly number[]): number => durations.reduce((total, each) => total + each, 0);

/** The worst case of a plan, or of what is left of it, at a rung. */
export const boundOf = (plan: Timed, rung: Rung, from?: StepAddress): number =>
  sum(keptSteps(plan, rung, from).map(({ step }) => stepBoundMs(step, rung)));

/** How long a plan, or what is left of it, takes as a rule at a rung. */
export const expectedOf = (plan: Timed, learntMs: LearntMs, rung: Rung, from?: StepAddress): number =>
  sum(keptSteps(plan, rung, from).map(({ step }) => stepExpectedMs(step, rung, learntMs)));

/** The rungs of a plan: `panic` keeps only what powers hosts off; where nothing does, it would be to do nothing. */
export const rungsOf = (plan: Timed): readonly Rung[] =>
  stepsOf(plan).some(({ step }) => step.powersOff.length > 0)
    ? rungs
    : rungs.filter((rung) => rung !== 'panic');
