/** How long a shutdown of the site takes: learnt from its runs, declared until then. */
import { boundOf, expectedOf, stepsOf } from '../core/plan/bounds.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Learnt } from '../core/runs/budget.ts';

export interface SiteBudget {
  readonly budgetMs: number;
  /** Runs that it was learnt from; 0: it is the declared one. */
  readonly samples: number;
  /** The worst case of the plan; 0: there is none. */
  readonly boundMs: number;
  /** Empty: none. */
  readonly warning: string;
}

/** Under so many runs a maximum says little. */
const samplesWanted = 3;

export function siteBudget(
  plan: Plan | undefined,
  learnt: Learnt | undefined,
  declaredMs: number,
): SiteBudget {
  if (plan === undefined || learnt === undefined)
    return {
      budgetMs: declaredMs,
      samples: 0,
      boundMs: 0,
      warning: 'there is no shutdown that could be run',
    };
  const samples = Math.min(...stepsOf(plan).map(({ step }) => learnt.samples[step.id] ?? 0));
  const isLearnt = Number.isFinite(samples) && samples > 0;
  const budgetMs = isLearnt ? Math.max(1000, expectedOf(plan, learnt.durationsMs, 'full')) : declaredMs;
  const counted = isLearnt ? samples : 0;
  const warning =
    counted >= samplesWanted
      ? ''
      : counted === 0
        ? 'no shutdown has been measured yet: the budget is the declared one'
        : `measured in ${counted} of the ${samplesWanted} shutdowns that a budget wants at least`;
  return { budgetMs, samples: counted, boundMs: boundOf(plan, 'full'), warning };
}
