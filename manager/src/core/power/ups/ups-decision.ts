/** Whether it is time: what one look, or time alone, means for the outage that is going on. */

import { looksBelow } from './threshold.ts';
import type { UpsDraft } from './ups-draft.ts';
import { estimateOf, isForTheRest, type UpsEstimate } from './ups-estimate.ts';
import { isHeld, looksLowMin } from './ups-hold.ts';
import type { Outage, TriggerCause } from './ups-state.ts';
import { followTrigger, trigger } from './ups-trigger.ts';

/** Of an outage while the site comes back: one look never decides, but nothing is waited for either. */
const recoveryPolls = 2;

/** Looks come faster when the decision is nearer than so many of its debounces. */
const fastDebounces = 2;

/** Hosts that went off take load with them, and a runtime that rises with that is believed after half a minute. */
export const settleMs = 30_000;

/** `look`: something was heard, or silence was; `time`: nothing but time has gone by. */
export function decide(draft: UpsDraft, why: 'look' | 'time'): void {
  const { phase, outage, inhibition } = draft.state;
  if (phase === 'triggered' || phase === 'committed') {
    followTrigger(draft);
    return;
  }
  if (outage === undefined || !(isOnBattery(phase) || isLastLine(draft))) {
    draft.setFast(false);
    return;
  }
  if (inhibition !== '') {
    draft.set({ outage: { ...outage, looksBelow: 0, looksLow: 0 } });
    return;
  }
  const estimate = estimateOf(draft.state, draft.config, draft.nowMs);
  const counted = why === 'look' ? count(draft, outage, estimate) : outage;
  if (isHeld(draft, counted, estimate)) {
    if (phase === 'pending') draft.enter('on-battery');
    return;
  }
  const cause = causeOf(draft, counted, estimate);
  if (cause !== undefined) {
    trigger(draft, cause);
    return;
  }
  if (phase === 'on-battery' || phase === 'pending')
    draft.enter(counted.looksBelow > 0 ? 'pending' : 'on-battery');
  const isNear = estimate.slackMs < fastDebounces * draft.threshold.debounceMs;
  draft.setFast(isNear || counted.looksBelow > 0 || counted.looksLow > 0);
}

const isOnBattery = (phase: string): boolean =>
  phase === 'on-battery' || phase === 'pending' || phase === 'blind-on-battery';

/** The hosts are off, and something has stayed up that has to go down before the battery is empty. */
const isLastLine = ({ state, config, nowMs }: UpsDraft): boolean =>
  isForTheRest(state, config) && nowMs - state.phaseSinceMs >= settleMs;

function count(draft: UpsDraft, outage: Outage, { slackMs }: UpsEstimate): Outage {
  const { threshold } = draft;
  const below = looksBelow(outage.looksBelow, threshold.thresholdMs + slackMs, threshold);
  const counted = { ...outage, looksBelow: below };
  draft.set({ outage: counted });
  return counted;
}

function causeOf(draft: UpsDraft, outage: Outage, { source }: UpsEstimate): TriggerCause | undefined {
  const { phase, silentSinceMs } = draft.state;
  const { debouncePolls, blindLimitMs } = draft.config;
  if (outage.looksLow >= looksLowMin) return 'low-battery';
  const isBlind = phase === 'blind-on-battery' || phase === 'hosts-off';
  if (isBlind && silentSinceMs !== undefined && draft.nowMs - silentSinceMs >= blindLimitMs) return 'silent';
  if (outage.looksBelow < (outage.isInRecovery ? recoveryPolls : debouncePolls)) return undefined;
  if (source === 'output') return 'output-off';
  return source === 'timer' ? 'timer' : 'runtime';
}
