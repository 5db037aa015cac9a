/**
 * A trigger that is carried out elsewhere, at the side that has it, as a pure function: it is sent until it is
 * acknowledged, followed to its end, withdrawn while that is possible, and where nobody over there sees to it, this
 * host's own shutdown is asked for before its battery is too low for that (I10).
 *
 * A request is idempotent, and its answer says at once that it is durable over there and how far its run is: an answer
 * that was lost, or a request that came twice, changes nothing.
 */
import { formatSeconds } from '../../plan/plan-words.ts';
import { ForwardDraft } from './forward-draft.ts';
import { hearLocal, judgeLocal, reverseLocal } from './forward-local.ts';
import { answered, hurry, isWaitingForLook, pump, unanswered } from './forward-sending.ts';
import type {
  ForwardConfig,
  ForwardInput,
  ForwardInstant,
  ForwardProgress,
  ForwardState,
  ForwardStep,
} from './forward-state.ts';

type Of<Type extends ForwardInput['type']> = Extract<ForwardInput, { type: Type }>;

export function forwardStep(
  state: ForwardState,
  config: ForwardConfig,
  input: ForwardInput,
  at: ForwardInstant,
): ForwardStep {
  const draft = new ForwardDraft(state, config, at);
  take(draft, input);
  judgeAnswer(draft);
  judgeLocal(draft);
  settle(draft);
  pump(draft);
  return draft.step();
}

/** When a tick is wanted; undefined: nothing is open (I14). */
export function nextForwardTickMs({ forward, leftover }: ForwardState, nowMs: number): number | undefined {
  if (forward !== undefined && forward.phase !== 'ended') return nowMs + tickMs;
  return leftover === undefined ? undefined : nowMs + idleTickMs;
}

const tickMs = 250;
const idleTickMs = 5000;

function take(draft: ForwardDraft, input: ForwardInput): void {
  switch (input.type) {
    case 'resume':
      resume(draft, input);
      return;
    case 'trigger':
      trigger(draft, input);
      return;
    case 'reverse':
      reverse(draft, input);
      return;
    case 'answer':
      answer(draft, input);
      return;
    case 'unanswered':
      if (input.sequence === draft.state.sendingSequence && draft.state.sendingSinceMs !== undefined)
        unanswered(draft, input.why);
      return;
    case 'supply':
      draft.set({ supply: input.supply });
      // On battery: what is of before a boot counts.
      if (input.supply.slackMs !== undefined) seen(draft);
      takeBackForgotten(draft);
      letGoOfEnded(draft);
      return;
    case 'local-run': {
      const heard = hearLocal(draft, input);
      if (heard) hear(draft, heard);
      return;
    }
    case 'tick':
      return;
  }
}

/**
 * The decision may have let go of it while this was not written: then it is withdrawn. What the decision counts on and
 * nothing is known of here is lost with a file: it asks for it anew (I10).
 */
function resume(draft: ForwardDraft, { open }: Of<'resume'>): void {
  const { forward } = draft.state;
  if (open?.isStarted && forward?.triggerId !== open.triggerId)
    draft.send({ type: 'hear', triggerId: open.triggerId, event: 'failed' });
  if (!forward || forward.phase === 'ended') return;
  if (forward.openedAtMs === 0) draft.change({ openedAtMs: draft.nowMs });
  if (forward.phase === 'committed') return;
  if (forward.triggerId !== open?.triggerId)
    leaveBehind(draft, `${draft.state.ups} does not ask for it any more`);
}

function trigger(draft: ForwardDraft, { triggerId, cause, sentence, timeLimitMs }: Of<'trigger'>): void {
  const { forward } = draft.state;
  const deadlineAtMs = draft.nowMs + timeLimitMs;
  if (forward?.triggerId === triggerId && forward.phase !== 'ended') {
    const isSooner = forward.deadlineAtMs === undefined || deadlineAtMs < forward.deadlineAtMs;
    if (isSooner) draft.change({ deadlineAtMs, sentence });
    seen(draft);
    return;
  }
  const sequence = draft.state.sequence + 1;
  draft.set({
    sequence,
    // What was to be taken back is wanted again: the newer one stands for both.
    leftover: undefined,
    local: undefined,
    localAttempts: 0,
    localNotBeforeMs: 0,
    sendingSinceMs: undefined,
    // Of the outage before: nothing is decided on that.
    supply: undefined,
    forward: {
      sequence,
      triggerId,
      cause,
      sentence,
      openedAtMs: draft.nowMs,
      deadlineAtMs,
      phase: 'sending',
      withdrawal: '',
      withdrawnAtMs: 0,
      isLetGo: false,
      heardAtMs: undefined,
      progress: undefined,
    },
  });
  hurry(draft);
}

