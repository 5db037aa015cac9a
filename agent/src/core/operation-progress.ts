import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import { elapsedMs, finish, report } from './operation-ending.ts';
import { infer } from './operation-inference.ts';
import { inspectionsMax, neverMs, pollIntervalMs, stopTimeLimitMs } from './operation-limits.ts';
import * as outcomes from './operation-outcomes.ts';
import { packOutcome } from './operation-record.ts';
import type {
  CallResult,
  Instant,
  OperationsEffect,
  OperationsInput,
  OperationsState,
  Running,
} from './operations-state.ts';
import type { StartedJob } from './systemd-port.ts';

type Effects = OperationsEffect[];
type Of<Type extends OperationsInput['type']> = Extract<OperationsInput, { type: Type }>;

export function called(
  state: OperationsState,
  running: Running,
  result: CallResult,
  at: Instant,
  effects: Effects,
): void {
  if (running.phase !== 'calling') return;
  switch (result.case) {
    case 'job':
      takeJob(running, result.job, at, effects);
      return;
    case 'done':
      finish(state, running, outcomes.done(running.begun, result.result, result.changes), at, effects);
      return;
    case 'failed':
      finish(state, running, outcomes.callFailed(running.begun, failureOf(result)), at, effects);
      return;
    case 'exec':
      finish(
        state,
        running,
        outcomes.execEnded(running.begun, result.execResult, running.stopped),
        at,
        effects,
      );
      return;
    case 'uncertain':
      if (result.job) recordJob(running, result.job, effects);
      running.phase = 'lost';
      running.pollAtMs = at.nowMs;
  }
}

const failureOf = ({ code, message, remedy }: Extract<CallResult, { case: 'failed' }>) => ({
  code,
  message,
  remedy,
});

function takeJob(running: Running, job: StartedJob, at: Instant, effects: Effects): void {
  running.phase = 'waiting';
  running.pollAtMs = at.nowMs + pollIntervalMs;
  running.inspections = 0;
  recordJob(running, job, effects);
  for (const ticket of running.tickets) effects.push(accepted(running, ticket, job.jobId));
}

function recordJob(running: Running, job: StartedJob, effects: Effects): void {
  running.job = job;
  effects.push({ type: 'persist', records: [{ type: 'job', opId: running.begun.opId, ...job }] });
}

export function jobRemoved(
  state: OperationsState,
  input: Of<'job-removed'>,
  at: Instant,
  effects: Effects,
): void {
  for (const running of state.running.values()) {
    if (running.phase === 'waiting' && running.job?.jobPath === input.jobPath)
      jobEnded(state, running, input.result, at, effects);
  }
}

function jobEnded(
  state: OperationsState,
  running: Running,
  result: string,
  at: Instant,
  effects: Effects,
): void {
  if (outcomes.isGoodJobResult(result)) {
    finish(state, running, outcomes.done(running.begun, result), at, effects);
    return;
  }
  investigate(running, outcomes.jobFailed(running.begun, result), effects);
}

function investigate(running: Running, draft: OperationOutcome, effects: Effects): void {
  running.draft = draft;
  running.phase = 'investigating';
  running.pollAtMs = neverMs;
  effects.push({ type: 'investigate', opId: running.begun.opId, begun: running.begun });
}

export function investigated(
  state: OperationsState,
  running: Running,
  input: Of<'investigated'>,
  at: Instant,
  effects: Effects,
): void {
  if (running.phase !== 'investigating' || !running.draft) return;
  const evidence = input.evidence ?? running.draft.evidence;
  const { logLines } = input;
  finish(state, running, { ...running.draft, logLines, ...(evidence ? { evidence } : {}) }, at, effects);
}

export function polled(
  state: OperationsState,
  running: Running,
  isThere: boolean | undefined,
  at: Instant,
  effects: Effects,
): void {
  if (running.phase !== 'waiting') return;
  running.pollAtMs = at.nowMs + pollIntervalMs;
  // Gone, and its signal never came: the unit's state is what is left.
  if (isThere === false) inspect(state, running, effects);
}

function inspect(state: OperationsState, running: Running, effects: Effects): void {
  running.phase = 'inspecting';
  running.pollAtMs = neverMs;
  running.inspections += 1;
  const { begun, job } = running;
  const isSameBoot = begun.bootId === state.bootId;
  effects.push({ type: 'inspect', opId: begun.opId, begun, job, isSameBoot });
}

