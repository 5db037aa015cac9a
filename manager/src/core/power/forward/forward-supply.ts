/** What is left of a UPS for this host's own shutdown, where the site's is carried out elsewhere. Pure. */

import type { UpsConfig } from '../ups/ups-config.ts';
import { estimateOf, isForTheRest } from '../ups/ups-estimate.ts';
import type { UpsState } from '../ups/ups-state.ts';
import type { OwnSupply } from './forward-state.ts';

/** As a shutdown that is taken back waits for: a mains that flaps ends nothing. */
const stableMainsMs = 60_000;

/**
 * The own threshold is that of the own budget: no trigger has a way to go to this host.
 * @param ownBudgetMs how long this host's own shutdown takes
 * @param deadlineAtMs what the trigger says of the battery: sooner than the runtime that is told, where that is not to
 *   be trusted (LB, FSD)
 */
export function ownSupply(
  state: UpsState,
  config: UpsConfig,
  ownBudgetMs: number,
  deadlineAtMs: number | undefined,
  nowMs: number,
): OwnSupply {
  const { mainsSinceMs, outage } = state;
  const isOnMains = mainsSinceMs !== undefined && nowMs - mainsSinceMs >= stableMainsMs;
  if (mainsSinceMs !== undefined || outage === undefined)
    return { slackMs: undefined, leftMs: undefined, isOnMains };
  const own = estimateOf({ ...state, budgetMs: ownBudgetMs }, { ...config, forwardingLatencyMs: 0 }, nowMs);
  // What has stayed up goes by what the battery is good for without the hosts: the trigger was for all of them.
  const isUnlimited = isForTheRest(state, config) || deadlineAtMs === undefined;
  const untilDeadlineMs = isUnlimited ? Number.POSITIVE_INFINITY : deadlineAtMs - nowMs;
  const leftMs = Math.min(own.leftMs ?? Number.POSITIVE_INFINITY, untilDeadlineMs);
  return {
    slackMs: Math.min(own.slackMs, untilDeadlineMs - config.runtimeSafetyFactor * ownBudgetMs),
    leftMs: Number.isFinite(leftMs) ? Math.max(0, leftMs) : undefined,
    isOnMains,
  };
}
