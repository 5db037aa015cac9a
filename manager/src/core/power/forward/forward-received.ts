/**
 * A forwarded trigger at the side that carries it out, as a pure function: kept before it is acknowledged, asked for
 * until its run is accepted, and after one that failed again (I10); taken back while that is possible. A second forward
 * of the same sequence joins the first, one that is older than what is known changes nothing, and a newer one of the
 * same UPS takes its place.
 */

import type {
  ForwardedTrigger,
  ReceivedEffect,
  ReceivedForward,
  ReceivedInput,
  ReceivedInstant,
  ReceivedState,
  ReceivedStep,
} from './forward-received-state.ts';
import type { ForwardStanding } from './forward-state.ts';

/** Until a run has begun, or has been taken back. */
const askAgainMs = 5000;

/** After a run that failed: twice as long each time, from this to this. */
const retryLeastMs = 10_000;
const retryMostMs = 60_000;

/** After a run that a person has aborted: for so long that word counts, or half of what the battery has left. */
const abortedMostMs = 300_000;
const abortedLeastMs = 10_000;

/**
 * A sender repeats itself every few seconds for as long as it wants something. One that has said nothing for so long,
 * and whose battery was to be empty by now, is gone: nothing is begun for it any more, until it is heard of again.
 */
const lapsedAfterMs = 600_000;

/** One of before a boot begins nothing until its sender is heard, or for so long: as silence on battery by default. */
const unheardMostMs = 300_000;

/**
 * Past its point of no return a run goes on to its end; after one that failed no other is begun while the sender says
 * that mains is back, and not at all when it has said so for so long. One that falls silent says nothing of its mains.
 */
const unwantedMs = 60_000;
const unwantedSilenceMs = 30_000;

/** A deadline that has come nearer by more than that is told. */
const tightenedMs = 10_000;

type Of<Type extends ReceivedInput['type']> = Extract<ReceivedInput, { type: Type }>;

class ReceivedDraft {
  state: ReceivedState;
  readonly nowMs: number;
  private readonly before: ReceivedState;
  private readonly effects: ReceivedEffect[] = [];

  constructor(state: ReceivedState, at: ReceivedInstant) {
    this.state = state;
    this.before = state;
    this.nowMs = at.nowMs;
  }

  set(forward: ReceivedForward): void {
    this.state = { ...this.state, forward };
  }

  change(changes: Partial<ReceivedForward>): void {
    const { forward } = this.state;
    if (forward) this.set({ ...forward, ...changes });
  }

  send(effect: ReceivedEffect): void {
    this.effects.push(effect);
  }

  /** The record goes ahead of what follows from it (I9). When it is asked again is not worth one. */
  step(): ReceivedStep {
    const isNew = JSON.stringify(durableOf(this.state)) !== JSON.stringify(durableOf(this.before));
    const record: ReceivedEffect[] = isNew ? [{ type: 'persist', state: durableOf(this.state) }] : [];
    return { state: this.state, effects: [...record, ...this.effects] };
  }
}

const durableOf = (state: ReceivedState): ReceivedState => ({
  ...state,
  forward: state.forward && { ...state.forward, askAgainAtMs: 0, heardAtMs: 0 },
});

export function receivedStep(state: ReceivedState, input: ReceivedInput, at: ReceivedInstant): ReceivedStep {
  const draft = new ReceivedDraft(state, at);
  switch (input.type) {
    case 'forwarded':
      forwarded(draft, input);
      break;
    case 'withdrawn':
      withdrawn(draft, input);
      break;
    case 'revoked':
      revoked(draft, input);
      break;
    case 'run':
      hearRun(draft, input);
      break;
    case 'tick':
      askAgain(draft, false);
      break;
    case 'resume':
      // How long it had been silent before, nobody has heard.
      draft.change({ heardAtMs: draft.nowMs });
      askAgain(draft, true);
  }
  return draft.step();
}

