/**
 * All runs of a site, as a pure function: what is asked, what operations, gates and hooks answer, and time go in; what
 * is to be recorded, and then sent, comes out (I9). Nothing here waits: a time-out is an input.
 */
import type { OpId } from '@hecate/proto/core/names.ts';
import { leavesOf } from '../plan/gate-verdict.ts';
import { holdsToOrders, ordersAtReturn } from './dead-man-orders.ts';
import { hasten, heard, isLooking, look } from './gate-look.ts';
import { intentAfter } from './intent.ts';
import { endOperation, goOn, openOperation, retryPauseOf, setPhase } from './operations-of-method.ts';
import { orderCarriedOut } from './order-carried-out.ts';
import { isActive, runningAction } from './plan-walk.ts';
import { presumedSentence } from './presumed-off.ts';
import type { RunningStep, RunState } from './run.ts';
import { RunDraft } from './run-draft.ts';
import {
  cutShort,
  endInTime,
  endStep,
  failMethod,
  followVerdict,
  inVainSentence,
  retryNow,
} from './run-progress.ts';
import type { RunRecord } from './run-record.ts';
import { abort, request } from './run-requests.ts';
import { resumeRun } from './run-resume.ts';
import type { RunsEffect, RunsInput, RunsInstant, RunsState, RunsStep } from './runs-state.ts';
import { commit, commitOf, forEachRun, nothing } from './runs-step.ts';

export { openRuns } from './fold-records.ts';
export { pastRunOf } from './past-run.ts';
export { runReport, runSummary } from './run-report.ts';

type Of<Type extends RunsInput['type']> = Extract<RunsInput, { type: Type }>;

export function runsStep(state: RunsState, input: RunsInput, at: RunsInstant): RunsStep {
  switch (input.type) {
    case 'request':
      return request(state, input, at);
    case 'abort':
      return abort(state, input, at);
    case 'operation-accepted':
      return withOperation(state, input.opId, at, (draft) => setPhase(draft, input.opId, 'accepted'));
    case 'operation-ended':
      return withOperation(state, input.opId, at, (draft) => endOperation(draft, input.opId, input.end));
    case 'operation-unknown':
      return withOperation(state, input.opId, at, (draft) => setPhase(draft, input.opId, 'waiting'));
    case 'observed':
      return observed(state, input, at);
    case 'hook-ended':
      return hookEnded(state, input, at);
    case 'withdrawn':
      return withdrawn(state, input, at);
    case 'noticed':
      return forEachRun(state, [...state.runs.keys()], (next, run) => noticed(next, run, input, at));
    case 'order-carried-out':
      return orderCarriedOut(state, input, at);
    case 'node-online':
      return { state, effects: [...state.runs.values()].flatMap((run) => ordersAtReturn(run, input.node)) };
    case 'commit-failed':
      return commitFailed(state, input, at);
    case 'resume':
      return forEachRun(state, [...state.runs.keys()], (next, run) => resumeRun(next, run, at));
    case 'tick':
      return forEachRun(state, [...state.runs.keys()], (next, run) => tick(next, run, at));
  }
}

/** When the machine wants its next tick; never, when nothing is due (I14). */
export function nextRunsTickMs(state: RunsState): number {
  let next = Number.POSITIVE_INFINITY;
  for (const run of state.runs.values()) {
    if (isActive(run) && run.running) next = Math.min(next, dueAtMs(run.running));
  }
  return next;
}

function dueAtMs({ deadlineAtMs, look: last, retryAtMs }: RunningStep): number {
  const lookAtMs = last && !last.isAsked ? last.nextAtMs : Number.POSITIVE_INFINITY;
  return Math.min(deadlineAtMs, lookAtMs, retryAtMs ?? Number.POSITIVE_INFINITY);
}

function tick(state: RunsState, run: RunState, at: RunsInstant): RunsStep {
  const { running } = run;
  if (!isActive(run) || !running || at.nowMs < dueAtMs(running)) return nothing(state);
  const draft = new RunDraft(run, at);
  const { action } = runningAction(run, running);
  if (at.nowMs >= running.deadlineAtMs) endInTime(draft);
  else if (running.retryAtMs !== undefined) retryNow(draft);
  else if (isLooking(action)) look(draft, action);
  return commit(state, draft);
}

/** What is told of an operation counts while it is open in a step that is running, and then decides how that goes on. */
function withOperation(
  state: RunsState,
  opId: OpId,
  at: RunsInstant,
  change: (draft: RunDraft) => void,
): RunsStep {
  for (const run of state.runs.values()) {
    if (!isActive(run) || !run.running || !openOperation(run.running, opId)) continue;
    const { step, action } = runningAction(run, run.running);
    if (action.type !== 'operations') continue;
    const draft = new RunDraft(run, at);
    change(draft);
    followVerdict(draft, goOn(draft, action, step));
    return commit(state, draft);
  }
  return nothing(state);
}

