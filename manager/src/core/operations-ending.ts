/** How an operation ends: the caller's one answer, and the last word, which may come later. */
import { type ErrorCode, errorTable, isErrorCode } from '@hecate/proto/core/errors.ts';
import type { OpId } from '@hecate/proto/core/names.ts';
import { createOperationOutcome, type OperationOutcome } from '@hecate/proto/generated/wire.ts';
import {
  nothing,
  type OperationRecord,
  type OperationRequest,
  type OperationsEffect,
  type OperationsState,
  type OperationsStep,
  put,
} from './operations-state.ts';
import { cutOff, noAnswer, notRecorded, stillRunning, withoutStatus } from './outcome-text.ts';

export const named = (request: OperationRequest, outcome: OperationOutcome): OperationOutcome => ({
  ...outcome,
  opId: request.opId,
});

export function settleById(state: OperationsState, opId: OpId, outcome: OperationOutcome): OperationsStep {
  const record = state.records.get(opId);
  return record ? settle(state, record, outcome) : nothing(state);
}

/** The last word: whoever still waits is answered with it, and the machine forgets the operation. */
export function settle(
  state: OperationsState,
  record: OperationRecord,
  outcome: OperationOutcome,
): OperationsStep {
  const { request } = record;
  const final = named(request, outcome.status === 'unspecified' ? withoutStatus(request) : outcome);
  state.records.delete(request.opId);
  const effects: OperationsEffect[] = [
    { type: 'audit', request, outcome: final, isLate: record.isAnswered },
    { type: 'settled', request, outcome: final },
  ];
  if (!record.isAnswered) effects.push({ type: 'answer', request, outcome: final });
  return { state, effects };
}

/** The caller's answer, while the last word is still to come. */
export function answer(
  state: OperationsState,
  record: OperationRecord,
  outcome: OperationOutcome,
): OperationsStep {
  if (record.isAnswered) return { state: put(state, record), effects: [] };
  const { request } = record;
  const told = named(request, outcome);
  return {
    state: put(state, { ...record, isAnswered: true, outcome: told }),
    effects: [
      { type: 'audit', request, outcome: told, isLate: false },
      { type: 'answer', request, outcome: told },
    ],
  };
}

/** The caller's time is over. */
export function answerInTime(state: OperationsState, record: OperationRecord): OperationsStep {
  const { request, phase } = record;
  switch (phase) {
    case 'recording':
      // Still being written to a slow disk: `recorded` will find it gone, and nothing is sent.
      return settle(state, record, notRecorded('the journal did not answer in time'));
    case 'queued': {
      const message = `${request.node} was busy with other operations until the deadline: it was not sent`;
      return settle(state, record, refusalOf('HEC_BUSY', message));
    }
    case 'cut-off':
      return answer(state, record, cutOff(request, record.isAccepted));
    case 'sent':
    case 'silent':
    case 'accepted':
    case 'running':
      return answer(state, record, record.isAccepted ? stillRunning(request) : noAnswer(request));
  }
}

/** An outcome for what was refused before it reached the agent. */
export function refusalOf(code: ErrorCode, message: string): OperationOutcome {
  const status = code === 'HEC_OFFLINE' || code === 'HEC_CONNECTION' ? 'offline' : 'refused';
  const known = isErrorCode(code) ? errorTable[code].summary : '';
  return createOperationOutcome({ status, code, message: message || known });
}