function seen(draft: ForwardDraft): void {
  const { forward } = draft.state;
  if (forward?.isUnseen !== true) return;
  // An answer is waited for from now on.
  draft.change({ isUnseen: false, openedAtMs: draft.nowMs });
  hurry(draft);
}

function reverse(draft: ForwardDraft, { triggerId, sentence }: Of<'reverse'>): void {
  const { forward } = draft.state;
  if (forward?.triggerId !== triggerId || forward.phase === 'ended') {
    draft.send({ type: 'hear', triggerId, event: 'failed' });
    return;
  }
  if (forward.phase === 'committed') {
    hear(draft, 'past-no-return');
    return;
  }
  reverseLocal(draft, sentence);
  if (forward.withdrawal !== '') return;
  draft.change({ withdrawal: sentence, withdrawnAtMs: draft.nowMs });
  hurry(draft);
}

/**
 * Mains is back, and the decision may never take it back: it is of before a boot, which whoever carries it out does not
 * hear of and the decision waits for; or this site's own shutdown is over, and with that the decision is done.
 */
function takeBackForgotten(draft: ForwardDraft): void {
  const { forward, supply, local, ups } = draft.state;
  if (!forward || supply?.isOnMains !== true || forward.withdrawal !== '') return;
  if (forward.phase === 'ended' || forward.phase === 'committed') return;
  if (forward.isUnseen !== true && local?.isOver !== true) return;
  draft.change({ withdrawal: `${ups}: mains is back`, withdrawnAtMs: draft.nowMs });
  hurry(draft);
}

function answer(draft: ForwardDraft, { sequence, progress }: Of<'answer'>): void {
  const { forward, leftover, sendingSequence, sendingSinceMs } = draft.state;
  if (sequence === sendingSequence && sendingSinceMs !== undefined) answered(draft);
  if (leftover?.sequence === sequence && progress.standing !== 'withdrawing')
    draft.set({ leftover: undefined });
  if (forward?.sequence !== sequence || forward.phase === 'ended') return;
  if (forward.phase === 'sending') acknowledged(draft, forward.openedAtMs);
  draft.change({ heardAtMs: draft.nowMs, progress });
  hearStanding(draft, progress);
}

function acknowledged(draft: ForwardDraft, openedAtMs: number): void {
  const { sequence, ups } = draft.state;
  draft.change({ phase: 'acknowledged' });
  draft.send({ type: 'acknowledged', sequence, afterMs: Math.max(0, draft.nowMs - openedAtMs) });
  draft.clear('unacknowledged', `${ups}: the receiver has acknowledged it`);
  hear(draft, 'started');
}

function hearStanding(draft: ForwardDraft, { standing, newestSequence }: ForwardProgress): void {
  const { forward } = draft.state;
  if (!forward) return;
  switch (standing) {
    case 'accepted':
    case 'running':
    case 'withdrawing':
      return;
    case 'past-no-return':
      // It goes on to its end: nothing is taken back (I10).
      draft.change({ phase: 'committed', withdrawal: '' });
      hear(draft, 'past-no-return');
      return;
    case 'ended':
      ended(draft);
      return;
    case 'withdrawn':
      if (forward.phase === 'committed') ended(draft);
      else if (forward.withdrawal === '') sendAnew(draft, draft.state.sequence);
      else draft.change({ isLetGo: true });
      return;
    case 'superseded':
      // What is kept here is older than what was sent once: a file that was put back.
      if (forward.withdrawal === '') sendAnew(draft, newestSequence);
      else draft.change({ isLetGo: true });
  }
}

