/**
 * The life of every operation at the manager, from the caller's word to one definite outcome, as a pure
 * function. The order is fixed: recorded durably, then sent, then answered (I9). What was cut off in flight
 * stays unresolved until the agent says what its own journal holds (I2, I12); what was told to the caller as
 * not done is never applied later, because it expires in the agent's own clock.
 */
import { type ErrorCode, errorTable, isErrorCode } from '@hecate/proto/core/errors.ts';
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import type { OperationOutcome, ResolvedOperation, Verb, VerbOptions } from '@hecate/proto/generated/wire.ts';
import { createOperationOutcome } from '@hecate/proto/generated/wire.ts';
import { cutOff, neverReached, notRecorded, offline, stillRunning } from './outcome-text.ts';

/** What is asked; this much is in the journal. */
export interface OperationRequest {
  readonly opId: OpId;
  readonly node: NodeName;
  readonly unit: string;
  readonly verb: Verb;
  readonly options: VerbOptions | undefined;
  readonly requestedBy: string;
  /** The address or socket that the request came from. */
  readonly requestedFrom: string;
  readonly reason: string;
  /** Unix time, for people. */
  readonly requestedMs: number;
  readonly timeLimitMs: number;
  readonly logLines: number;
}

/**
 * recording → sent → accepted → settled (and gone), or recording → settled. `cut-off`: it was sent and the session ended.
 * `unresolved`: the caller was told unknown or timeout, the agent's word is still to come.
 */
export type OperationPhase = 'recording' | 'sent' | 'accepted' | 'cut-off' | 'unresolved';

export interface OperationRecord {
  readonly request: OperationRequest;
  readonly phase: OperationPhase;
  /** The latest moment for the caller's answer, monotonic. */
  readonly answerByMs: number;
  readonly isAnswered: boolean;
  /** Whether the agent said that systemd took the job. */
  readonly isAccepted: boolean;
  readonly outcome: OperationOutcome | undefined;
}

export interface OperationsState {
  readonly records: ReadonlyMap<OpId, OperationRecord>;
}

export type OperationsInput =
  | { type: 'submit'; nowMs: number; request: OperationRequest; isOnline: boolean; offlineReason: string }
  | { type: 'recorded'; nowMs: number; opId: OpId }
  | { type: 'not-recorded'; nowMs: number; opId: OpId; why: string }
  /** It could not be sent after all: the node went offline, or its session is at its limit. */
  | { type: 'not-sent'; nowMs: number; opId: OpId; code: ErrorCode; message: string }
  | { type: 'accepted'; opId: OpId }
  | { type: 'answered'; nowMs: number; outcome: OperationOutcome }
  /** The session ended, or the agent gave no answer, while it was in flight. */
  | { type: 'cut-off'; nowMs: number; opId: OpId; why: string }
  | { type: 'resolved'; nowMs: number; operation: ResolvedOperation }
  | { type: 'reported'; nowMs: number; outcome: OperationOutcome }
  | { type: 'node-online'; node: NodeName }
  | { type: 'tick'; nowMs: number }
  /** At start: what the journal holds without an outcome. */
  | { type: 'replayed'; request: OperationRequest };

export type OperationsEffect =
  | { type: 'record'; request: OperationRequest }
  | { type: 'send'; request: OperationRequest; timeLimitMs: number }
  | { type: 'answer'; request: OperationRequest; outcome: OperationOutcome }
  /** It is over: recorded, remembered by the history, and gone from the machine. */
  | { type: 'settled'; request: OperationRequest; outcome: OperationOutcome }
  | { type: 'audit'; request: OperationRequest; outcome: OperationOutcome; isLate: boolean }
  | { type: 'resolve'; node: NodeName; opIds: readonly OpId[] };

export interface OperationsStep {
  readonly state: OperationsState;
  readonly effects: readonly OperationsEffect[];
}

export const noOperations: OperationsState = { records: new Map() };

/** How long a caller waits at most for an agent that was cut off to come back and tell. */
export const resolveGraceMs = 10_000;

export function operationsStep(state: OperationsState, input: OperationsInput): OperationsStep {
  switch (input.type) {
    case 'submit':
      return submit(state, input);
    case 'recorded':
      return recorded(state, input.opId, input.nowMs);
    case 'not-recorded':
      return settleById(state, input.opId, notRecorded(input.why));
    case 'not-sent':
      return settleById(state, input.opId, refusalOf(input.code, input.message));
    case 'accepted':
      return accepted(state, input.opId);
    case 'answered':
    case 'reported':
      return settleById(state, input.outcome.opId as OpId, input.outcome);
    case 'cut-off':
      return cut(state, input);
    case 'resolved':
      return resolved(state, input.operation);
    case 'node-online':
      return askAgent(state, input.node);
    case 'tick':
      return tick(state, input.nowMs);
    case 'replayed':
      return replay(state, input.request);
  }
}

/** When the machine wants its next tick. */
export function nextOperationTickMs(state: OperationsState): number {
  let next = Number.POSITIVE_INFINITY;
  for (const record of state.records.values())
    if (!record.isAnswered) next = Math.min(next, record.answerByMs);
  return next;
}

function put(state: OperationsState, record: OperationRecord): OperationsState {
  return { records: new Map(state.records).set(record.request.opId, record) };
}

function submit(state: OperationsState, input: Extract<OperationsInput, { type: 'submit' }>): OperationsStep {
  const { request, nowMs } = input;
  const record: OperationRecord = {
    request,
    phase: 'recording',
    answerByMs: nowMs + request.timeLimitMs,
    isAnswered: false,
    isAccepted: false,
    outcome: undefined,
  };
  const next = put(state, record);
  if (!input.isOnline) return settle(next, record, offline(request.node, input.offlineReason));
  return { state: next, effects: [{ type: 'record', request }] };
}

