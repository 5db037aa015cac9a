/**
 * What may be told of a UPS's supply beside its state. Its estimate goes on in states in which it decides nothing: a UPS
 * that is silent with mains counts its last runtime down and never asks; one that has asked asks for nothing more.
 */

import type { UpsConfig } from './ups-config.ts';
import { estimateOf, isForTheRest, thresholdFor, type UpsEstimate } from './ups-estimate.ts';
import type { UpsPhase, UpsState } from './ups-state.ts';

export interface UpsOutlook {
  readonly source: UpsEstimate['source'];
  /** What it is believed to supply for; undefined: nobody knows. */
  readonly leftMs: number | undefined;
  /** Until the decision at this load, below zero when it is due; undefined: none is made in this state. */
  readonly slackMs: number | undefined;
  /** The same with the looks that the debounce still wants, if mains failed now or has failed; undefined: none is made. */
  readonly triggerInMs: number | undefined;
}

/** Whose figures lead to a decision. */
const deciding: ReadonlySet<UpsPhase> = new Set(['online', 'on-battery', 'pending', 'blind-on-battery']);
/** Nobody knows how it is. */
const unseen: ReadonlySet<UpsPhase> = new Set(['unknown', 'blind-online']);

export function outlookOf(state: UpsState, config: UpsConfig, nowMs: number): UpsOutlook {
  const { source, leftMs, slackMs } = estimateOf(state, config, nowMs);
  const isDeciding = (deciding.has(state.phase) || isForTheRest(state, config)) && state.inhibition === '';
  return {
    source,
    leftMs: unseen.has(state.phase) ? undefined : leftMs,
    slackMs: isDeciding ? slackMs : undefined,
    triggerInMs: isDeciding
      ? Math.max(0, Math.round(slackMs)) + thresholdFor(state, config).debounceMs
      : undefined,
  };
}
