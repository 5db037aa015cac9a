/** What operators and triggers ask for: a run, or the end of one. */
import { withdrawOrders } from './dead-man-orders.ts';
import { acceptedRun } from './fold-records.ts';
import { refusalByIntent } from './intent.ts';
import { methodDeadlineMs } from './method-limit.ts';
import { isActive, isPastNoReturn } from './plan-walk.ts';
import type { RunRequest, RunState } from './run.ts';
import { RunDraft } from './run-draft.ts';
import { begin as beginRun, cutShort, proceed } from './run-progress.ts';
import type { RunRecord } from './run-record.ts';
import type { RunRefusal, RunsInput, RunsInstant, RunsState, RunsStep } from './runs-state.ts';
import { andThen, commit, forEachRun, nothing } from './runs-step.ts';
import { type TakeOver, takeOver } from './take-over.ts';

type Of<Type extends RunsInput['type']> = Extract<RunsInput, { type: Type }>;

/** Runs that are not over (I14); a shutdown is never refused for it: those that hold nodes exclude each other. */
export const activeMax = 64;

/** Runs that are over, and of which a node has not said that it holds no order of theirs any more (I14). */
export const unwithdrawnMax = 32;

export function request(state: RunsState, input: Of<'request'>, at: RunsInstant): RunsStep {
  const decision = takeOver(state.runs.values(), input.request);
  switch (decision.type) {
    case 'refuse':
      return refuse(state, input.ticket, decision.refusal);
    case 'join':
      return join(state, input, decision.runId, at);
    case 'begin':
      return begin(state, input, decision, at);
  }
}

const refuse = (state: RunsState, ticket: number, refusal: RunRefusal): RunsStep => ({
  state,
  effects: [{ type: 'refuse', ticket, refusal }],
});

function begin(
  state: RunsState,
  input: Of<'request'>,
  { preempts }: Extract<TakeOver, { type: 'begin' }>,
  at: RunsInstant,
): RunsStep {
  const { request: asked, ticket } = input;
  const isStartup = asked.plan.kind === 'startup';
  const blocked =
    isStartup && !input.isIntentOverridden
      ? refusalByIntent(state.intent, at.wallMs, input.intentAgeMaxMs)
      : undefined;
  if (blocked) return refuse(state, ticket, blocked);
  const active = [...state.runs.values()].filter(isActive);
  if (active.length >= activeMax && asked.plan.kind !== 'shutdown') return refuse(state, ticket, tooMany());
  // Ended before the other is accepted: at no crash point do two hold a node (I11).
  const cleared = forEachRun(state, preempts, (next, run) => preempt(next, run, asked, at));
  const bounded = andThen(cleared, (next) => letGo(next, at));
  return andThen(bounded, (next) => {
    const draft = accepted(asked, next.bootId, at);
    draft.send({ type: 'answer-request', ticket, runId: asked.runId, isJoined: false, preempted: preempts });
    draft.tell({ type: 'run-started' });
    beginRun(draft);
    const overridden = isStartup ? next.intent?.runId : undefined;
    // Not decided before it is durable: a disk that refuses refuses the run, also a shutdown.
    return commit(next, draft, { ticket, onFailure: 'halt', overridden });
  });
}

function accepted(asked: RunRequest, bootId: string, at: RunsInstant): RunDraft {
  const { runId } = asked;
  const record: Extract<RunRecord, { type: 'run-accepted' }> = {
    type: 'run-accepted',
    request: asked,
    bootId,
    runId,
    atMs: at.nowMs,
  };
  return new RunDraft(acceptedRun(record), at, [record]);
}

const tooMany = (): RunRefusal => ({
  code: 'HEC_BUSY',
  message: `${activeMax} runs are going on`,
  remedy: 'hecatectl runs list shows them; ask again when one of them is over',
});

