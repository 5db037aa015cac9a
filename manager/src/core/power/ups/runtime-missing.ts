/**
 * A UPS that told its runtime, or its charge, and answers without it on battery: what it told before says less and less.
 * In one look that is no news. After two refreshes of its driver the next best thing counts, the slope of the charge or
 * else the timer, and what was told last is only the most that there can be.
 */
import {
  believedLeft,
  isAlone,
  leftAt,
  noBelief,
  type RuntimeBelief,
  type TimeLeft,
} from './effective-runtime.ts';

export interface MissingRuntime {
  /** The first look without it; undefined: what is believed is told. */
  readonly sinceMs: number | undefined;
  /** What was believed when that was given up, counted down; undefined: nothing was. */
  readonly last: TimeLeft | undefined;
}

/** In refreshes of the driver. */
const givenUpRefreshes = 2;

interface Missed {
  readonly belief: RuntimeBelief;
  readonly missing: MissingRuntime | undefined;
}

/** After a look on battery that has told nothing of what is believed. */
export function missRuntime({ belief, missing }: Missed, atMs: number, refreshMs: number): Missed {
  if (belief.source === undefined) return { belief, missing };
  // One that was told in one look alone, with nothing before it, was wrong.
  if (isAlone(belief, atMs, refreshMs)) return { belief: noBelief, missing };
  const sinceMs = missing?.sinceMs ?? atMs;
  if (atMs - sinceMs < givenUpRefreshes * refreshMs)
    return { belief, missing: { sinceMs, last: missing?.last } };
  // A value that was held for a wrong one has not been contradicted since.
  const toldMs = belief.told && leftAt(belief.told, atMs);
  const known = [believedLeft(belief, atMs), toldMs, lastLeft(missing, atMs)];
  const leftMs = Math.max(0, Math.min(...known.filter((each) => each !== undefined)));
  return { belief: noBelief, missing: { sinceMs, last: { leftMs, atMs } } };
}

/** The most that there can be, by what was told before it was given up; undefined: nothing was. */
export const lastLeft = (missing: MissingRuntime | undefined, nowMs: number): number | undefined =>
  missing?.last && Math.max(0, leftAt(missing.last, nowMs));