function observed(state: RunsState, input: Of<'observed'>, at: RunsInstant): RunsStep {
  const run = state.runs.get(input.runId);
  if (!run || !isActive(run) || !run.running) return nothing(state);
  const { step, action } = runningAction(run, run.running);
  if (!isLooking(action)) return nothing(state);
  const draft = new RunDraft(run, at);
  const verdict = heard(draft, action, step.id, input);
  if (verdict === 'holds')
    endStep(draft, 'done', presumedSentence(draft.run, leavesOf(action.gate.condition)), false);
  else if (verdict === 'in-vain') failMethod(draft, inVainSentence(draft.run.running, action), false);
  return commit(state, draft);
}

function noticed(state: RunsState, run: RunState, { node, unit }: Of<'noticed'>, at: RunsInstant): RunsStep {
  if (!isActive(run) || !run.running) return nothing(state);
  const { action } = runningAction(run, run.running);
  if (!isLooking(action)) return nothing(state);
  const draft = new RunDraft(run, at);
  hasten(draft, action, node, unit);
  return draft.run === run ? nothing(state) : commit(state, draft);
}

function hookEnded(state: RunsState, input: Of<'hook-ended'>, at: RunsInstant): RunsStep {
  const run = state.runs.get(input.runId);
  if (!run || !isActive(run) || !run.running) return nothing(state);
  const { running } = run;
  const { step, action } = runningAction(run, running);
  const isIt = step.id === input.stepId && running.method === input.method && running.retryAtMs === undefined;
  if (action.type !== 'hook' || !isIt) return nothing(state);
  const draft = new RunDraft(run, at);
  const retryAtMs = at.nowMs + retryPauseOf(running.retries);
  const willRetry = step.onFailure === 'retry' && !run.abort && retryAtMs < running.deadlineAtMs;
  if (input.exitStatus === 0) endStep(draft, 'done', '', false);
  else if (willRetry) draft.note({ retryAtMs });
  else failMethod(draft, hookSentence(action.hook, input), at.nowMs >= running.deadlineAtMs);
  return commit(state, draft);
}

function hookSentence(hook: string, { exitStatus, message }: Of<'hook-ended'>): string {
  const how =
    exitStatus === undefined ? 'could not be run, or was killed' : `ended with exit status ${exitStatus}`;
  return message ? `${hook} ${how}: ${message}` : `${hook} ${how}`;
}

function withdrawn(state: RunsState, { runId, node }: Of<'withdrawn'>, at: RunsInstant): RunsStep {
  const run = state.runs.get(runId);
  // Of a run that goes on nobody has withdrawn anything: its order was armed again since.
  if (!run?.armed.includes(node) || holdsToOrders(run)) return nothing(state);
  const draft = new RunDraft(run, at);
  draft.write({ type: 'withdrawn', nodes: [node] });
  return commit(state, draft, { onFailure: 'proceed' });
}

/** The disk has refused: of a request, the run was never there; a run that is not a shutdown ends here. */
function commitFailed(state: RunsState, input: Of<'commit-failed'>, at: RunsInstant): RunsStep {
  const run = state.runs.get(input.runId);
  const { ticket, message } = input;
  if (ticket !== undefined) return notBegun(state, input, ticket, at);
  if (!run || !isActive(run)) return nothing(state);
  const draft = new RunDraft(run, at);
  cutShort(draft, 'failed', `its journal could not be written: ${message}`);
  return commit(state, draft, { onFailure: 'proceed' });
}

function notBegun(
  state: RunsState,
  { runId, message }: Of<'commit-failed'>,
  ticket: number,
  at: RunsInstant,
): RunsStep {
  const runs = new Map(state.runs);
  runs.delete(runId);
  const intent = intentAfter(runs.values(), state.intent, new Set([runId]));
  const why = `the run was not begun, because that could not be recorded: ${message}`;
  const remedy = 'make room on the disk of the state directory, then ask again';
  const end: RunRecord = { type: 'run-ended', runId, atMs: at.nowMs, outcome: 'failed', why };
  const effects: readonly RunsEffect[] = [
    { type: 'refuse', ticket, refusal: { code: 'HEC_STATE', message: why, remedy } },
    // Its beginning may be on the disk all the same, when only a part of the commit was refused.
    commitOf(runId, [end]),
  ];
  return { state: { ...state, runs, intent }, effects };
}