/** When a tick is wanted; undefined: nothing is waited for (I14). */
export function nextReceivedTickMs({ forward }: ReceivedState): number | undefined {
  return forward && isWaiting(forward) ? forward.askAgainAtMs : undefined;
}

const isWaiting = ({ phase, isStarted, isLapsed }: ReceivedForward): boolean =>
  phase === 'withdrawing' ||
  (!isStarted && isLapsed !== true && (phase === 'accepted' || phase === 'committed'));

function age(
  draft: ReceivedDraft,
  { instance, sequence }: { instance: string; sequence: number },
): 'newer' | 'same' | 'older' {
  const known = draft.state.forward;
  if (known === undefined || known.instance !== instance || sequence > known.sequence) return 'newer';
  return sequence === known.sequence ? 'same' : 'older';
}

function answer(draft: ReceivedDraft, ticket: number, standing: ForwardStanding): void {
  const newestSequence = draft.state.forward?.sequence ?? 0;
  draft.send({ type: 'answer', ticket, standing, newestSequence });
}

const standingOf = ({ phase }: ReceivedForward): ForwardStanding =>
  phase === 'committed' ? 'past-no-return' : phase;

function forwarded(draft: ReceivedDraft, { ticket, trigger }: Of<'forwarded'>): void {
  const how = age(draft, trigger);
  if (how === 'older') {
    answer(draft, ticket, 'superseded');
    return;
  }
  if (how === 'newer') open(draft, trigger);
  else hearAgain(draft, trigger);
  const { forward } = draft.state;
  if (forward) answer(draft, ticket, standingOf(forward));
}

/** What an older one has begun is joined, as any second trigger joins: the take-over table sees to it (I11). */
function open(draft: ReceivedDraft, trigger: ForwardedTrigger): void {
  const { timeLimitMs, ...told } = trigger;
  const deadlineAtMs = timeLimitMs === undefined ? undefined : draft.nowMs + timeLimitMs;
  draft.set({
    ...told,
    runTriggerId: runTriggerIdOf(draft.state, trigger, 1),
    phase: 'accepted',
    deadlineAtMs,
    attempts: 1,
    isStarted: false,
    askAgainAtMs: 0,
    withdrawal: '',
    heardAtMs: draft.nowMs,
  });
  ask(draft);
}

function hearAgain(draft: ReceivedDraft, trigger: ForwardedTrigger): void {
  const { isLapsed, isUnheard } = draft.state.forward ?? {};
  const isNews = isLapsed === true || isUnheard === true;
  draft.change({ heardAtMs: draft.nowMs, ...(isNews ? { isLapsed: false, isUnheard: false } : {}) });
  if (draft.state.forward?.unwantedSinceMs !== undefined) draft.change({ unwantedSinceMs: undefined });
  tighten(draft, trigger);
  const { forward } = draft.state;
  if (isNews && forward && isWaiting(forward) && forward.phase !== 'withdrawing') ask(draft);
}

/** Deterministic: the same forward asks for the same run, over any restart. */
function runTriggerIdOf(
  { peer, ups }: ReceivedState,
  { instance, sequence }: Pick<ForwardedTrigger, 'instance' | 'sequence'>,
  attempts: number,
): string {
  const first = `peer:${peer}:${ups}:${instance}:${sequence}`;
  return attempts > 1 ? `${first}.${attempts}` : first;
}

/** The battery over there dies faster than was believed: the run chooses its rung by what is left. */
function tighten(draft: ReceivedDraft, { timeLimitMs, sentence }: ForwardedTrigger): void {
  const { forward } = draft.state;
  if (!forward || timeLimitMs === undefined) return;
  if (forward.phase !== 'accepted' && forward.phase !== 'running' && forward.phase !== 'committed') return;
  const deadlineAtMs = draft.nowMs + timeLimitMs;
  if (forward.deadlineAtMs !== undefined && forward.deadlineAtMs - deadlineAtMs < tightenedMs) return;
  draft.change({ deadlineAtMs, sentence });
  if (forward.isStarted) {
    ask(draft);
    return;
  }
  // What is let alone after a run that failed, or that a person has aborted, is so until its time, which may be nearer now.
  const latestAtMs = draft.nowMs + abortPauseMs({ deadlineAtMs }, draft.nowMs);
  draft.change({ askAgainAtMs: Math.min(forward.askAgainAtMs, latestAtMs) });
}

