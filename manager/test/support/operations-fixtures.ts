/** Operations in every phase, as the machine itself brings them there. */
import { makeOpId, type OpId, parseNodeName } from '@hecate/proto/core/names.ts';
import { createOperationOutcome, type OperationOutcome } from '@hecate/proto/generated/wire.ts';
import {
  noOperations,
  type OperationPhase,
  type OperationRequest,
  type OperationsEffect,
  type OperationsInput,
  type OperationsState,
  operationsStep,
} from '../../src/core/operations.ts';
import { inFlightPerNodeMax } from '../../src/core/operations-state.ts';

export const nodeA = parseNodeName('node-a');
export const nodeB = parseNodeName('node-b');

/** The `n`th operation id: they sort by their number. */
export const opIdOf = (n: number): OpId => makeOpId(1_700_000_000_000 + n, new Uint8Array(10));
export const op = opIdOf(1);

export const timeLimitMs = 30_000;

export const requestOf = (n = 1, changes: Partial<OperationRequest> = {}): OperationRequest => ({
  opId: opIdOf(n),
  node: nodeA,
  unit: 'web.service',
  verb: 'start',
  options: undefined,
  requestedBy: 'alice',
  requestedFrom: 'unix:/run/hecate/manager.sock',
  reason: '',
  requestedMs: 1_700_000_000_000,
  timeLimitMs,
  logLines: 10,
  ...changes,
});

export const outcomeOf = (status: OperationOutcome['status'], opId: OpId = op): OperationOutcome =>
  createOperationOutcome({ opId, status });

export interface Played {
  readonly state: OperationsState;
  /** Of the last input. */
  readonly effects: readonly OperationsEffect[];
  /** Of all of them. */
  readonly all: readonly OperationsEffect[];
}

/** Plays on a copy: the machine changes its state in place, and tests start from one state more than once. */
export function play(start: OperationsState, ...inputs: OperationsInput[]): Played {
  const state = { records: new Map(start.records), askAgainAtMs: new Map(start.askAgainAtMs) };
  let played: Played = { state, effects: [], all: [] };
  for (const input of inputs) {
    const { state: next, effects } = operationsStep(played.state, input);
    played = { state: next, effects, all: [...played.all, ...effects] };
  }
  return played;
}

export const submit = (request = requestOf(), nowMs = 0): OperationsInput => ({
  type: 'submit',
  nowMs,
  request,
  refusal: undefined,
});
export const recorded = (opId = op, nowMs = 5): OperationsInput => ({ type: 'recorded', nowMs, opId });
export const accepted = (opId = op): OperationsInput => ({ type: 'accepted', opId });
/** @param isOnline whether the node has another session */
export const cutOff = (nowMs = 100, opId = op, isOnline = false): OperationsInput => ({
  type: 'cut-off',
  nowMs,
  opId,
  isOnline,
});
export const noAnswer = (nowMs = 100, opId = op): OperationsInput => ({ type: 'no-answer', nowMs, opId });
export const resolvedAs = (
  resolution: 'finished' | 'running' | 'never-applied' | 'unspecified',
  outcome?: OperationOutcome,
): OperationsInput => ({
  type: 'resolved',
  nowMs: 200,
  operation: { opId: op, resolution, outcome },
});

/** Fills the session of node-a, so that the next operation is queued. */
const crowd = (): OperationsInput[] =>
  Array.from({ length: inFlightPerNodeMax }, (_, i) => requestOf(100 + i)).flatMap((request) => [
    submit(request),
    recorded(request.opId),
  ]);

const ways: Record<OperationPhase, () => OperationsInput[]> = {
  recording: () => [submit()],
  queued: () => [...crowd(), submit(), recorded()],
  sent: () => [submit(), recorded()],
  accepted: () => [submit(), recorded(), accepted()],
  'cut-off': () => [submit(), recorded(), cutOff()],
  silent: () => [submit(), recorded(), noAnswer()],
  running: () => [submit(), recorded(), cutOff(), resolvedAs('running')],
};

export const phases = Object.keys(ways) as OperationPhase[];

/** The operation `op` of node-a in that phase, asked at 0 with a limit of 30 s. */
export function inPhase(phase: OperationPhase): OperationsState {
  const { state } = play(noOperations(), ...ways[phase]());
  const record = state.records.get(op);
  if (record?.phase !== phase) throw new Error(`${record?.phase} instead of ${phase}`);
  return state;
}

/** In that phase, with its caller told that its time is over. */
export function answeredIn(phase: OperationPhase): OperationsState {
  return play(inPhase(phase), { type: 'tick', nowMs: timeLimitMs }).state;
}

export const typesOf = (effects: readonly OperationsEffect[]): string[] => effects.map(({ type }) => type);

export function answerOf(effects: readonly OperationsEffect[]): OperationOutcome | undefined {
  for (const effect of effects)
    if (effect.type === 'answer' && effect.request.opId === op) return effect.outcome;
  return undefined;
}
