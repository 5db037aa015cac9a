/**
 * An operator who aborts a shutdown on battery knows why: it is not asked for again ten seconds later. It is, when the
 * runtime has been enough and falls under the threshold anew, or under a last line: half of what was left then. A
 * battery that is low, an output that is off and a forced shutdown are not held back.
 */
import { formatSeconds } from '../../plan/plan-words.ts';
import type { UpsDraft } from './ups-draft.ts';
import { estimateOf, type UpsEstimate } from './ups-estimate.ts';
import type { Hold, Outage } from './ups-state.ts';

const lastLineShare = 0.5;

/** OB with LB, in looks in a row. */
export const looksLowMin = 2;

/** The shutdown was aborted by a person. */
export function hold(draft: UpsDraft): void {
  const { outage, ups } = draft.state;
  if (outage === undefined) return;
  const { leftMs } = estimateOf(draft.state, draft.config, draft.nowMs);
  const belowMs = leftMs === undefined ? undefined : lastLineShare * leftMs;
  const held: Hold = { atMs: draft.nowMs, belowMs };
  draft.set({ outage: { ...outage, hold: held } });
  const until =
    belowMs === undefined
      ? `for ${formatSeconds(draft.config.onBatteryTimerMs)}`
      : `until its runtime falls under ${formatSeconds(belowMs)}, or under the threshold anew`;
  draft.raise(
    'held',
    'warning',
    `${ups}: the shutdown that it asked for was aborted: none is asked for ${until}, or its battery is low (LB)`,
  );
}

/** Whether nothing is decided yet, because of the abort. One that is over is taken out of the outage. */
export function isHeld(draft: UpsDraft, outage: Outage, { source, leftMs }: UpsEstimate): boolean {
  const { hold: held } = outage;
  if (held === undefined || source === 'output' || outage.looksLow >= looksLowMin) return false;
  const isHolding = isWithin(draft, held, leftMs);
  draft.set({ outage: { ...outage, looksBelow: 0, ...(isHolding ? {} : { hold: undefined }) } });
  // What is counted from here on is of looks after it.
  if (!isHolding) draft.clear('held', `${draft.state.ups}: shutdowns are asked for again`);
  return true;
}

/** A shutdown is asked for: for whatever cause, nothing is held any more. */
export function release(draft: UpsDraft): void {
  const { outage, ups } = draft.state;
  if (outage?.hold === undefined) return;
  draft.set({ outage: { ...outage, hold: undefined } });
  draft.clear('held', `${ups}: a shutdown is asked for again`);
}

function isWithin(draft: UpsDraft, { atMs, belowMs }: Hold, leftMs: number | undefined): boolean {
  if (belowMs === undefined || leftMs === undefined)
    return draft.nowMs - atMs < draft.config.onBatteryTimerMs;
  return leftMs >= belowMs && leftMs < draft.threshold.clearMs;
}
