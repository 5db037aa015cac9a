/** Where a run is in its plan. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Action, Plan, Step, StepAddress } from '../plan/plan.ts';
import type { RunningStep, RunState } from './run.ts';

/** @throws HEC_INTERNAL: a run never leaves its plan. */
export function stepAt(plan: Plan, { stage, step }: StepAddress): Step {
  const found = plan.stages[stage]?.steps[step];
  if (!found) throw new HecateError('HEC_INTERNAL', `plan ${plan.name} has no step ${stage + 1}.${step + 1}`);
  return found;
}

/** @throws HEC_INTERNAL */
export function methodAt(step: Step, method: number): Action {
  const found = step.methods[method];
  if (!found) throw new HecateError('HEC_INTERNAL', `step ${step.id} has no method ${method + 1}`);
  return found;
}

/** The step behind `address`, in its stage or in the next one that has any (I1); of undefined: the first. */
export function nextAddress(plan: Plan, address: StepAddress | undefined): StepAddress | undefined {
  let stage = address?.stage ?? 0;
  let step = address ? address.step + 1 : 0;
  for (; stage < plan.stages.length; stage += 1, step = 0)
    if (step < (plan.stages[stage]?.steps.length ?? 0)) return { stage, step };
  return undefined;
}

export const isSameAddress = (one: StepAddress, other: StepAddress): boolean =>
  one.stage === other.stage && one.step === other.step;

/** The step that is running, and what it is doing. */
export function runningAction(run: RunState, running: RunningStep): { step: Step; action: Action } {
  const step = stepAt(run.request.plan, running.address);
  return { step, action: methodAt(step, running.method) };
}

/** A shutdown does not return from the first step that powers a host off. */
export function isPastNoReturn({ request: { plan }, running, results }: RunState): boolean {
  if (plan.kind !== 'shutdown') return false;
  const begun = results.filter(({ outcome }) => outcome !== 'left-out').map(({ address }) => address);
  if (running) begun.push(running.address);
  return begun.some((address) => stepAt(plan, address).powersOff.length > 0);
}

export const isActive = (run: RunState): boolean => run.outcome === undefined;
