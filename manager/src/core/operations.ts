/**
 * The life of every operation at the manager, from the caller's word to one definite outcome, as a pure
 * function. The order is fixed: recorded durably, then sent, then answered (I9). What was cut off in flight
 * stays open until the agent says what its own journal holds (I2, I12); what was told to the caller as not
 * done is never applied later, because it expires in the agent's own clock.
 */
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import type { OperationOutcome, ResolvedOperation } from '@hecate/proto/generated/wire.ts';
import { answer, answerInTime, named, refusalOf, settle, settleById } from './operations-ending.ts';
import {
  andThen,
  askAgainMs,
  inFlightPerNodeMax,
  isAskedFor,
  isInFlight,
  nothing,
  type OperationRecord,
  type OperationRequest,
  type OperationsEffect,
  type OperationsInput,
  type OperationsState,
  type OperationsStep,
  openMax,
  put,
  resolveGraceMs,
} from './operations-state.ts';
import { neverReached, nodeGone, notRecorded, stillRunning, tooMany } from './outcome-text.ts';

export { refusalOf } from './operations-ending.ts';
export {
  noOperations,
  type OperationPhase,
  type OperationRecord,
  type OperationRequest,
  type OperationsEffect,
  type OperationsInput,
  type OperationsState,
  type OperationsStep,
  resolveGraceMs,
} from './operations-state.ts';

type Of<Type extends OperationsInput['type']> = Extract<OperationsInput, { type: Type }>;

export function operationsStep(state: OperationsState, input: OperationsInput): OperationsStep {
  switch (input.type) {
    case 'submit':
      return submit(state, input);
    case 'recorded':
      return recorded(state, input);
    case 'not-recorded':
      return settleById(state, input.opId, notRecorded(input.why));
    case 'not-sent':
      return freeing(state, input, (now) =>
        settleById(now, input.opId, refusalOf(input.code, input.message)),
      );
    case 'accepted':
      return accepted(state, input.opId);
    case 'given-up':
      return giveUp(state, input.opId);
    case 'answered':
      return freeing(state, { opId: input.outcome.opId as OpId, nowMs: input.nowMs }, (now) =>
        answered(now, input.outcome),
      );
    case 'reported':
      return freeing(state, { opId: input.outcome.opId as OpId, nowMs: input.nowMs }, (now) =>
        settleById(now, input.outcome.opId as OpId, input.outcome),
      );
    case 'cut-off':
      return freeing(state, input, (now) => cut(now, input));
    case 'no-answer':
      return freeing(state, input, (now) => unanswered(now, input.opId));
    case 'resolved':
      return resolved(state, input.operation);
    case 'not-resolved':
      return { state: askAgainAt(state, input.node, input.nowMs + askAgainMs), effects: [] };
    case 'node-online':
      return online(state, input);
    case 'node-removed':
      return remove(state, input.node);
    case 'tick':
      return tick(state, input.nowMs);
    case 'replayed':
      return replay(state, input.request);
  }
}

/** When the machine wants its next tick; never, when nobody waits (I14). */
export function nextOperationTickMs(state: OperationsState): number {
  let next = Number.POSITIVE_INFINITY;
  for (const record of state.records.values())
    if (!record.isAnswered) next = Math.min(next, record.answerByMs);
  for (const atMs of state.askAgainAtMs.values()) next = Math.min(next, atMs);
  return next;
}

function submit(state: OperationsState, { request, nowMs, refusal }: Of<'submit'>): OperationsStep {
  const deadlineMs = nowMs + request.timeLimitMs;
  const record: OperationRecord = {
    request,
    phase: 'recording',
    deadlineMs,
    answerByMs: deadlineMs,
    isAnswered: false,
    isAccepted: false,
    outcome: undefined,
  };
  if (refusal) return settle(state, record, refusal);
  if (state.records.size >= openMax) return settle(state, record, tooMany(openMax));
  return { state: put(state, record), effects: [{ type: 'record', request }] };
}

function recorded(state: OperationsState, { opId, nowMs }: Of<'recorded'>): OperationsStep {
  const record = state.records.get(opId);
  if (record?.phase !== 'recording') return nothing(state);
  const { node } = record.request;
  if (inFlightOf(state, node) < inFlightPerNodeMax) return send(state, record, nowMs);
  return { state: put(state, { ...record, phase: 'queued' }), effects: [] };
}

/** A tenth of the time, at most half a second, is kept back so that the agent's own word arrives in time. */
const marginMs = (leftMs: number): number => Math.min(500, leftMs / 10);

function send(state: OperationsState, record: OperationRecord, nowMs: number): OperationsStep {
  const leftMs = record.answerByMs - nowMs;
  if (leftMs <= 0)
    return settle(state, record, refusalOf('HEC_EXPIRED', 'the deadline was over before it was sent'));
  const timeLimitMs = Math.max(1, Math.floor(leftMs - marginMs(leftMs)));
  const effect: OperationsEffect = { type: 'send', request: record.request, timeLimitMs };
  return { state: put(state, { ...record, phase: 'sent' }), effects: [effect] };
}

function inFlightOf(state: OperationsState, node: NodeName): number {
  let count = 0;
  for (const record of state.records.values())
    if (record.request.node === node && isInFlight(record)) count += 1;
  return count;
}

/** Takes a step of an operation; when that gave its place in the session free, the next in the queue is sent. */
function freeing(
  state: OperationsState,
  { opId, nowMs }: { opId: OpId; nowMs: number },
  step: (state: OperationsState) => OperationsStep,
): OperationsStep {
  const record = state.records.get(opId);
  if (!record) return nothing(state);
  const taken = step(state);
  return isInFlight(record) ? andThen(taken, (next) => sendQueued(next, record.request.node, nowMs)) : taken;
}

