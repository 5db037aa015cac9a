import { apply, begin, beginFailed } from './operation-beginning.ts';
import { conclude, journalRecords, report, reported } from './operation-ending.ts';
import { compactAfterMin, neverMs, reportRetryMs } from './operation-limits.ts';
import {
  abandon,
  busChanged,
  called,
  canTimeOut,
  inspected,
  investigated,
  jobRemoved,
  ownerChanged,
  polled,
  tellTimeout,
  tick,
} from './operation-progress.ts';
import { dateNewJournal, resolve } from './operation-resolution.ts';
import type {
  Instant,
  OperationsEffect,
  OperationsInput,
  OperationsState,
  Running,
} from './operations-state.ts';

type Effects = OperationsEffect[];

export function operationsStep(state: OperationsState, input: OperationsInput, at: Instant): Effects {
  const effects: Effects = [];
  dispatch(state, input, at, effects);
  for (const effect of effects) if (effect.type === 'persist') state.journalled += effect.records.length;
  if (state.journalled > Math.max(compactAfterMin, 4 * (state.ledger.size + state.running.size))) {
    const records = [...journalRecords(state)];
    state.journalled = records.length;
    effects.push({ type: 'compact', records });
  }
  return effects;
}

function dispatch(state: OperationsState, input: OperationsInput, at: Instant, effects: Effects): void {
  switch (input.type) {
    case 'apply':
      apply(state, input, at, effects);
      return;
    case 'begun-durable':
      begin(state, input.opId, at, effects);
      return;
    case 'begun-lost':
      beginFailed(state, input, at, effects);
      return;
    case 'refusal-durable':
      effects.push({ type: 'answer', ticket: input.ticket, outcome: input.outcome });
      return;
    case 'called':
      withRunning(state, input.opId, (running) => called(state, running, input.result, at, effects));
      return;
    case 'job-removed':
      jobRemoved(state, input, at, effects);
      return;
    case 'polled':
      withRunning(state, input.opId, (running) => polled(state, running, input.isThere, at, effects));
      return;
    case 'inspected':
      withRunning(state, input.opId, (running) => inspected(state, running, input, at, effects));
      return;
    case 'investigated':
      withRunning(state, input.opId, (running) => investigated(state, running, input, at, effects));
      return;
    case 'timeout-durable':
      withRunning(state, input.opId, (running) => tellTimeout(running, effects));
      return;
    case 'finished-durable':
      withRunning(state, input.opId, (running) => conclude(state, running, at, effects));
      return;
    case 'abandoned':
      abandon(state, input.ticket, effects);
      return;
    case 'resolve':
      resolve(state, input, at, effects);
      return;
    case 'resolved-durable':
      effects.push({ type: 'answer-resolve', ticket: input.ticket, operations: input.operations });
      return;
    case 'reported':
      reported(state, input.opIds, effects);
      return;
    case 'report-failed':
      state.isReporting = false;
      state.reportAtMs = at.nowMs + reportRetryMs;
      return;
    case 'bus':
      busChanged(state, input.isConnected, effects);
      return;
    case 'new-owner':
      ownerChanged(state, effects);
      return;
    case 'session':
      state.isSessionOpen = input.isOpen;
      state.isReporting = false;
      state.reportAtMs = neverMs;
      dateNewJournal(state, input.managerWallMs ?? 0, effects);
      report(state, effects);
      return;
    case 'epoch':
      state.highestEpoch = Math.max(state.highestEpoch, input.epoch);
      return;
    case 'policy':
      state.policy = input.policy;
      return;
    case 'tick':
      tick(state, at, effects);
      return;
  }
}

/** When the machine wants its next tick; never, when nothing runs (I14). */
export function nextOperationsTickMs(state: OperationsState): number {
  let next = state.reportAtMs;
  for (const running of state.running.values()) {
    next = Math.min(next, running.pollAtMs);
    if (canTimeOut(running)) next = Math.min(next, running.deadlineAtMs);
  }
  return next;
}

function withRunning(state: OperationsState, opId: string, use: (running: Running) => void): void {
  const running = state.running.get(opId);
  if (running) use(running);
}
