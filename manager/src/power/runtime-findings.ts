/** Whether the worst case of the shutdown fits what the UPSes can supply, where they have told that. */
import { boundOf } from '../core/plan/bounds.ts';
import { type Finding, warningAt } from '../core/plan/finding.ts';
import { formatSeconds } from '../core/plan/plan-words.ts';
import type { SitePlan } from '../runs/site-plans.ts';

export interface FullRuntime {
  readonly ups: string;
  /** Undefined: not known. */
  readonly fullRuntimeMs: number | undefined;
  /** With the site up. */
  readonly fullUnderLoadMs: number | undefined;
  /** What a startup waits for. */
  readonly neededMs: number;
}

export function runtimeFindings({ plan, sequence }: SitePlan, upses: readonly FullRuntime[]): Finding[] {
  if (plan === undefined) return [];
  const boundMs = boundOf(plan, 'full');
  const never = upses.flatMap(({ ups, fullUnderLoadMs, neededMs }) => {
    if (fullUnderLoadMs === undefined || fullUnderLoadMs >= neededMs) return [];
    const message = `after an outage the site is started with ${formatSeconds(neededMs)} of runtime, and ${ups} supplies ${formatSeconds(fullUnderLoadMs)} at full charge: nothing starts it by itself`;
    const remedy = 'shorten the shutdown, or power.budget, or start it with hecatectl startup --execute';
    return [warningAt(sequence.place, message, remedy)];
  });
  const late = upses.flatMap(({ ups, fullRuntimeMs }) => {
    if (fullRuntimeMs === undefined || fullRuntimeMs >= boundMs) return [];
    const message = `it takes at most ${formatSeconds(boundMs)}, and ${ups} supplies ${formatSeconds(fullRuntimeMs)} at full charge`;
    return [warningAt(sequence.place, message, 'shorten its timeouts, or let steps be left out (drop_at)')];
  });
  return [...late, ...never];
}