function sendQueued(state: OperationsState, node: NodeName, nowMs: number): OperationsStep {
  let step = nothing(state);
  let free = inFlightPerNodeMax - inFlightOf(state, node);
  for (const record of state.records.values()) {
    if (free <= 0) break;
    if (record.phase !== 'queued' || record.request.node !== node) continue;
    step = andThen(step, (next) => send(next, record, nowMs));
    free -= 1;
  }
  return step;
}

function accepted(state: OperationsState, opId: OpId): OperationsStep {
  const record = state.records.get(opId);
  if (record?.phase !== 'sent') return nothing(state);
  return { state: put(state, { ...record, phase: 'accepted', isAccepted: true }), effects: [] };
}

function giveUp(state: OperationsState, opId: OpId): OperationsStep {
  const record = state.records.get(opId);
  if (record?.phase !== 'recording' && record?.phase !== 'queued') return nothing(state);
  return settle(state, record, refusalOf('HEC_CANCELLED', 'the caller gave it up before it was sent'));
}

function remove(state: OperationsState, node: NodeName): OperationsStep {
  let step = nothing(state);
  for (const record of state.records.values()) {
    if (record.request.node !== node) continue;
    step = andThen(step, (next) => settle(next, record, nodeGone(record.request)));
  }
  return step;
}

/** An agent's timeout is not its last word where the job goes on: whether it does, it is asked at once. */
function answered(state: OperationsState, outcome: OperationOutcome): OperationsStep {
  const record = state.records.get(outcome.opId as OpId);
  if (!record) return nothing(state);
  if (outcome.status !== 'timeout') return settle(state, record, outcome);
  const { node, opId } = record.request;
  const step = answer(state, { ...record, phase: 'running', isAccepted: true }, outcome);
  return { state: step.state, effects: [...step.effects, { type: 'resolve', node, opIds: [opId] }] };
}

const cutAt = (record: OperationRecord, nowMs: number): OperationRecord => ({
  ...record,
  phase: 'cut-off',
  answerByMs: Math.min(record.answerByMs, nowMs + resolveGraceMs),
});

function cut(state: OperationsState, { opId, nowMs, isOnline }: Of<'cut-off'>): OperationsStep {
  const record = state.records.get(opId);
  if (!record || !isInFlight(record)) return nothing(state);
  const effect: OperationsEffect = { type: 'resolve', node: record.request.node, opIds: [opId] };
  return { state: put(state, cutAt(record, nowMs)), effects: isOnline ? [effect] : [] };
}

function unanswered(state: OperationsState, opId: OpId): OperationsStep {
  const record = state.records.get(opId);
  if (!record || !isInFlight(record)) return nothing(state);
  const effect: OperationsEffect = { type: 'resolve', node: record.request.node, opIds: [opId] };
  return { state: put(state, { ...record, phase: 'silent' }), effects: [effect] };
}

function online(state: OperationsState, { node, nowMs }: Of<'node-online'>): OperationsStep {
  let next = state;
  for (const record of state.records.values()) {
    if (record.request.node === node && isInFlight(record)) next = put(next, cutAt(record, nowMs));
  }
  return andThen(ask(next, node), (asked) => sendQueued(asked, node, nowMs));
}

/** Asks the agent for everything of its node that has no outcome. */
function ask(state: OperationsState, node: NodeName): OperationsStep {
  const opIds: OpId[] = [];
  for (const [opId, record] of state.records)
    if (record.request.node === node && isAskedFor(record)) opIds.push(opId);
  const effects: OperationsEffect[] = opIds.length === 0 ? [] : [{ type: 'resolve', node, opIds }];
  return { state: askAgainAt(state, node, undefined), effects };
}

function askAgainAt(state: OperationsState, node: NodeName, atMs: number | undefined): OperationsState {
  if (atMs === undefined) state.askAgainAtMs.delete(node);
  else state.askAgainAtMs.set(node, atMs);
  return state;
}

function resolved(state: OperationsState, operation: ResolvedOperation): OperationsStep {
  const record = state.records.get(operation.opId as OpId);
  if (!record) return nothing(state);
  const { outcome } = operation;
  switch (operation.resolution) {
    case 'finished':
      return outcome ? settle(state, record, outcome) : nothing(state);
    case 'running':
      return { state: put(state, runningOn(record)), effects: [] };
    case 'never-applied':
      return settle(state, record, outcome?.status === 'refused' ? outcome : neverReached());
    case 'unspecified':
      return nothing(state);
  }
}

/** The agent is back and it is not over: whoever waits may wait as long as was said at first. */
function runningOn(record: OperationRecord): OperationRecord {
  const { request, deadlineMs } = record;
  const on: OperationRecord = { ...record, phase: 'running', isAccepted: true, answerByMs: deadlineMs };
  return record.isAnswered ? { ...on, outcome: named(request, stillRunning(request)) } : on;
}

/** Answers whose time has come. The operation itself stays open where the agent's word is still missing. */
function tick(state: OperationsState, nowMs: number): OperationsStep {
  let step = nothing(state);
  for (const record of state.records.values()) {
    if (record.isAnswered || nowMs < record.answerByMs) continue;
    step = andThen(step, (next) => answerInTime(next, record));
  }
  for (const [node, atMs] of state.askAgainAtMs) {
    if (nowMs >= atMs) step = andThen(step, (next) => ask(next, node));
  }
  return step;
}

/** Whatever the caller of before the restart was told, nobody waits for it here: only the agent's word is open. */
function replay(state: OperationsState, request: OperationRequest): OperationsStep {
  const answered = { deadlineMs: 0, answerByMs: 0, isAnswered: true, isAccepted: false, outcome: undefined };
  return { state: put(state, { request, phase: 'cut-off', ...answered }), effects: [] };
}