function ask(draft: ReceivedDraft): void {
  const { forward } = draft.state;
  if (!forward) return;
  const { runTriggerId, cause, deadlineAtMs, sentence } = forward;
  const timeLimitMs = deadlineAtMs === undefined ? undefined : Math.max(0, deadlineAtMs - draft.nowMs);
  const told = `${draft.state.peer}: ${sentence}`;
  draft.change({ askAgainAtMs: draft.nowMs + askAgainMs });
  draft.send({ type: 'trigger', triggerId: runTriggerId, cause, sentence: told, timeLimitMs });
}

function askReverse(draft: ReceivedDraft): void {
  const { forward } = draft.state;
  if (!forward) return;
  draft.change({ askAgainAtMs: draft.nowMs + askAgainMs });
  const sentence = `${draft.state.peer} takes its shutdown back: ${forward.withdrawal}`;
  draft.send({ type: 'reverse', triggerId: forward.runTriggerId, sentence });
}

function askAgain(draft: ReceivedDraft, isAtOnce: boolean): void {
  const { forward } = draft.state;
  if (!forward || !isWaiting(forward)) return;
  if (!isAtOnce && draft.nowMs < forward.askAgainAtMs) return;
  if (forward.phase === 'withdrawing') askReverse(draft);
  else if (isGone(draft, forward)) draft.change({ isLapsed: true });
  else if (isUnwanted(draft, forward)) draft.change({ askAgainAtMs: draft.nowMs + askAgainMs });
  else if (isUnheard(draft, forward)) draft.change({ askAgainAtMs: unheardUntilMs(draft, forward) });
  else ask(draft);
}

const isGone = (
  { nowMs }: ReceivedDraft,
  { heardAtMs = nowMs, deadlineAtMs = 0 }: ReceivedForward,
): boolean => nowMs - heardAtMs >= lapsedAfterMs && nowMs >= deadlineAtMs;

const unheardUntilMs = ({ nowMs }: ReceivedDraft, { heardAtMs = nowMs }: ReceivedForward): number =>
  heardAtMs + unheardMostMs;

const isUnheard = (draft: ReceivedDraft, forward: ReceivedForward): boolean =>
  forward.isUnheard === true && draft.nowMs < unheardUntilMs(draft, forward);

const isUnwanted = ({ nowMs }: ReceivedDraft, { unwantedSinceMs, heardAtMs = 0 }: ReceivedForward): boolean =>
  unwantedSinceMs !== undefined && nowMs - heardAtMs < unwantedSilenceMs;

/** As if it had taken back all that it has asked for. What is past its point of no return goes on to its end (I10). */
function revoked(draft: ReceivedDraft, { sentence }: Of<'revoked'>): void {
  const { forward } = draft.state;
  if (!forward || forward.isRevoked === true) return;
  const { phase, isStarted, isLapsed } = forward;
  if (phase === 'withdrawn' || phase === 'ended') return;
  draft.change({ isRevoked: true });
  if (phase === 'committed') {
    if (!isStarted) draft.change({ phase: 'ended', isLapsed: false });
  } else if (phase !== 'withdrawing') {
    draft.change({ phase: 'withdrawing', withdrawal: sentence, ...(isLapsed ? { isLapsed: false } : {}) });
    askReverse(draft);
  }
}

