/**
 * The last way out of a site that forwards: where nobody over there sees to it, and its own battery has only just
 * enough for its own hosts, it shuts those down itself, if that is declared; else it says so as loud as it can.
 */
import { formatSeconds } from '../../plan/plan-words.ts';
import type { ForwardDraft } from './forward-draft.ts';
import type { ForwardConfig, ForwardInput, ForwardState } from './forward-state.ts';

/** Until it has begun. */
const askAgainMs = 5000;
/** After one that failed: twice as long each time, from this to this. */
const retryLeastMs = 10_000;
const retryMostMs = 60_000;

/**
 * Why nobody over there can be counted on; undefined: the receiver sees to this host, too, or has not had the time yet
 * that is its own by the threshold.
 */
export function whyAlone(
  { forward, trouble }: ForwardState,
  { acknowledgeWithinMs, progressWithinMs }: ForwardConfig,
  nowMs: number,
): string | undefined {
  if (forward === undefined) return 'nothing is forwarded';
  const { progress, heardAtMs, phase, openedAtMs } = forward;
  const isFresh = nowMs - openedAtMs < acknowledgeWithinMs;
  const because = trouble === '' ? '' : ` (${trouble})`;
  if (phase === 'sending') return isFresh ? undefined : `the receiver has not acknowledged it${because}`;
  if (phase === 'ended') return 'the shutdown over there is over, and this host is still up';
  const silentMs = nowMs - (heardAtMs ?? forward.openedAtMs);
  if (heardAtMs === undefined || progress === undefined) return `the receiver is silent${because}`;
  if (silentMs >= progressWithinMs)
    return `the receiver has been silent for ${formatSeconds(silentMs)}${because}`;
  if (progress.runId === '')
    return isFresh
      ? undefined
      : `no shutdown has begun over there${progress.trouble === '' ? '' : `: ${progress.trouble}`}`;
  if (!progress.coversSender) return 'the shutdown over there leaves this host to itself';
  if (silentMs > progress.boundLeftMs) return 'the shutdown over there takes longer than its worst case';
  return undefined;
}

export function judgeLocal(draft: ForwardDraft): void {
  const { forward, supply, local, localNotBeforeMs, ups } = draft.state;
  if (forward === undefined || supply === undefined) return;
  if (supply.isOnMains && local && !local.isReversing) reverseLocal(draft, `${ups}: mains is back`);
  if (forward.withdrawal !== '' || supply.slackMs === undefined || supply.slackMs > 0) return;
  if (local) {
    askAgain(draft);
    return;
  }
  const why = whyAlone(draft.state, draft.config, draft.nowMs);
  if (why === undefined || draft.nowMs < localNotBeforeMs) return;
  if (draft.config.hasLocalShutdown) beginLocal(draft, why);
  else draft.raise('unprotected', `${ups}: ${why}, and no shutdown of this host is declared`);
}

function beginLocal(draft: ForwardDraft, why: string): void {
  const { forward, supply, localAttempts, ups } = draft.state;
  if (forward === undefined) return;
  const attempts = localAttempts + 1;
  const ending = attempts > 1 ? `.${attempts}` : '';
  const left =
    supply?.leftMs === undefined ? '' : `; the battery is good for ${formatSeconds(supply.leftMs)}`;
  const sentence = `${ups}: this site shuts itself down: ${why}${left}`;
  draft.set({
    localAttempts: attempts,
    local: {
      triggerId: `${forward.triggerId}:local:${forward.sequence}${ending}`,
      sentence,
      isStarted: false,
      isReversing: false,
      isOver: false,
      askAgainAtMs: 0,
    },
  });
  draft.raise('alone', sentence);
  askAgain(draft);
}

function askAgain(draft: ForwardDraft): void {
  const { local, supply } = draft.state;
  if (!local || local.isStarted || local.isReversing || local.isOver) return;
  if (draft.nowMs < local.askAgainAtMs) return;
  const { triggerId, sentence } = local;
  draft.set({ local: { ...local, askAgainAtMs: draft.nowMs + askAgainMs } });
  const timeLimitMs = Math.max(0, Math.round(supply?.leftMs ?? 0));
  draft.send({ type: 'local', triggerId, sentence, timeLimitMs });
}

/** At a step's end, unless it is past its point of no return (I10). Asked again, as often as the decision asks. */
export function reverseLocal(draft: ForwardDraft, sentence: string): void {
  const { local } = draft.state;
  if (!local || local.isOver) return;
  draft.set({ local: { ...local, isReversing: true } });
  draft.send({ type: 'local-reverse', triggerId: local.triggerId, sentence });
}

/** @returns what the decision is to hear; undefined: nothing */
export function hearLocal(
  draft: ForwardDraft,
  { triggerId, event }: Extract<ForwardInput, { type: 'local-run' }>,
): 'started' | 'past-no-return' | 'ended' | undefined {
  const { local, localAttempts } = draft.state;
  if (local?.triggerId !== triggerId || local.isOver) return undefined;
  switch (event) {
    case 'started':
      draft.set({ local: { ...local, isStarted: true } });
      return 'started';
    case 'past-no-return':
      draft.set({ local: { ...local, isStarted: true, isReversing: false } });
      return 'past-no-return';
    case 'ended':
      draft.set({ local: { ...local, isOver: true } });
      return 'ended';
    // A person has aborted it: asked for again after a pause, too, if it is still needed then.
    case 'aborted':
    case 'failed': {
      // One that was not taken back is asked for again, if it is still needed then.
      const pauseMs = Math.min(retryMostMs, retryLeastMs * 2 ** Math.min(localAttempts - 1, 10));
      draft.set({ local: undefined, localNotBeforeMs: local.isReversing ? 0 : draft.nowMs + pauseMs });
      return undefined;
    }
  }
}