/** A tenth of the time, at most half a second, is kept back so that the agent's own word arrives in time. */
const marginMs = (leftMs: number): number => Math.min(500, leftMs / 10);

function recorded(state: OperationsState, opId: OpId, nowMs: number): OperationsStep {
  const record = state.records.get(opId);
  if (record?.phase !== 'recording') return { state, effects: [] };
  const leftMs = record.answerByMs - nowMs;
  if (leftMs <= 0)
    return settle(state, record, refusalOf('HEC_EXPIRED', 'the deadline was over before it was sent'));
  const timeLimitMs = Math.max(1, Math.floor(leftMs - marginMs(leftMs)));
  const effect: OperationsEffect = { type: 'send', request: record.request, timeLimitMs };
  return { state: put(state, { ...record, phase: 'sent' }), effects: [effect] };
}

function accepted(state: OperationsState, opId: OpId): OperationsStep {
  const record = state.records.get(opId);
  if (!record) return { state, effects: [] };
  const phase = record.phase === 'sent' ? 'accepted' : record.phase;
  return { state: put(state, { ...record, phase, isAccepted: true }), effects: [] };
}

function cut(state: OperationsState, input: Extract<OperationsInput, { type: 'cut-off' }>): OperationsStep {
  const record = state.records.get(input.opId);
  if (!record || (record.phase !== 'sent' && record.phase !== 'accepted')) return { state, effects: [] };
  const answerByMs = Math.min(record.answerByMs, input.nowMs + resolveGraceMs);
  return { state: put(state, { ...record, phase: 'cut-off', answerByMs }), effects: [] };
}

/** The agent is back: everything of its node that has no outcome is asked for. */
function askAgent(state: OperationsState, node: NodeName): OperationsStep {
  const opIds: OpId[] = [];
  for (const [opId, { request, phase }] of state.records) {
    if (request.node === node && (phase === 'cut-off' || phase === 'unresolved')) opIds.push(opId);
  }
  return { state, effects: opIds.length === 0 ? [] : [{ type: 'resolve', node, opIds }] };
}

function resolved(state: OperationsState, operation: ResolvedOperation): OperationsStep {
  const opId = operation.opId as OpId;
  switch (operation.resolution) {
    case 'finished':
      return operation.outcome ? settleById(state, opId, operation.outcome) : { state, effects: [] };
    case 'running':
      return accepted(state, opId);
    case 'never-applied':
      return settleById(state, opId, neverReached());
    case 'unspecified':
      return { state, effects: [] };
  }
}

/** Answers whose time has come. The operation itself stays open where the agent's word is still missing. */
function tick(state: OperationsState, nowMs: number): OperationsStep {
  let next = state;
  const effects: OperationsEffect[] = [];
  for (const record of state.records.values()) {
    if (record.isAnswered || nowMs < record.answerByMs) continue;
    const step = answerWithoutAgent(next, record);
    next = step.state;
    effects.push(...step.effects);
  }
  return { state: next, effects };
}

function answerWithoutAgent(state: OperationsState, record: OperationRecord): OperationsStep {
  const { request } = record;
  // Still being written to a slow disk: it was never sent, and `recorded` will find it settled.
  if (record.phase === 'recording')
    return settle(state, record, notRecorded('the journal did not answer in time'));
  const isCut = record.phase === 'cut-off';
  const outcome = named(
    request,
    record.isAccepted && !isCut ? stillRunning(request) : cutOff(request, record.isAccepted),
  );
  const next = put(state, { ...record, phase: 'unresolved', isAnswered: true, outcome });
  return {
    state: next,
    effects: [
      { type: 'audit', request, outcome, isLate: false },
      { type: 'answer', request, outcome },
    ],
  };
}

const named = (request: OperationRequest, outcome: OperationOutcome): OperationOutcome => ({
  ...outcome,
  opId: request.opId,
});

function settleById(state: OperationsState, opId: OpId, outcome: OperationOutcome): OperationsStep {
  const record = state.records.get(opId);
  return record ? settle(state, record, outcome) : { state, effects: [] };
}

function settle(state: OperationsState, record: OperationRecord, outcome: OperationOutcome): OperationsStep {
  const isAgentTimeout = outcome.status === 'timeout';
  // A timeout is not the end: the agent goes on watching and reports how it really ended.
  if (isAgentTimeout && record.phase === 'unresolved') return { state, effects: [] };
  const { request } = record;
  const final = named(request, outcome);
  const records = new Map(state.records);
  if (isAgentTimeout)
    records.set(request.opId, { ...record, phase: 'unresolved', isAnswered: true, outcome: final });
  else records.delete(request.opId);
  const effects: OperationsEffect[] = [{ type: 'audit', request, outcome: final, isLate: record.isAnswered }];
  if (!isAgentTimeout) effects.push({ type: 'settled', request, outcome: final });
  if (!record.isAnswered) effects.push({ type: 'answer', request, outcome: final });
  return { state: { records }, effects };
}

/** An outcome for what was refused before it reached the agent. */
export function refusalOf(code: ErrorCode, message: string): OperationOutcome {
  const status = code === 'HEC_OFFLINE' || code === 'HEC_CONNECTION' ? 'offline' : 'refused';
  const known = isErrorCode(code) ? errorTable[code].summary : '';
  return createOperationOutcome({ status, code, message: message || known });
}

/** Whatever the caller of before the restart was told, nobody waits for it here: only the agent's word is open. */
function replay(state: OperationsState, request: OperationRequest): OperationsStep {
  const answered = { answerByMs: 0, isAnswered: true, isAccepted: false, outcome: undefined };
  return { state: put(state, { request, phase: 'unresolved', ...answered }), effects: [] };
}