export function inspected(
  state: OperationsState,
  running: Running,
  { facts }: Of<'inspected'>,
  at: Instant,
  effects: Effects,
): void {
  if (running.phase !== 'inspecting') return;
  if (!facts) {
    if (running.inspections >= inspectionsMax && state.isBusConnected) {
      const why = 'the agent was interrupted, and systemd does not tell what became of it';
      finish(state, running, outcomes.unknown(running.begun, why), at, effects);
      return;
    }
    running.phase = 'lost';
    running.pollAtMs = at.nowMs + pollIntervalMs;
    return;
  }
  const inference = infer(running.begun, facts, running.begun.bootId === state.bootId);
  if (inference.type === 'wait') takeJob(running, inference.job, at, effects);
  else if (inference.outcome.status === 'failed') investigate(running, inference.outcome, effects);
  else finish(state, running, inference.outcome, at, effects);
}

export function busChanged(state: OperationsState, isConnected: boolean, effects: Effects): void {
  state.isBusConnected = isConnected;
  if (isConnected) ownerChanged(state, effects);
}

const known: ReadonlySet<Running['phase']> = new Set(['waiting', 'lost', 'inspecting']);

/**
 * The systemd that is there now may be another one, whose jobs have the numbers of the former's: what it has taken is
 * looked up by its unit, as after a crash. What is on its way to it, or to the disk, goes on.
 */
export function ownerChanged(state: OperationsState, effects: Effects): void {
  for (const running of state.running.values())
    if (known.has(running.phase)) inspect(state, running, effects);
}

function poll(running: Running, at: Instant, effects: Effects): void {
  running.pollAtMs = at.nowMs + pollIntervalMs;
  if (running.job) effects.push({ type: 'poll', opId: running.begun.opId, jobPath: running.job.jobPath });
}

const undecided: ReadonlySet<Running['phase']> = new Set(['calling', 'waiting', 'lost', 'inspecting']);

export const canTimeOut = (running: Running): boolean =>
  undecided.has(running.phase) && running.deadlineAtMs !== neverMs;

export function tick(state: OperationsState, at: Instant, effects: Effects): void {
  for (const running of state.running.values()) {
    if (canTimeOut(running) && at.nowMs >= running.deadlineAtMs) timeOut(running, at, effects);
    if (at.nowMs < running.pollAtMs) continue;
    if (running.phase === 'waiting') poll(running, at, effects);
    else if (running.phase === 'lost' && state.isBusConnected) inspect(state, running, effects);
    // Without a bus there is nothing to ask: `bus` will come.
    else running.pollAtMs = neverMs;
  }
  if (at.nowMs >= state.reportAtMs) {
    state.reportAtMs = neverMs;
    report(state, effects);
  }
}

/** The caller is told; the job is not cancelled, and its true end is reported when it comes. */
function timeOut(running: Running, at: Instant, effects: Effects): void {
  const { opId, verb, timeLimitMs } = running.begun;
  if (verb === 'exec' && !running.stopped) {
    running.deadlineAtMs = at.nowMs + stopTimeLimitMs;
    stopExec(running, 'time-limit', effects);
    return;
  }
  running.deadlineAtMs = neverMs;
  const timeout = { ...outcomes.timedOut(running.begun, timeLimitMs), durationMs: elapsedMs(running, at) };
  running.timeout = timeout;
  const outcome = packOutcome(timeout);
  const durable: OperationsInput = { type: 'timeout-durable', opId };
  effects.push({
    type: 'persist',
    records: [{ type: 'finished', opId, outcome, wasApplied: true, isOpen: true }],
    durable,
    // The answer is as true without its record.
    lost: () => durable,
  });
}

export function tellTimeout(running: Running, effects: Effects): void {
  const { timeout } = running;
  if (!timeout) return;
  for (const ticket of running.tickets.splice(0)) effects.push({ type: 'answer', ticket, outcome: timeout });
}

function stopExec(running: Running, reason: outcomes.StopReason, effects: Effects): void {
  running.stopped = reason;
  effects.push({ type: 'stop-exec', opId: running.begun.opId });
}

export function abandon(state: OperationsState, ticket: number, effects: Effects): void {
  for (const running of state.running.values()) {
    const index = running.tickets.indexOf(ticket);
    if (index < 0) continue;
    running.tickets.splice(index, 1);
    const isCommand = running.begun.verb === 'exec' && running.phase === 'calling';
    if (isCommand && running.tickets.length === 0 && !running.stopped)
      stopExec(running, 'abandoned', effects);
  }
}

/** The same OpId once more, while it runs: it shares the answer (I2). */
export function join(running: Running, ticket: number, effects: Effects): void {
  if (running.timeout && !canTimeOut(running)) {
    effects.push({ type: 'answer', ticket, outcome: { ...running.timeout, replayed: true } });
    return;
  }
  running.tickets.push(ticket);
  if (running.job) effects.push(accepted(running, ticket, running.job.jobId));
}

const accepted = (running: Running, ticket: number, jobId: number): OperationsEffect => ({
  type: 'accepted',
  ticket,
  opId: running.begun.opId,
  jobId,
});
