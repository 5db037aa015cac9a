/** How much time a method is given: what its rung declares, less what the steps behind it need at the least (I5). */
import { stepLimitMs } from '../plan/bounds.ts';
import { chooseRung } from '../plan/choose-rung.ts';
import type { StepAddress } from '../plan/plan.ts';
import { nextAddress, stepAt } from './plan-walk.ts';
import type { RunState } from './run.ts';

/**
 * When a method that begins now is over at the latest. A step that hangs does not take the time away in which hosts
 * can still be powered off; its declared minimum it has in any case.
 */
export function methodDeadlineMs(run: RunState, address: StepAddress, beginAtMs: number): number {
  const step = stepAt(run.request.plan, address);
  const byRung = beginAtMs + stepLimitMs(step, run.rung);
  if (run.deadlineAtMs === undefined) return byRung;
  const least = beginAtMs + Math.min(step.minimumMs, step.timeoutMs);
  return Math.min(byRung, Math.max(least, run.deadlineAtMs - neededBehindMs(run, address)));
}

/** What remains behind a step takes that long on the lowest rung, as a rule. */
function neededBehindMs({ request: { plan, learntMs }, rung }: RunState, address: StepAddress): number {
  const from = nextAddress(plan, address);
  if (!from || plan.kind !== 'shutdown') return 0;
  return chooseRung({ plan, from, learntMs, leftMs: Number.NEGATIVE_INFINITY, current: rung }).expectedMs;
}
