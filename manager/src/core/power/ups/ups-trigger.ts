/** A trigger: asked for until a run has begun, tightened while the battery dies faster, reversed while it can be. */
import { reverseSentence, runtimeSentence, triggerSentence } from './power-sentence.ts';
import { judgeReverse } from './recovery.ts';
import { loadAtTrigger } from './runtime-under-load.ts';
import type { UpsDraft } from './ups-draft.ts';
import { estimateOf } from './ups-estimate.ts';
import { release } from './ups-hold.ts';
import { finish, leaveUnfinished } from './ups-leave.ts';
import type { TriggerCause, UpsTrigger } from './ups-state.ts';
import { isWaitingForLook } from './ups-unseen.ts';

/** Until a run has begun. */
const askAgainMs = 5000;

/** After a run that failed: twice as long each time, from this to this. */
const retryLeastMs = 10_000;
const retryMostMs = 60_000;

/** A deadline that has come nearer by more than that is told. */
const tightenedMs = 10_000;

export function trigger(draft: UpsDraft, cause: TriggerCause): void {
  const attempts = draft.state.attempts + 1;
  draft.set({ attempts });
  const opened: UpsTrigger = {
    triggerId: triggerIdOf(draft),
    cause,
    atMs: draft.nowMs,
    askAgainAtMs: draft.nowMs + askAgainMs,
    isStarted: false,
    isReversing: false,
    sentence: triggerSentence(draft.state, draft.config, cause, draft.nowMs),
    deadlineAtMs: draft.nowMs + timeLimitMs(draft, cause),
    ...(draft.state.phase === 'hosts-off' ? { isLast: true } : {}),
  };
  draft.set({ trigger: opened });
  if (opened.isLast !== true) rememberLoad(draft);
  release(draft);
  finish(draft, `${draft.state.ups}: a shutdown is asked for again`);
  draft.enter('triggered');
  draft.setFast(true);
  ask(draft, opened);
}

/** The site is up still: what it loads the battery with is to be carried again when it is started. */
function rememberLoad(draft: UpsDraft): void {
  const { reading } = draft.state;
  const { source, leftMs } = estimateOf(draft.state, draft.config, draft.nowMs);
  draft.set({ load: loadAtTrigger(reading, source === 'runtime' ? leftMs : undefined) });
}

/** Deterministic: the same outage asks for the same run, over any restart. */
function triggerIdOf({ state: { ups, outages, attempts } }: UpsDraft): string {
  const outage = `ups:${ups}:${outages}`;
  return attempts > 1 ? `${outage}.${attempts}` : outage;
}

/** What the battery is good for: less than is believed by what telemetry may be too optimistic by. */
function timeLimitMs(draft: UpsDraft, cause: TriggerCause): number {
  const { leftMs } = estimateOf(draft.state, draft.config, draft.nowMs);
  const { runtimeSafetyFactor, forwardingLatencyMs } = draft.config;
  const { budgetMs } = draft.threshold;
  if (leftMs === undefined) return budgetMs;
  const good = Math.max(0, Math.round(leftMs / runtimeSafetyFactor - forwardingLatencyMs));
  // A battery that is low, or an upstream that cuts the power, does not keep to the runtime that is told.
  return cause === 'low-battery' || cause === 'forced-shutdown' ? Math.min(good, budgetMs) : good;
}

function ask(draft: UpsDraft, { triggerId, cause, sentence }: UpsTrigger, since = ''): void {
  const { slackMs } = estimateOf(draft.state, draft.config, draft.nowMs);
  const limitMs = timeLimitMs(draft, cause);
  const told = `${sentence}${since}`;
  draft.send({ type: 'trigger', triggerId, cause, sentence: told, slackMs, timeLimitMs: limitMs });
}

/** While a trigger is open. */
export function followTrigger(draft: UpsDraft): void {
  if (leaveUnfinished(draft)) return;
  tighten(draft);
  askAgain(draft, 'in-time');
  reverse(draft);
}

/** What has not been answered, and at a start what may not have left (I9). */
export function askAgain(draft: UpsDraft, when: 'at-once' | 'in-time'): void {
  const { trigger: open, phase } = draft.state;
  if (open === undefined || (phase !== 'triggered' && phase !== 'committed')) return;
  if (when === 'in-time' && (open.isStarted || draft.nowMs < open.askAgainAtMs)) return;
  if (!open.isReversing && (open.isStarted || isWaitingForLook(draft, open))) return;
  if (open.isReversing) askReverse(draft, open);
  else ask(draft, open);
  draft.set({ trigger: { ...open, askAgainAtMs: draft.nowMs + askAgainMs } });
}

/** The battery dies faster than was believed: the run that has begun chooses its rung by what is left. */
function tighten(draft: UpsDraft): void {
  const { trigger: open, outage, mainsSinceMs, silentSinceMs } = draft.state;
  if (open === undefined || outage === undefined) return;
  if (mainsSinceMs !== undefined || silentSinceMs !== undefined) return;
  const deadlineAtMs = draft.nowMs + timeLimitMs(draft, open.cause);
  if (open.deadlineAtMs !== undefined && open.deadlineAtMs - deadlineAtMs < tightenedMs) return;
  draft.set({ trigger: { ...open, deadlineAtMs } });
  if (!open.isStarted) return;
  ask(draft, open, `; since then: ${runtimeSentence(draft.state, draft.config, draft.nowMs)}`);
}

/** Only before the point of no return (I10). */
function reverse(draft: UpsDraft): void {
  const { trigger: open, phase } = draft.state;
  if (open === undefined || phase !== 'triggered' || open.isReversing) return;
  if (!judgeReverse(draft.state, draft.threshold, draft.nowMs).isAllowed) return;
  draft.set({ trigger: { ...open, isReversing: true, askAgainAtMs: draft.nowMs + askAgainMs } });
  askReverse(draft, open);
}

function askReverse(draft: UpsDraft, { triggerId }: UpsTrigger): void {
  const { sentence } = judgeReverse(draft.state, draft.threshold, draft.nowMs);
  draft.send({ type: 'reverse', triggerId, sentence: reverseSentence(draft.state, sentence) });
}

/** A run that failed does not answer the trigger: another is asked for, under another id, after a pause. */
export function retry(draft: UpsDraft): void {
  const { trigger: open, attempts, ups } = draft.state;
  if (open === undefined) return;
  const pauseMs = Math.min(retryMostMs, retryLeastMs * 2 ** Math.min(attempts - 1, 10));
  draft.set({ attempts: attempts + 1 });
  const triggerId = triggerIdOf(draft);
  draft.set({ trigger: { ...open, triggerId, isStarted: false, askAgainAtMs: draft.nowMs + pauseMs } });
  draft.raise(
    'run-failed',
    'critical',
    `${ups}: the shutdown that it asked for failed: asked for again in ${pauseMs / 1000} s, as ${triggerId}`,
  );
}
