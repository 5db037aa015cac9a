/**
 * A trigger that was kept over a boot, or over a time in which nobody looked: mains may be back since. No run is asked
 * for before its UPS has been looked at; where nothing can be seen, the limit of silence on battery counts.
 */
import { mainsNeededMs } from './recovery.ts';
import type { UpsDraft } from './ups-draft.ts';
import { isOutputOff } from './ups-estimate.ts';
import type { UpsTrigger } from './ups-state.ts';

/** Since the start, for a trigger of before. */
export interface Unseen {
  readonly sinceMs: number;
  /** Every look since has shown mains: for a minute, and it is taken back (recovery.ts). */
  readonly hasMains: boolean;
}

/** At a start. @param oldMs so old a look says nothing of now */
export function lookFirst(draft: UpsDraft, oldMs: number): void {
  const { trigger, phase, heardAtMs } = draft.state;
  // What goes on past its point of no return is followed to its end; only after one that failed another is asked for.
  const isFailed = phase === 'committed' && trigger?.isStarted === false;
  if (trigger === undefined || !(phase === 'triggered' || isFailed)) return;
  if (heardAtMs !== undefined && draft.nowMs - heardAtMs <= oldMs) return;
  draft.set({ trigger: { ...trigger, unseen: { sinceMs: draft.nowMs, hasMains: false } } });
}

/** A look told something. What the trigger was for lasts: it is asked for at once. */
export function seen(draft: UpsDraft, flags: ReadonlySet<string>): void {
  const { trigger } = draft.state;
  if (trigger?.unseen === undefined) return;
  const isCommanded = flags.has('FSD');
  const isOnMains = flags.has('OL') && !flags.has('OB') && !isCommanded;
  const isOff = !flags.has('OL') && !flags.has('OB') && !isOutputOff(draft.state, draft.nowMs);
  // After a run that failed there is a pause, over a start, too.
  const askAgainAtMs = draft.state.phase === 'committed' ? trigger.askAgainAtMs : 0;
  if (isOnMains) draft.set({ trigger: { ...trigger, unseen: { ...trigger.unseen, hasMains: true } } });
  else if (!isOff) draft.set({ trigger: { ...trigger, unseen: undefined, askAgainAtMs } });
}

/** Whether it waits for a look. Silence after mains is no outage, here as elsewhere. */
export function isWaitingForLook(draft: UpsDraft, { unseen }: UpsTrigger): boolean {
  if (unseen === undefined) return false;
  const { phase, mainsSinceMs } = draft.state;
  // With mains for long enough it has ended (ups-leave.ts), unless the battery has too little left: hosts are going off.
  if (phase === 'committed' && mainsSinceMs !== undefined)
    return draft.nowMs - mainsSinceMs < mainsNeededMs(draft.state, draft.nowMs);
  const isHeardOf = phase === 'triggered' && unseen.hasMains;
  return isHeardOf || draft.nowMs - unseen.sinceMs < draft.config.blindLimitMs;
}