/** A node that is away for good does not keep runs for ever; newer orders have taken the place of these. */
function letGo(state: RunsState, at: RunsInstant): RunsStep {
  const over = [...state.runs.values()].filter((run) => !isActive(run));
  const oldest = over.slice(0, Math.max(0, over.length - unwithdrawnMax));
  return forEachRun(
    state,
    oldest.map((run) => run.request.runId),
    (next, run) => {
      const draft = new RunDraft(run, at);
      draft.write({ type: 'withdrawn', nodes: run.armed });
      return commit(next, draft, { onFailure: 'proceed' });
    },
  );
}

/** Nothing more of it is sent; what is in flight goes on in systemd. */
function preempt(state: RunsState, run: RunState, by: RunRequest, at: RunsInstant): RunsStep {
  const draft = new RunDraft(run, at);
  cutShort(draft, 'pre-empted', `pre-empted by ${by.plan.name}, run ${by.runId}`);
  return commit(state, draft, { onFailure: 'proceed' });
}

/**
 * A second trigger of what is there already: a smaller limit tightens the deadline, and nothing loosens it (I10). That of
 * less work does not: who may stop the cluster may not therefore hurry a shutdown that powers hosts off.
 */
function join(
  state: RunsState,
  { request: asked, ticket }: Of<'request'>,
  runId: RunRequest['runId'],
  at: RunsInstant,
) {
  const run = state.runs.get(runId);
  if (!run) return nothing(state);
  const draft = new RunDraft(run, at);
  const isLessWork = asked.plan.mode !== run.request.plan.mode;
  const deadlineAtMs =
    asked.timeLimitMs === undefined || isLessWork ? undefined : at.nowMs + asked.timeLimitMs;
  if (deadlineAtMs !== undefined && deadlineAtMs < (run.deadlineAtMs ?? Number.POSITIVE_INFINITY)) {
    const why = `joined by ${asked.requestedBy}${asked.reason ? `: ${asked.reason}` : ''}`;
    draft.write({
      type: 'limit-tightened',
      deadlineAtMs,
      methodDeadlineAtMs: tightenedMethod(run, deadlineAtMs),
      why,
    });
  }
  // Who has asked for less work does not want hosts off.
  const isPerson = asked.triggerId === '' && !asked.isRehearsal && !isLessWork;
  if (isPerson && run.request.triggerId !== '' && run.joinedBy === undefined && isActive(run))
    draft.write({ type: 'joined', by: asked.requestedBy });
  draft.send({ type: 'answer-request', ticket, runId, isJoined: true, preempted: [] });
  return commit(state, draft);
}

function tightenedMethod(run: RunState, deadlineAtMs: number): number | undefined {
  const { running } = run;
  if (!running) return undefined;
  const limited = methodDeadlineMs({ ...run, deadlineAtMs }, running.address, running.methodBeganAtMs);
  return Math.min(running.deadlineAtMs, limited);
}

export function abort(state: RunsState, input: Of<'abort'>, at: RunsInstant): RunsStep {
  const { ticket, runId, by, reason } = input;
  const run = state.runs.get(runId);
  if (!run || !isActive(run)) return refuse(state, ticket, notActive(runId));
  if (isPastNoReturn(run)) return refuse(state, ticket, noReturn(run));
  const draft = new RunDraft(run, at);
  if (!run.abort) {
    draft.write({ type: 'abort-requested', by, reason });
    draft.tell({ type: 'abort-requested', by, reason });
    withdrawOrders(draft);
  }
  draft.send({ type: 'answer-abort', ticket, runId });
  if (!draft.run.running) proceed(draft);
  // A run is never kept from ending by its disk.
  return commit(state, draft, { onFailure: 'proceed' });
}

const notActive = (runId: string): RunRefusal => ({
  code: 'HEC_NO_SUCH_RUN',
  message: `no run ${runId} is going on: it is over, or was never there`,
  remedy: 'hecatectl runs list',
});

function noReturn({ request: { plan, runId } }: RunState): RunRefusal {
  return {
    code: 'HEC_NO_RETURN',
    message: `run ${runId} (${plan.name}) has begun to power hosts off: it goes on to its end`,
    remedy: `hecatectl runs watch ${runId}; afterwards: hecatectl startup`,
  };
}
