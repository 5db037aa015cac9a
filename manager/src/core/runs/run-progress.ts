/**
 * How a run goes on: methods of a step, steps of a stage, stages, its end. Every decision is taken out of the state
 * alone, so that a resume takes the same.
 */
import { keptAt } from '../plan/bounds.ts';
import { chooseRung } from '../plan/choose-rung.ts';
import type { Action, StepAddress } from '../plan/plan.ts';
import { formatSeconds } from '../plan/plan-words.ts';
import { recordArming, sendOrders, withdrawOrders } from './dead-man-orders.ts';
import { isLooking, type LookingAction, look } from './gate-look.ts';
import { methodDeadlineMs } from './method-limit.ts';
import { failureSentence } from './operation-verdict.ts';
import {
  endAllInTime,
  goOn,
  identified,
  type OperationsVerdict,
  retryOperations,
} from './operations-of-method.ts';
import { methodAt, nextAddress, runningAction, stepAt } from './plan-walk.ts';
import type { RunningStep, RunOutcome, StepOutcome } from './run.ts';
import type { RunDraft } from './run-draft.ts';

type HookAction = Extract<Action, { type: 'hook' }>;

/** Begins what is next; ends the run when nothing is, or when it is not to go on. */
export function proceed(draft: RunDraft): void {
  let address = upcoming(draft);
  while (address && !keptAt(draft.plan, address, draft.run.rung)) {
    leaveOut(draft, address);
    address = upcoming(draft);
  }
  if (address) beginMethod(draft, address, 0);
}

function upcoming(draft: RunDraft): StepAddress | undefined {
  const address = nextAddress(draft.plan, draft.run.results.at(-1)?.address);
  const end = endBefore(draft, address);
  if (end) endRun(draft, ...end);
  else if (address) chooseLowerRung(draft, address);
  return end ? undefined : address;
}

function endBefore(draft: RunDraft, address: StepAddress | undefined): [RunOutcome, string] | undefined {
  const { run, plan } = draft;
  const last = run.results.at(-1);
  if (last?.outcome === 'failed') {
    const step = stepAt(plan, last.address);
    return ['failed', `step ${step.id} (${step.name}): ${last.why}`];
  }
  if (!address) return completed(draft);
  if (run.abort) return ['aborted', abortSentence(draft, address)];
  if (!isOverLimit(draft)) return undefined;
  return ['failed', `its time limit was over before step ${stepAt(plan, address).id}`];
}

function abortSentence({ run: { abort } }: RunDraft, address: StepAddress): string {
  const reason = abort?.reason ? `: ${abort.reason}` : '';
  return `aborted by ${abort?.by} before step ${address.stage + 1}.${address.step + 1}${reason}`;
}

function completed({ run }: RunDraft): [RunOutcome, string] {
  const degraded = run.results.filter(({ outcome }) => outcome !== 'done');
  if (degraded.length === 0) return ['done', ''];
  const ids = degraded.map(({ address }) => stepAt(run.request.plan, address).id);
  return ['degraded', `not as planned: ${ids.length === 1 ? 'step' : 'steps'} ${ids.join(', ')}`];
}

/** A shutdown goes on past its time limit, on its last rung; what builds up does not. */
const isOverLimit = ({ run, plan, at }: RunDraft): boolean =>
  plan.kind !== 'shutdown' && run.deadlineAtMs !== undefined && at.nowMs >= run.deadlineAtMs;

/** Between steps, and only downwards (I5); orders of nodes follow. */
function chooseLowerRung(draft: RunDraft, from: StepAddress): boolean {
  const { deadlineAtMs, rung: current, request } = draft.run;
  if (deadlineAtMs === undefined) return false;
  const leftMs = deadlineAtMs - draft.at.nowMs;
  const { rung, why } = chooseRung({ plan: draft.plan, from, learntMs: request.learntMs, leftMs, current });
  if (rung === current) return false;
  draft.write({ type: 'rung-chosen', rung, why });
  draft.tell({ type: 'degraded', what: `rung ${rung}`, why });
  sendOrders(draft);
  return true;
}

/** The nodes have their orders, of the rung that it begins on, before anything is asked of them. */
export function begin(draft: RunDraft): void {
  recordArming(draft);
  const first = nextAddress(draft.plan, undefined);
  if (!first || !chooseLowerRung(draft, first)) sendOrders(draft);
  proceed(draft);
}

/** I1: what is left out is durably declared degraded before what is behind it begins. */
function leaveOut(draft: RunDraft, address: StepAddress): void {
  writeStepEnd(draft, { address, outcome: 'left-out', why: `left out at the rung ${draft.run.rung}` });
}

export function beginMethod(draft: RunDraft, address: StepAddress, method: number): void {
  const step = stepAt(draft.plan, address);
  const action = methodAt(step, method);
  const { nowMs } = draft.at;
  const latestMs = methodDeadlineMs(draft.run, address, nowMs);
  const deadlineAtMs = action.type === 'wait' ? Math.min(latestMs, nowMs + action.durationMs) : latestMs;
  const operations = action.type === 'operations' ? identified(draft, [...action.operations.keys()]) : [];
  draft.write({ type: 'method-begun', address, method, deadlineAtMs, operations });
  if (method === 0) draft.tell({ type: 'step-begun', stepId: step.id, name: step.name });
  if (action.type === 'operations') followVerdict(draft, goOn(draft, action, step));
  else if (isLooking(action)) look(draft, action);
  else if (action.type === 'hook') runHook(draft);
}

