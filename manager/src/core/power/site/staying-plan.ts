/** A plan that was made for everything, without the power-off of what stays up. Pure. */
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { Plan } from '../../plan/plan.ts';

/**
 * The coordinator is last and alone (I4), so that nothing stands behind what is left out. What the plan does to its
 * units it does. Its dead man's order goes with it: it would power it off.
 */
export function withoutPowerOff(plan: Plan, staying: readonly NodeName[]): Plan {
  const isStaying = (node: NodeName): boolean => staying.includes(node);
  const stages = plan.stages
    .map((stage) => ({
      ...stage,
      steps: stage.steps.filter(({ powersOff }) => powersOff.length === 0 || !powersOff.every(isStaying)),
    }))
    .filter(({ steps }) => steps.length > 0);
  return { ...plan, stages, parts: plan.parts.filter(({ node }) => !isStaying(node)) };
}