function withdrawn(draft: ReceivedDraft, input: Of<'withdrawn'>): void {
  const { ticket, instance, sequence, sentence } = input;
  const how = age(draft, input);
  if (how === 'older') {
    answer(draft, ticket, 'superseded');
    return;
  }
  // The forward that it takes back was lost, or is behind it: it must not begin anything any more.
  if (how === 'newer') takeUnheard(draft, { instance, sequence });
  const { forward } = draft.state;
  draft.change({ heardAtMs: draft.nowMs, ...(forward?.isLapsed ? { isLapsed: false } : {}) });
  if (forward?.phase === 'accepted' || forward?.phase === 'running') {
    draft.change({ phase: 'withdrawing', withdrawal: sentence });
    askReverse(draft);
  } else if (forward?.phase === 'committed') notWanted(draft, forward);
  answer(draft, ticket, draft.state.forward ? standingOf(draft.state.forward) : 'withdrawn');
}

function notWanted(
  draft: ReceivedDraft,
  { unwantedSinceMs = draft.nowMs, isStarted }: ReceivedForward,
): void {
  draft.change({ unwantedSinceMs });
  if (!isStarted && draft.nowMs - unwantedSinceMs >= unwantedMs)
    draft.change({ phase: 'ended', isUnfinished: true });
}

/** What an older one has begun is taken back with it: of one UPS only the newest word counts. */
function takeUnheard(draft: ReceivedDraft, newest: Pick<ForwardedTrigger, 'instance' | 'sequence'>): void {
  const { forward } = draft.state;
  if (forward && forward.phase !== 'withdrawn' && forward.phase !== 'ended') {
    draft.set({ ...forward, ...newest });
    return;
  }
  draft.set({
    ...newest,
    triggerId: '',
    cause: '',
    sentence: '',
    runTriggerId: runTriggerIdOf(draft.state, newest, 1),
    phase: 'withdrawn',
    deadlineAtMs: undefined,
    attempts: 1,
    isStarted: false,
    askAgainAtMs: 0,
    withdrawal: '',
  });
}

function hearRun(draft: ReceivedDraft, { triggerId, event }: Of<'run'>): void {
  const { forward } = draft.state;
  if (forward?.runTriggerId !== triggerId) return;
  const { phase } = forward;
  if (phase === 'withdrawn' || phase === 'ended') return;
  switch (event) {
    case 'started':
      draft.change({ isStarted: true, phase: phase === 'accepted' ? 'running' : phase });
      return;
    case 'past-no-return':
      // It goes on to its end: nothing is taken back (I10).
      draft.change({ isStarted: true, phase: 'committed', withdrawal: '' });
      return;
    case 'ended':
      draft.change({ phase: 'ended' });
      return;
    case 'failed':
      if (phase === 'withdrawing') draft.change({ phase: 'withdrawn', isStarted: false });
      else retry(draft, forward, failurePauseMs(forward));
      return;
    case 'aborted':
      if (phase === 'withdrawing') draft.change({ phase: 'withdrawn', isStarted: false });
      else retry(draft, forward, abortPauseMs(forward, draft.nowMs));
  }
}

const failurePauseMs = ({ attempts }: ReceivedForward): number =>
  Math.min(retryMostMs, retryLeastMs * 2 ** Math.min(attempts - 1, 10));

/** Of a battery that was to be empty by now nobody knows what is left; a site that has died says no more of it. */
function abortPauseMs({ deadlineAtMs }: Pick<ReceivedForward, 'deadlineAtMs'>, nowMs: number): number {
  if (deadlineAtMs === undefined || deadlineAtMs <= nowMs) return abortedMostMs;
  return Math.min(abortedMostMs, Math.max(abortedLeastMs, (deadlineAtMs - nowMs) / 2));
}

/** A run that failed does not answer the trigger: another is asked for, under another id, after a pause. */
function retry(draft: ReceivedDraft, forward: ReceivedForward, pauseMs: number): void {
  if (forward.isRevoked === true) {
    draft.change({ phase: 'ended', isStarted: false });
    return;
  }
  const attempts = forward.attempts + 1;
  draft.change({
    attempts,
    runTriggerId: runTriggerIdOf(draft.state, forward, attempts),
    phase: forward.phase === 'committed' ? 'committed' : 'accepted',
    isStarted: false,
    askAgainAtMs: draft.nowMs + pauseMs,
  });
}
