/** What the agent tells a manager that has lost sight of operations; and how far back it can tell anything. */
import { makeOpId } from '@hecate/proto/core/names.ts';
import type { ResolvedOperation } from '@hecate/proto/generated/wire.ts';
import { createResolvedOperation } from '@hecate/proto/generated/wire.ts';
import * as outcomes from './operation-outcomes.ts';
import { everyOpId, type OperationRecord } from './operation-record.ts';
import { neverRecord, rememberNever, staleEpoch } from './operation-refusal.ts';
import type { Instant, OperationsEffect, OperationsInput, OperationsState } from './operations-state.ts';

type Effects = OperationsEffect[];
type Of<Type extends OperationsInput['type']> = Extract<OperationsInput, { type: Type }>;

const lastOfItsMillisecond = new Uint8Array(10).fill(0xff);

/**
 * A new journal may stand in the place of one that was lost: what was asked for before it cannot be told as never
 * applied (I12). The first manager that comes says what its own clock shows, or the time of the latest OpId that it
 * may ask for, whichever is later: those above it are made afterwards, whatever the clock of this node shows, and
 * though that of the manager was set back before. New ones of a clock that was set back count as old, and stay unknown.
 */
export function dateNewJournal(state: OperationsState, managerWallMs: number, effects: Effects): void {
  if (state.ledger.forgottenUpTo !== everyOpId || managerWallMs <= 0) return;
  const upTo = makeOpId(managerWallMs, lastOfItsMillisecond);
  state.ledger.forgottenUpTo = upTo;
  effects.push({ type: 'persist', records: [{ type: 'forgotten', upTo, epoch: state.highestEpoch }] });
}

/** What the manager has lost sight of. What was never seen here is from now on never applied (I2). */
export function resolve(state: OperationsState, input: Of<'resolve'>, at: Instant, effects: Effects): void {
  if (input.epoch < state.highestEpoch) {
    const { code, message, remedy } = staleEpoch(state, input.epoch);
    effects.push({ type: 'answer-failure', ticket: input.ticket, code, message, remedy });
    return;
  }
  const news: OperationRecord[] = [];
  const operations = input.opIds.map((opId) => resolveOne(state, opId, at, news));
  const { ticket } = input;
  if (news.length === 0) {
    effects.push({ type: 'answer-resolve', ticket, operations });
    return;
  }
  const durable: OperationsInput = { type: 'resolved-durable', ticket, operations };
  effects.push({
    type: 'persist',
    records: news,
    durable,
    // Without the record a late frame could still apply it: the manager must not be told that it never will.
    lost: (message) => ({
      type: 'resolved-durable',
      ticket,
      operations: operations.map((o) => unsure(o, message)),
    }),
  });
}

function resolveOne(
  state: OperationsState,
  opId: string,
  at: Instant,
  news: OperationRecord[],
): ResolvedOperation {
  if (state.running.has(opId)) return createResolvedOperation({ opId, resolution: 'running' });
  const known = state.ledger.get(opId);
  if (known?.wasApplied)
    return createResolvedOperation({ opId, resolution: 'finished', outcome: known.outcome });
  if (known) return createResolvedOperation({ opId, resolution: 'never-applied', outcome: known.outcome });
  const subject = { opId, verb: 'unspecified', unit: '' } as const;
  const refusal = state.refusals.get(opId);
  if (!refusal && state.ledger.mayHaveForgotten(opId)) {
    const why = 'it is older than what the operation journal of the agent tells';
    const outcome = { ...outcomes.unknown(subject, why), message: why };
    return createResolvedOperation({ opId, resolution: 'finished', outcome });
  }
  const message = 'it never reached the agent, which will not apply it any more';
  const outcome = refusal ?? outcomes.refused(subject, 'HEC_EXPIRED', message);
  rememberNever(state, outcome, at);
  news.push(neverRecord(outcome));
  return createResolvedOperation({ opId, resolution: 'never-applied', outcome });
}

const unsure = (operation: ResolvedOperation, message: string): ResolvedOperation => {
  if (operation.resolution !== 'never-applied') return operation;
  const subject = { opId: operation.opId, verb: 'unspecified', unit: '' } as const;
  const why = `the agent never saw it, and could not record that: ${message}`;
  return {
    ...operation,
    resolution: 'finished',
    outcome: { ...outcomes.unknown(subject, why), message: why },
  };
};
