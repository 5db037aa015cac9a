/** How a forward is sent: one request at a time, again until it is answered, with pauses that grow and end. */
import type { ForwardDraft } from './forward-draft.ts';
import type { Forward, ForwardState } from './forward-state.ts';

/** Between two looks at how far the run over there is, while it answers. */
const progressPollMs = 1000;

/** After a request that was not answered: twice as long each time, from this to this. */
const retryLeastMs = 250;
const retryMostMs = 5000;
/** A withdrawal that nobody waits for is in no hurry, and given up after a day (I14): its run is long over. */
const leftoverRetryMostMs = 60_000;
const leftoverMostMs = 86_400_000;

/** One that is lost without a word is given up so long after its time limit. */
const lostAfterMs = 1000;

/**
 * Past the point of no return it goes on to its end; but with mains back nothing may be begun by it any more, at a
 * receiver that has lost what it knew.
 */
const isTakenBack = ({ withdrawal, phase }: Forward, { supply }: ForwardState): boolean =>
  withdrawal !== '' || (phase === 'committed' && supply?.isOnMains === true);

/** Whether there is something to say as things are. */
const isWanted = ({ phase, isLetGo }: Forward): boolean => phase !== 'ended' && !isLetGo;

/** One of before a boot is said again when its UPS was seen on battery; or not at all, for as long as silence on battery. */
const unseenMostMs = 300_000;

/** Mains may be back: nothing is to begin over there by what was so before. Withdrawals are not waited with. */
export function isWaitingForLook({ state: { forward, supply }, nowMs }: ForwardDraft): boolean {
  if (forward?.isUnseen !== true || forward.withdrawal !== '' || forward.phase === 'ended') return false;
  return supply?.isOnMains === true
    ? forward.phase !== 'committed'
    : nowMs - forward.openedAtMs < unseenMostMs;
}

export function pump(draft: ForwardDraft): void {
  giveUpLost(draft);
  if (isWaitingForLook(draft)) return;
  const { forward, leftover, sendingSinceMs, nextSendAtMs } = draft.state;
  if (sendingSinceMs !== undefined || draft.nowMs < nextSendAtMs) return;
  if (forward && isWanted(forward)) {
    const isWithdrawal = isTakenBack(forward, draft.state);
    const limitMs = forward.deadlineAtMs === undefined ? undefined : forward.deadlineAtMs - draft.nowMs;
    begin(draft, forward.sequence, isWithdrawal);
    draft.send({
      type: 'send',
      sequence: forward.sequence,
      timeLimitMs: isWithdrawal || limitMs === undefined ? undefined : Math.max(0, Math.round(limitMs)),
      isWithdrawal,
      triggerId: forward.triggerId,
      cause: forward.cause,
      sentence: isWithdrawal ? forward.withdrawal || 'mains is back' : forward.sentence,
    });
  } else if (leftover) {
    const { sequence, sentence, sinceMs } = leftover;
    if (draft.nowMs - sinceMs > leftoverMostMs) {
      draft.set({ leftover: undefined });
      return;
    }
    begin(draft, sequence, true);
    const what = { type: 'send', timeLimitMs: undefined, isWithdrawal: true } as const;
    draft.send({ ...what, sequence, triggerId: '', cause: '', sentence });
  }
}

function begin(draft: ForwardDraft, sendingSequence: number, isSendingWithdrawal: boolean): void {
  draft.set({ sendingSinceMs: draft.nowMs, sendingSequence, isSendingWithdrawal });
}

function giveUpLost(draft: ForwardDraft): void {
  const { sendingSinceMs } = draft.state;
  if (sendingSinceMs === undefined) return;
  const lostMs = draft.config.acknowledgeWithinMs + lostAfterMs;
  if (draft.nowMs - sendingSinceMs >= lostMs) unanswered(draft, 'no answer');
}

/** It was answered: the next look is due after a while, or at once where what was asked is not what is wanted now. */
export function answered(draft: ForwardDraft): void {
  const { forward, isSendingWithdrawal } = draft.state;
  const isOutdated = forward !== undefined && isSendingWithdrawal !== isTakenBack(forward, draft.state);
  const pauseMs = isOutdated ? 0 : progressPollMs;
  draft.set({ sendingSinceMs: undefined, failures: 0, trouble: '', nextSendAtMs: draft.nowMs + pauseMs });
}

export function unanswered(draft: ForwardDraft, why: string): void {
  const { failures, forward } = draft.state;
  const mostMs = forward && isWanted(forward) ? retryMostMs : leftoverRetryMostMs;
  const pauseMs = Math.min(mostMs, retryLeastMs * 2 ** Math.min(failures, 20));
  draft.set({
    sendingSinceMs: undefined,
    failures: failures + 1,
    trouble: why,
    nextSendAtMs: draft.nowMs + pauseMs,
  });
}

/** What is new is not kept waiting by pauses of what was before it. */
export const hurry = (draft: ForwardDraft): void => draft.set({ nextSendAtMs: draft.nowMs, failures: 0 });
