/** How long the supply of a UPS is believed to last, and how far that is from a decision. */
import { believedLeft, leftAt } from './effective-runtime.ts';
import { lastLeft } from './runtime-missing.ts';
import { type Threshold, thresholdOf } from './threshold.ts';
import { assumedRefreshMs, type UpsConfig } from './ups-config.ts';
import type { UpsState } from './ups-state.ts';

export const thresholdFor = (state: UpsState, config: UpsConfig): Threshold =>
  thresholdOf(config, budgetFor(state, config), state.refreshMs || assumedRefreshMs);

/** What has to fit: with the hosts off, only what stayed up. */
export function budgetFor({ phase, trigger, budgetMs }: UpsState, { remainingMs }: UpsConfig): number {
  const isLast = phase === 'hosts-off' || trigger?.isLast === true;
  return isLast && remainingMs !== undefined ? remainingMs : budgetMs;
}

/** The hosts are off, and something has stayed up: what is left of the battery is for that. */
export const isForTheRest = ({ phase }: Pick<UpsState, 'phase'>, { remainingMs }: UpsConfig): boolean =>
  phase === 'hosts-off' && remainingMs !== undefined;

/** How long its supply lasts, and how long until that is too short. */
export interface UpsEstimate {
  /** output: it supplies nothing · timer: nothing is told, so that only the time on battery counts. */
  readonly source: 'runtime' | 'charge' | 'timer' | 'output';
  /** Undefined with the source `timer`: nobody knows. */
  readonly leftMs: number | undefined;
  /** Until the decision at this load; below zero: it is due. */
  readonly slackMs: number;
}

/** The output of a UPS that says OFF for so long is off. */
export const outputOffMs = 30_000;

export const isOutputOff = ({ offSinceMs }: Pick<UpsState, 'offSinceMs'>, nowMs: number): boolean =>
  offSinceMs !== undefined && nowMs - offSinceMs >= outputOffMs;

export function estimateOf(state: UpsState, config: UpsConfig, nowMs: number): UpsEstimate {
  const { thresholdMs } = thresholdFor(state, config);
  if (isOutputOff(state, nowMs)) return { source: 'output', leftMs: 0, slackMs: -thresholdMs };
  const leftMs = leftInSilence(state, config, nowMs);
  const { outage, belief } = state;
  const lastMs = lastLeft(outage?.missing, nowMs);
  const mostMs = lastMs ?? Number.POSITIVE_INFINITY;
  const runtime = (leftMs: number): UpsEstimate => ({
    source: 'runtime',
    leftMs,
    slackMs: leftMs - thresholdMs,
  });
  if (leftMs !== undefined)
    return leftMs > mostMs ? runtime(mostMs) : { ...runtime(leftMs), source: belief.source ?? 'runtime' };
  // Up to then what was told has counted.
  const sinceMs = Math.max(outage?.sinceMs ?? nowMs, outage?.missing?.sinceMs ?? 0);
  const slackMs = config.onBatteryTimerMs - (nowMs - sinceMs);
  return mostMs - thresholdMs < slackMs ? runtime(mostMs) : { source: 'timer', leftMs: undefined, slackMs };
}

/**
 * In silence the last value is all there is: after a refresh in which nothing contradicts it, it counts in full. It was
 * too optimistic by the factor at most, also of the time that has gone by since.
 */
function leftInSilence(state: UpsState, config: UpsConfig, nowMs: number): number | undefined {
  const leftMs = believedLeft(state.belief, nowMs);
  const { silentSinceMs, outage, refreshMs } = state;
  if (leftMs === undefined || silentSinceMs === undefined || outage === undefined) return leftMs;
  const { told } = state.belief;
  const silentMs = nowMs - silentSinceMs;
  const isLast = told !== undefined && silentMs > (refreshMs || assumedRefreshMs);
  const lastMs = isLast ? Math.min(leftMs, leftAt(told, nowMs)) : leftMs;
  return Math.max(0, lastMs - (config.runtimeSafetyFactor - 1) * silentMs);
}
