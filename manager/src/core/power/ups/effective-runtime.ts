/**
 * The runtime that is believed: what was told last, when it changed, counted down. A UPS tells a new runtime once in a
 * refresh of its driver (30 s), and some tell nonsense once in a while:
 *
 * - what falls further than a step counts in full when a second value supports it, or the value stands longer than a
 *   refresh (it was read twice), or the battery is said to be low, or the load rose with it; before that, by a step;
 * - what rises is believed after 30 s, to the lowest that was told meanwhile; except for the way back to where one
 *   wrong value came from;
 * - after a start or a silence the first value that is told counts: what was counted down through it is only older. A
 *   higher one replaces it at once, until it has been read twice: one of both may be wrong.
 */

/** Time that is left at a moment; a second later it is a second less. */
export interface TimeLeft {
  readonly leftMs: number;
  readonly atMs: number;
}

export interface ToldValue extends TimeLeft {
  /** As it was told. */
  readonly valueMs: number;
  /** The first look that showed it. */
  readonly seenAtMs: number;
}

interface Believed extends TimeLeft {
  /** The value that was told then. */
  readonly valueMs: number;
}

export interface RuntimeBelief {
  /** What the values are made from; undefined: none was told. */
  readonly source: 'runtime' | 'charge' | undefined;
  readonly believed: Believed | undefined;
  /** What was believed before the last change: where one wrong value leads back to. */
  readonly before: Believed | undefined;
  /** The last value, believed or not. */
  readonly told: ToldValue | undefined;
  /** Since when, and to what, it has risen over what is believed. */
  readonly rise: (TimeLeft & { readonly sinceMs: number }) | undefined;
  /** The last look that told a value. */
  readonly lookAtMs: number | undefined;
  /** The value that came after a start or a silence, until two others have, or it has been read twice. */
  readonly first: ToldValue | undefined;
}

export const noBelief: RuntimeBelief = {
  source: undefined,
  believed: undefined,
  before: undefined,
  told: undefined,
  rise: undefined,
  lookAtMs: undefined,
  first: undefined,
};

export interface RuntimeLook {
  readonly source: 'runtime' | 'charge';
  readonly valueMs: number;
  readonly atMs: number;
  /** How old a value may be. */
  readonly refreshMs: number;
  /** So long without a look is a silence, unless a rise must last for longer. */
  readonly silentAfterMs: number;
  /** The battery is said to be low, or the load has risen: a fall has a reason. */
  readonly isFallExplained: boolean;
  /** Nothing is counted down while mains is there. */
  readonly isDraining: boolean;
}

/** How long a rise must last. A silence that is longer than that leaves nothing to hold a value against. */
export const riseMs = 30_000;

/** The furthest that one value alone takes the belief down. */
const stepShare = 0.2;
const stepLeastMs = 20_000;

const stepDown = (leftMs: number): number => leftMs - Math.max(stepLeastMs, stepShare * leftMs);

export const leftAt = ({ leftMs, atMs }: TimeLeft, nowMs: number): number => leftMs - (nowMs - atMs);

/** Undefined: nothing was told that could be counted down. */
export const believedLeft = ({ believed }: RuntimeBelief, nowMs: number): number | undefined =>
  believed && Math.max(0, leftAt(believed, nowMs));

/** Whether one value alone says how much is left, and has not been read twice. */
export const isAlone = ({ first, told }: RuntimeBelief, nowMs: number, refreshMs: number): boolean =>
  first !== undefined && first.seenAtMs === told?.seenAtMs && nowMs - first.seenAtMs <= refreshMs;

/** The belief after a look that told a value. */
export function believe(belief: RuntimeBelief, look: RuntimeLook): RuntimeBelief {
  const held = look.isDraining ? belief : frozen(belief, look.atMs);
  if (look.source === 'charge') return reckoned(look);
  const { told } = held;
  const isChanged = told === undefined || told.valueMs !== look.valueMs || held.source !== look.source;
  const next = isChanged ? changed(held, look) : stood(held, told, look);
  return { ...next, source: look.source, lookAtMs: look.atMs };
}

/** Made of charges that were weighed already, and of time: nothing is held against it. */
function reckoned({ source, valueMs, atMs }: RuntimeLook): RuntimeBelief {
  const believed = { leftMs: valueMs, atMs, valueMs };
  return { ...noBelief, source, believed, told: { ...believed, seenAtMs: atMs }, lookAtMs: atMs };
}

