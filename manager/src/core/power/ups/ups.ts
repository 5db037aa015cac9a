/**
 * The power decision of one UPS, as a pure function: looks, time, budgets and what became of a run go in; triggers,
 * their reversal and alerts come out, behind the record of what they follow from (I9).
 *
 * It never decides on silence while mains was there, nor while mains is there unless FSD is set anew; never on a single
 * look, but for FSD, which is a command; and a trigger is never lost (I10).
 */

import { silentAfterMs, type UpsConfig } from './ups-config.ts';
import { decide } from './ups-decision.ts';
import { UpsDraft } from './ups-draft.ts';
import { hearSilence, look } from './ups-look.ts';
import { changeBudget, hearRun, recovered } from './ups-run.ts';
import type { UpsInput, UpsInstant, UpsPhase, UpsState, UpsStep } from './ups-state.ts';
import { askAgain } from './ups-trigger.ts';
import { lookFirst } from './ups-unseen.ts';

export function upsStep(state: UpsState, config: UpsConfig, input: UpsInput, at: UpsInstant): UpsStep {
  const draft = new UpsDraft(state, config, at);
  take(draft, input);
  return draft.step();
}

function take(draft: UpsDraft, input: UpsInput): void {
  switch (input.type) {
    case 'sample':
      look(draft, input.sample);
      return;
    case 'tick':
      tick(draft);
      return;
    case 'resume':
      if (draft.state.isFast) draft.send({ type: 'poll-fast', isFast: true });
      lookFirst(draft, silentAfterMs(draft.config));
      askAgain(draft, 'at-once');
      return;
    case 'budget':
      changeBudget(draft, input.budgetMs);
      return;
    case 'run':
      hearRun(draft, input);
      return;
    case 'recovered':
      recovered(draft);
      return;
  }
}

function tick(draft: UpsDraft): void {
  const { heardAtMs } = draft.state;
  const { pollIntervalMs } = draft.config;
  const limitMs = silentAfterMs(draft.config);
  if (heardAtMs === undefined || draft.nowMs - heardAtMs < limitMs) {
    decide(draft, 'time');
    return;
  }
  // From now on as one look that told nothing in each interval.
  draft.set({ heardAtMs: draft.nowMs - limitMs + pollIntervalMs });
  hearSilence(draft, 'no answer');
}

const waitingPhases: readonly UpsPhase[] = [
  'on-battery',
  'pending',
  'blind-on-battery',
  'triggered',
  'committed',
];

/** When a tick is wanted; undefined: looks are enough (I14). While something is due, once a second. */
export const nextUpsTickMs = ({ phase }: UpsState, nowMs: number): number | undefined =>
  waitingPhases.includes(phase) ? nowMs + 1000 : undefined;
