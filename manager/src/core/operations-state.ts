/** The state, inputs and effects of the operations machine (operations.ts). */
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import type { OperationOutcome, ResolvedOperation, Verb, VerbOptions } from '@hecate/proto/generated/wire.ts';

/** What is asked. */
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
 * How far it is on its way to the agent; what the caller knows is `isAnswered`. recording: to the disk · queued:
 * for a free place in the node's session · sent: the agent has been asked · accepted: systemd took the job ·
 * cut-off: the session ended without an answer · silent: the agent gave none in its time, though its session is
 * there · running: the agent has said that it is not over, and will report its end.
 */
export type OperationPhase = 'recording' | 'queued' | 'sent' | 'accepted' | 'cut-off' | 'silent' | 'running';

export interface OperationRecord {
  readonly request: OperationRequest;
  readonly phase: OperationPhase;
  /** When the caller's time is over, monotonic. */
  readonly deadlineMs: number;
  /** The latest moment for the caller's answer; earlier than the deadline when the node was cut off. */
  readonly answerByMs: number;
  readonly isAnswered: boolean;
  /** Whether the agent said that systemd took the job. */
  readonly isAccepted: boolean;
  /** What the caller was told, when that is not the last word. */
  readonly outcome: OperationOutcome | undefined;
}

/**
 * The machine's own: a step changes it in place. (A copy of the records at each of an operation's four steps made
 * 2,000 operations of one request cost 1.4 s, in which no heartbeat went out.)
 */
export interface OperationsState {
  readonly records: Map<OpId, OperationRecord>;
  /** Nodes whose agent is to be asked once more, and when. */
  readonly askAgainAtMs: Map<NodeName, number>;
}

export type OperationsInput =
  /** `refusal`: why it cannot be sent at all. */
  | { type: 'submit'; nowMs: number; request: OperationRequest; refusal: OperationOutcome | undefined }
  | { type: 'recorded'; nowMs: number; opId: OpId }
  | { type: 'not-recorded'; nowMs: number; opId: OpId; why: string }
  /** It could not be sent after all: the node went offline, or its session is at its limit. */
  | { type: 'not-sent'; nowMs: number; opId: OpId; code: ErrorCode; message: string }
  | { type: 'accepted'; opId: OpId }
  /** The caller gave it up: what was not sent yet is not sent; what was goes on, because systemd does. */
  | { type: 'given-up'; opId: OpId }
  | { type: 'answered'; nowMs: number; outcome: OperationOutcome }
  /** The session ended while it was in flight. `isOnline`: the node has another, over which it can be asked. */
  | { type: 'cut-off'; nowMs: number; opId: OpId; isOnline: boolean }
  /** The session is there, and its answer will not come any more: its time is over, or the call was given up. */
  | { type: 'no-answer'; nowMs: number; opId: OpId }
  | { type: 'resolved'; nowMs: number; operation: ResolvedOperation }
  /** The session is there, and the agent could not say what became of its operations. */
  | { type: 'not-resolved'; nowMs: number; node: NodeName }
  | { type: 'reported'; nowMs: number; outcome: OperationOutcome }
  /** A new session of the node: what went over an older one gets no answer there. */
  | { type: 'node-online'; nowMs: number; node: NodeName }
  /** The node is not of this site any more: nobody will tell how its operations ended. */
  | { type: 'node-removed'; node: NodeName }
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

export const noOperations = (): OperationsState => ({ records: new Map(), askAgainAtMs: new Map() });

/** How long a caller waits at most for an agent that was cut off to come back and tell. */
export const resolveGraceMs = 10_000;

/**
 * Operations without a last word that the manager takes on (I14): two requests of the largest kind. More would
 * only wait for places in the sessions until their time is over.
 */
export const openMax = 4096;

/** Of the 64 requests that a session takes at once; the others are for reads and for asking what became of it. */
export const inFlightPerNodeMax = 48;

/** How long an agent that could not say what it knows is left alone. */
export const askAgainMs = 5000;

export const nothing = (state: OperationsState): OperationsStep => ({ state, effects: [] });

export function put(state: OperationsState, record: OperationRecord): OperationsState {
  state.records.set(record.request.opId, record);
  return state;
}

/** One step after the other, their effects in that order. */
export function andThen(
  first: OperationsStep,
  second: (state: OperationsState) => OperationsStep,
): OperationsStep {
  const { state, effects } = second(first.state);
  return { state, effects: [...first.effects, ...effects] };
}

/** Whether a request of it is open in the node's session. */
export const isInFlight = ({ phase }: OperationRecord): boolean => phase === 'sent' || phase === 'accepted';

/** Whether only the agent can say what became of it. */
export const isAskedFor = ({ phase }: OperationRecord): boolean =>
  phase === 'cut-off' || phase === 'silent' || phase === 'running';