/** With mains, what was left is still left. */
function frozen(belief: RuntimeBelief, atMs: number): RuntimeBelief {
  const { believed, before, told, rise, first } = belief;
  return {
    ...belief,
    believed: believed && { ...believed, atMs },
    before: before && { ...before, atMs },
    told: told && { ...told, atMs },
    rise: rise && { ...rise, atMs },
    first: first && { ...first, atMs },
  };
}

/** The same value again: no news, but for the time that has gone by. */
function stood(belief: RuntimeBelief, told: ToldValue, look: RuntimeLook): RuntimeBelief {
  const isReadTwice = look.atMs - told.seenAtMs > look.refreshMs;
  const risen = endRise(isReadTwice ? { ...belief, first: undefined } : belief, look);
  const left = believedLeft(risen, look.atMs);
  if (left === undefined || leftAt(told, look.atMs) >= left) return risen;
  return isReadTwice || look.isFallExplained ? { ...risen, before: risen.believed, believed: told } : risen;
}

function endRise(belief: RuntimeBelief, { atMs, valueMs }: RuntimeLook): RuntimeBelief {
  const { rise, believed } = belief;
  if (rise === undefined || atMs - rise.sinceMs < riseMs) return belief;
  const { leftMs } = rise;
  return { ...belief, before: believed, believed: { leftMs, atMs: rise.atMs, valueMs }, rise: undefined };
}

function changed(belief: RuntimeBelief, look: RuntimeLook): RuntimeBelief {
  const { atMs, valueMs } = look;
  const told = toldAt(belief, look);
  const { believed, before, first } = belief;
  const silentMs = atMs - (belief.lookAtMs ?? atMs);
  const isFirst = believed === undefined || belief.source !== look.source;
  if (isFirst || silentMs > Math.max(riseMs, look.silentAfterMs))
    return { ...noBelief, told, believed: told, first: told };
  const isSecond = first !== undefined && first.seenAtMs === belief.told?.seenAtMs;
  // One of both may be wrong. What comes next is held against neither.
  if (isSecond && leftAt(told, atMs) > leftAt(first, atMs))
    return { ...noBelief, told, believed: told, before: first, first };
  const left = leftAt(told, atMs);
  const floor = look.isFallExplained ? Number.NEGATIVE_INFINITY : supported(belief, believed, atMs);
  // Exactly what was told before one other value: that was the wrong one. What was held for wrong then has no way back.
  if (before?.valueMs === valueMs) {
    const lower = Math.max(left, floor);
    const back = lower < leftAt(before, atMs) ? { leftMs: lower, atMs, valueMs } : before;
    const next = { ...belief, told, believed: back, before: undefined, first: undefined };
    // Nor had it been believed then: it is more than what is older by the time of one wrong value.
    const isRising = left - leftAt(back, atMs) > Math.max(stepLeastMs, 2 * look.refreshMs);
    return isRising ? rising(next, look, left) : { ...next, rise: undefined };
  }
  const ceiling = Math.max(leftAt(believed, atMs), before ? leftAt(before, atMs) : 0);
  const leftMs = Math.min(Math.max(left, floor), ceiling);
  const next = { ...belief, told, before: believed, believed: { leftMs, atMs, valueMs }, first: undefined };
  if (left <= ceiling) return { ...next, rise: undefined };
  return rising(next, look, left);
}

/** It goes on, or begins: to the lowest that was told since. */
function rising(belief: RuntimeBelief, look: RuntimeLook, leftMs: number): RuntimeBelief {
  const { rise } = belief;
  const { atMs } = look;
  const lowest = rise ? Math.min(leftMs, leftAt(rise, atMs)) : leftMs;
  return endRise({ ...belief, rise: { leftMs: lowest, atMs, sinceMs: rise?.sinceMs ?? atMs } }, look);
}

/**
 * How far down a new value is believed: by a step, or to where the value before it was already. Made of minima and
 * maxima of what is monotonic, so that a lower value never gives a higher belief.
 */
function supported({ told, first }: RuntimeBelief, believed: TimeLeft, atMs: number): number {
  const known = [told, first].flatMap((value) => (value ? [leftAt(value, atMs)] : []));
  return Math.min(stepDown(leftAt(believed, atMs)), ...known);
}

/** It was read after the last look, which did not show it, and at most a refresh ago: counted from there. */
function toldAt({ lookAtMs }: RuntimeBelief, look: RuntimeLook): ToldValue {
  const { valueMs, atMs: seenAtMs, refreshMs, isDraining } = look;
  const since = Math.max(lookAtMs ?? 0, seenAtMs - refreshMs, 0);
  return { valueMs, seenAtMs, leftMs: valueMs, atMs: isDraining ? Math.min(since, seenAtMs) : seenAtMs };
}