function ended(draft: ForwardDraft): void {
  draft.change({ phase: 'ended', withdrawal: '' });
  hear(draft, 'ended');
  letGoOfEnded(draft);
}

/** Under a sequence that the receiver has not closed. */
function sendAnew(draft: ForwardDraft, newest: number): void {
  const sequence = Math.max(newest, draft.state.sequence) + 1;
  draft.set({ sequence });
  draft.change({ sequence, phase: 'sending', heardAtMs: undefined, progress: undefined });
  hurry(draft);
}

function hear(
  draft: ForwardDraft,
  event: Of<'local-run'>['event'] & ('started' | 'past-no-return' | 'ended' | 'failed'),
): void {
  const { forward } = draft.state;
  if (forward) draft.send({ type: 'hear', triggerId: forward.triggerId, event });
}

/** So many time limits of a request are waited for until a withdrawal is left to itself. */
const withdrawalLimits = 3;

/** Both sides have let go, or the one over there says nothing: the decision is free again. */
function settle(draft: ForwardDraft): void {
  const { forward, local } = draft.state;
  if (!forward || forward.withdrawal === '' || (local && !local.isOver)) return;
  if (forward.isLetGo) {
    hear(draft, 'failed');
    draft.set({ forward: undefined, local: undefined });
    allClear(draft, 'it is withdrawn');
    return;
  }
  const quietSinceMs = Math.max(forward.withdrawnAtMs, forward.heardAtMs ?? 0);
  const patienceMs = withdrawalLimits * draft.config.acknowledgeWithinMs;
  if (draft.nowMs - quietSinceMs < patienceMs) return;
  hear(draft, 'failed');
  leaveBehind(draft, forward.withdrawal);
}

function leaveBehind(draft: ForwardDraft, sentence: string): void {
  const { forward, local } = draft.state;
  if (!forward) return;
  const leftover = { sequence: forward.sequence, sentence, sinceMs: draft.nowMs };
  if (local) reverseLocal(draft, sentence);
  draft.set({ forward: undefined, local: undefined, leftover });
  hurry(draft);
  allClear(draft, 'it is being withdrawn');
}

/**
 * Hosts over there are off, and mains is back here: the next outage is a new one. Where this site has shut itself down,
 * too, that is over when it is up again, as after any shutdown.
 */
function letGoOfEnded(draft: ForwardDraft): void {
  const { forward, supply, local } = draft.state;
  if (!supply?.isOnMains || forward?.phase !== 'ended') return;
  if (local && !local.isOver) return;
  draft.set({ forward: undefined, local: undefined });
  if (!local) draft.send({ type: 'recovered' });
  allClear(draft, 'mains is back');
}

function allClear(draft: ForwardDraft, why: string): void {
  for (const key of draft.state.alerts) draft.clear(key, `${draft.state.ups}: ${why}`);
}

/** An answer that does not come is an alert: in time enough for somebody to see to it. */
function judgeAnswer(draft: ForwardDraft): void {
  const { forward, trouble, ups } = draft.state;
  const { acknowledgeWithinMs, progressWithinMs } = draft.config;
  if (forward === undefined || forward.withdrawal !== '' || forward.phase === 'ended') return;
  if (isWaitingForLook(draft)) return;
  const because = trouble === '' ? '' : `: ${trouble}`;
  if (forward.phase === 'sending') {
    const waitedMs = draft.nowMs - forward.openedAtMs;
    if (waitedMs < acknowledgeWithinMs) return;
    draft.raise(
      'unacknowledged',
      `${ups}: its trigger has not been acknowledged in ${formatSeconds(waitedMs)}${because}`,
    );
    return;
  }
  // After a restart it is waited for from its first look on.
  if (forward.heardAtMs === undefined) return;
  const silentMs = draft.nowMs - forward.heardAtMs;
  if (silentMs >= progressWithinMs)
    draft.raise(
      'no-progress',
      `${ups}: the receiver has been silent for ${formatSeconds(silentMs)}${because}`,
    );
  else draft.clear('no-progress', `${ups}: the receiver answers again`);
}
