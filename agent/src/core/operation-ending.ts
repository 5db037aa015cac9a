import { limits } from '@hecate/proto/core/limits.ts';
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import { neverMs, reportCountMax } from './operation-limits.ts';
import { type OperationRecord, packOutcome } from './operation-record.ts';
import {
  type Instant,
  isTicketOfManager,
  type OperationsEffect,
  type OperationsInput,
  type OperationsState,
  type Running,
} from './operations-state.ts';

type Effects = OperationsEffect[];

export const elapsedMs = (running: Running, at: Instant): number =>
  Math.max(0, Math.round(at.nowMs - running.startedAtMs));

export function finish(
  state: OperationsState,
  running: Running,
  outcome: OperationOutcome,
  at: Instant,
  effects: Effects,
): void {
  const { opId } = running.begun;
  const draft = { ...outcome, opId, durationMs: elapsedMs(running, at) };
  running.draft = draft;
  running.phase = 'finishing';
  running.pollAtMs = neverMs;
  const durable: OperationsInput = { type: 'finished-durable', opId };
  // What went well and is waited for is told at once: its beginning is durable, so it is never applied again (I2),
  // and after a crash its end would be inferred. That saves the caller one of three waits for a disk.
  if (draft.status === 'done' && running.tickets.length > 0) {
    effects.push({ type: 'persist', records: [finishedRecord(draft)] });
    conclude(state, running, at, effects);
    return;
  }
  // A full disk does not make the outcome less true: it is told, and after a crash it would be inferred.
  effects.push({ type: 'persist', records: [finishedRecord(draft)], durable, lost: () => durable });
}

const finishedRecord = (outcome: OperationOutcome): OperationRecord => ({
  type: 'finished',
  opId: outcome.opId,
  outcome: packOutcome(outcome),
  wasApplied: outcome.status !== 'refused',
  isOpen: false,
});

export function conclude(state: OperationsState, running: Running, at: Instant, effects: Effects): void {
  const { draft, tickets, begun } = running;
  if (!draft) return;
  const isReported = tickets.some(isTicketOfManager);
  state.running.delete(begun.opId);
  state.ledger.makeRoom(at.nowMs, at.bootTimeMs);
  state.ledger.remember(draft, {
    nowMs: at.nowMs,
    notAfterClockMs: running.notAfterClockMs,
    wasApplied: draft.status !== 'refused',
    isReported,
  });
  for (const ticket of tickets) effects.push({ type: 'answer', ticket, outcome: draft });
  if (isReported) effects.push({ type: 'persist', records: [{ type: 'reported', opIds: [begun.opId] }] });
  else report(state, effects);
}

/** What nobody waited for is told to the manager, until it has acknowledged it. */
export function report(state: OperationsState, effects: Effects): void {
  if (!state.isSessionOpen || state.isReporting || state.ledger.unreportedCount === 0) return;
  state.isReporting = true;
  effects.push({ type: 'report', outcomes: state.ledger.unreported(reportCountMax, limits.batchBytesMax) });
}

export function reported(state: OperationsState, opIds: readonly string[], effects: Effects): void {
  state.isReporting = false;
  const news = opIds.filter((opId) => state.ledger.markReported(opId));
  if (news.length > 0) effects.push({ type: 'persist', records: [{ type: 'reported', opIds: news }] });
  report(state, effects);
}

/** Everything that must outlive a restart, oldest first. */
export function* journalRecords(state: OperationsState): Generator<OperationRecord> {
  yield { type: 'forgotten', upTo: state.ledger.forgottenUpTo, epoch: state.highestEpoch };
  yield* state.ledger.records(state.bootId);
  const opIds = state.ledger.reportedIds();
  if (opIds.length > 0) yield { type: 'reported', opIds };
  for (const { begun, job, timeout, phase, draft } of state.running.values()) {
    yield begun;
    if (job) yield { type: 'job', opId: begun.opId, ...job };
    if (timeout) {
      const outcome = packOutcome(timeout);
      yield { type: 'finished', opId: begun.opId, outcome, wasApplied: true, isOpen: true };
    }
    if (phase === 'finishing' && draft) yield finishedRecord(draft);
  }
}
