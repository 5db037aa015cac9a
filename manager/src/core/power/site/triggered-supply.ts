/** How long the supply of a UPS that has triggered is good for: what the time limit of the run is made from. Pure. */
import { isOutputOff } from '../ups/ups-estimate.ts';
import type { UpsEffect, UpsState } from '../ups/ups-state.ts';

/** What it has asked for last, and when. */
export interface AskedTrigger {
  readonly effect: Pick<Extract<UpsEffect, { type: 'trigger' }>, 'triggerId' | 'timeLimitMs'>;
  readonly atMs: number;
}

/**
 * With mains, and its output off: it asks for nothing, since what hangs on it alone is off; and nobody may count on it.
 */
export const isWithoutOutput = (state: Pick<UpsState, 'trigger' | 'offSinceMs'>, nowMs: number): boolean =>
  state.trigger === undefined && isOutputOff(state, nowMs);

/**
 * @param asked undefined: nothing yet, as where its record is only being written, or the manager has just started
 * @returns undefined: it has not given out; 0: it has, and nobody knows what is left
 */
export function triggeredSupplyMs(
  { phase, trigger, offSinceMs }: Pick<UpsState, 'phase' | 'trigger' | 'offSinceMs'>,
  asked: AskedTrigger | undefined,
  nowMs: number,
): number | undefined {
  if (phase === 'hosts-off' || isWithoutOutput({ trigger, offSinceMs }, nowMs)) return 0;
  if (trigger === undefined || trigger.isReversing) return undefined;
  // One of before a start: whether it has given out is still to be seen; if so, it asks then.
  if (trigger.unseen && !trigger.isStarted) return undefined;
  if (asked?.effect.triggerId === trigger.triggerId)
    return Math.max(0, asked.effect.timeLimitMs - (nowMs - asked.atMs));
  // Another UPS asks meanwhile: that this one has asked for nothing yet must not put its run on the lowest rung (I5).
  return trigger.deadlineAtMs === undefined ? 0 : Math.max(0, trigger.deadlineAtMs - nowMs);
}
