/**
 * The runtime under which a shutdown has to begin. A plain `1.10 × budget` is late: the runtime that is told is as old
 * as the driver's refresh, the debounce takes its polls, and a forwarded trigger its way (for a budget of 120 s less
 * than the budget was left in 98 % of simulated cases).
 */
import type { UpsConfig } from './ups-config.ts';

export type ThresholdConfig = Pick<
  UpsConfig,
  'runtimeSafetyFactor' | 'pollIntervalMs' | 'debouncePolls' | 'forwardingLatencyMs'
>;

export interface Threshold {
  readonly thresholdMs: number;
  /** From here on it is cleared again. */
  readonly clearMs: number;
  /** What it is the sum of. */
  readonly budgetMs: number;
  readonly factor: number;
  /** How old telemetry may be: a refresh of the driver, and never less than a poll. */
  readonly refreshMs: number;
  readonly debounceMs: number;
  readonly forwardingMs: number;
}

/** Hysteresis: a tenth above the threshold, and not less than that. */
const clearFactor = 1.1;
const clearLeastMs = 10_000;

/** `runtime_safety_factor × budget + (telemetry refresh + debounce polls × interval + forwarding latency)`; see
 * debouncePollsOf for many polls. */
export function thresholdOf(config: ThresholdConfig, budgetMs: number, refreshMs: number): Threshold {
  const margins = {
    refreshMs: Math.max(refreshMs, config.pollIntervalMs),
    debounceMs: debouncePollsOf(config) * config.pollIntervalMs,
    forwardingMs: config.forwardingLatencyMs,
  };
  const needed = config.runtimeSafetyFactor * budgetMs;
  const thresholdMs = needed + margins.refreshMs + margins.debounceMs + margins.forwardingMs;
  const clearMs = Math.max(clearFactor * thresholdMs, thresholdMs + clearLeastMs);
  return { thresholdMs, clearMs, budgetMs, factor: config.runtimeSafetyFactor, ...margins };
}

/**
 * The looks after the first take their time for real, while what is told may be too much by the factor: where there are
 * many, their own number is too little.
 */
const debouncePollsOf = ({ debouncePolls, runtimeSafetyFactor }: ThresholdConfig): number =>
  Math.max(debouncePolls, runtimeSafetyFactor * (debouncePolls - 1));

/**
 * How many looks in a row were under the threshold, with this one. Between the threshold and where it clears they are
 * kept: what swings around the threshold is not safe.
 */
export function looksBelow(before: number, leftMs: number, { thresholdMs, clearMs }: Threshold): number {
  if (leftMs < thresholdMs) return before + 1;
  return leftMs < clearMs ? before : 0;
}