export function runHook(draft: RunDraft): void {
  const { running } = draft.run;
  if (!running) return;
  const { step, action } = runningAction(draft.run, running);
  if (action.type !== 'hook') return;
  const timeLimitMs = Math.max(1, running.deadlineAtMs - draft.at.nowMs);
  const { method } = running;
  draft.send({
    type: 'run-hook',
    runId: draft.runId,
    stepId: step.id,
    method,
    argv: action.argv,
    timeLimitMs,
  });
}

export function followVerdict(draft: RunDraft, verdict: OperationsVerdict, isOutOfTime = false): void {
  const { running } = draft.run;
  if (!running || verdict.type === 'going-on') return;
  const { action } = runningAction(draft.run, running);
  // An agent's word that its time is over may come just before our own clock says so.
  const hasTimedOut = isOutOfTime || running.operations.some(({ end }) => end?.status === 'timeout');
  if (verdict.type === 'done') endStep(draft, 'done', '', hasTimedOut);
  else if (action.type === 'operations')
    failMethod(draft, failureSentence(action, verdict.failures), hasTimedOut);
}

/** The next method, or what the step's policy says. */
export function failMethod(draft: RunDraft, why: string, hasTimedOut: boolean): void {
  const { running } = draft.run;
  if (!running) return;
  const step = stepAt(draft.plan, running.address);
  if (running.method + 1 < step.methods.length) {
    draft.tell({ type: 'method-failed', stepId: step.id, method: running.method, why });
    beginMethod(draft, running.address, running.method + 1);
  } else {
    endStep(draft, step.onFailure === 'continue' ? 'degraded' : 'failed', why, hasTimedOut);
  }
}

/** The method's time is over. */
export function endInTime(draft: RunDraft): void {
  const { running } = draft.run;
  if (!running) return;
  const { step, action } = runningAction(draft.run, running);
  if (action.type === 'wait') {
    endStep(draft, 'done', '', false);
  } else if (action.type === 'operations') {
    endAllInTime(draft, action);
    draft.note({ retryAtMs: undefined });
    // No further attempt: its pause would end behind the deadline.
    followVerdict(draft, goOn(draft, action, step), true);
  } else {
    failMethod(draft, timeSentence(running, action), true);
  }
}

function timeSentence(running: RunningStep, action: LookingAction | HookAction): string {
  const limit = formatSeconds(running.deadlineAtMs - running.methodBeganAtMs);
  if (action.type === 'hook') return `${action.hook} had not ended after ${limit}`;
  const details = running.look?.details ?? [];
  const because = details.length > 0 ? `: ${details.slice(0, 5).join('; ')}` : '';
  return `"${action.gate.sentence}" did not hold within ${limit}${because}`;
}

export function inVainSentence(running: RunningStep | undefined, action: LookingAction): string {
  const details = (running?.look?.details ?? []).slice(0, 5).join('; ');
  return `"${action.gate.sentence}" is not waited for any longer, the rest holds: ${details} (it was refused)`;
}

export function retryNow(draft: RunDraft): void {
  const { running } = draft.run;
  if (!running) return;
  const { step, action } = runningAction(draft.run, running);
  if (action.type === 'operations') followVerdict(draft, retryOperations(draft, action, step));
  else if (action.type === 'hook') {
    draft.write({ type: 'operations-retried', operations: [] });
    runHook(draft);
  }
}

/** The step that is running is over; the run goes on, or not. */
export function endStep(draft: RunDraft, outcome: StepOutcome, why: string, hasTimedOut: boolean): void {
  const { running } = draft.run;
  if (!running) return;
  writeStepEnd(draft, { address: running.address, outcome, why, hasTimedOut });
  proceed(draft);
}

interface StepEnd {
  readonly address: StepAddress;
  readonly outcome: StepOutcome;
  readonly why: string;
  readonly hasTimedOut?: boolean;
}

/** Records how a step ended and tells it; nothing follows from it here. */
export function writeStepEnd(draft: RunDraft, { address, outcome, why, hasTimedOut = false }: StepEnd): void {
  const { running } = draft.run;
  const step = stepAt(draft.plan, address);
  const durationMs = running ? draft.at.nowMs - running.beganAtMs : 0;
  const result = { address, outcome, why, durationMs, hasTimedOut, method: running?.method ?? 0 };
  draft.write({ type: 'step-ended', result });
  draft.tell({ type: 'step-ended', stepId: step.id, name: step.name, result });
  // What a rung leaves out was told with the rung.
  if (outcome === 'degraded') draft.tell({ type: 'degraded', what: `step ${step.id} (${step.name})`, why });
  const stage = draft.plan.stages[address.stage];
  if (!stage || outcome === 'failed' || address.step + 1 < stage.steps.length) return;
  const ofStage = draft.run.results.filter((each) => each.address.stage === address.stage);
  const stageMs = ofStage.reduce((sum, each) => sum + each.durationMs, 0);
  draft.tell({ type: 'stage-done', stage: stage.name, durationMs: stageMs });
}

/** Its orders are withdrawn, its nodes free; nothing more is sent. */
export function endRun(draft: RunDraft, outcome: RunOutcome, why: string): void {
  draft.write({ type: 'run-ended', outcome, why });
  draft.tell({ type: 'run-ended', outcome, why });
  // With an abort they were; who could not be told then is told when it is back.
  if (!draft.run.abort) withdrawOrders(draft);
  draft.send({ type: 'ended', run: draft.run });
}

/** Ends it in the middle of a step: what is in flight goes on in systemd, and no further step follows. */
export function cutShort(draft: RunDraft, outcome: 'pre-empted' | 'failed', why: string): void {
  const { running } = draft.run;
  if (running) writeStepEnd(draft, { address: running.address, outcome: 'failed', why });
  endRun(draft, outcome, why);
}
