/** How an operation begins, or is refused: everything before systemd is asked. */
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { asHecateError } from '@hecate/proto/core/errors.ts';
import { parseUnitName } from '@hecate/proto/core/unit-name.ts';
import type { Operation } from '@hecate/proto/generated/wire.ts';
import { finish } from './operation-ending.ts';
import { neverMs, runningMax } from './operation-limits.ts';
import * as outcomes from './operation-outcomes.ts';
import { join } from './operation-progress.ts';
import type { BegunRecord } from './operation-record.ts';
import {
  neverRecord,
  type Refusal,
  rememberNever,
  rememberRefusal,
  staleEpoch,
  whyEpochRefused,
} from './operation-refusal.ts';
import type {
  Instant,
  OperationsEffect,
  OperationsInput,
  OperationsState,
  Running,
} from './operations-state.ts';
import { needsUnitNames, type UnitNamesAnswer, type Wish, whyRefused } from './policy-decision.ts';
import { needsUnit } from './verbs.ts';

type Effects = OperationsEffect[];
type Of<Type extends OperationsInput['type']> = Extract<OperationsInput, { type: Type }>;

export function apply(state: OperationsState, input: Of<'apply'>, at: Instant, effects: Effects): void {
  const { operation, ticket } = input;
  const running = state.running.get(operation.opId);
  if (running) {
    join(running, ticket, effects);
    return;
  }
  const known = state.ledger.get(operation.opId);
  if (known) {
    effects.push({ type: 'answer', ticket, outcome: { ...known.outcome, replayed: true } });
    return;
  }
  const invalid = whyInvalid(state, operation, at);
  // Asked for before anything is recorded; the operation then comes once more, and is looked at from the start.
  const isNameless = !input.unitNames && state.isBusConnected;
  if (!invalid && isNameless && needsUnitNames(state.policy, wishOf(operation), state.ownUnit)) {
    effects.push({ type: 'name-unit', ticket, operation });
    return;
  }
  const refusal = invalid ?? whyNot(state, operation, input.unitNames, at);
  if (refusal) {
    refuse(state, input, refusal, at, effects);
    return;
  }
  state.highestEpoch = Math.max(state.highestEpoch, operation.epoch);
  const begun: BegunRecord = {
    type: 'begun',
    opId: operation.opId,
    epoch: operation.epoch,
    verb: operation.verb,
    unit: operation.unit,
    bootId: state.bootId,
    monotonicUs: at.monotonicUs,
    timeLimitMs: operation.timeLimitMs,
    logLines: operation.logLines,
    notAfterClockMs: operation.notAfterClockMs,
  };
  state.running.set(operation.opId, {
    begun,
    notAfterClockMs: operation.notAfterClockMs,
    phase: 'beginning',
    operation,
    allowed: { policy: state.policy, wish: wishOf(operation, input.unitNames) },
    tickets: [ticket],
    startedAtMs: at.nowMs,
    deadlineAtMs: at.nowMs + operation.timeLimitMs,
    job: undefined,
    pollAtMs: neverMs,
    inspections: 0,
    timeout: undefined,
    draft: undefined,
    stopped: undefined,
  });
  effects.push({
    type: 'persist',
    records: [begun],
    durable: { type: 'begun-durable', opId: operation.opId },
    lost: (message) => ({ type: 'begun-lost', opId: operation.opId, message }),
  });
}

const wishOf = ({ verb, unit, options }: Operation, unitNames?: UnitNamesAnswer): Wish => ({
  verb,
  unit,
  jobMode: options?.jobMode ?? '',
  unitNames: unitNames?.case === 'known' ? unitNames.unitNames : undefined,
});

function whyInvalid(state: OperationsState, operation: Operation, at: Instant): Refusal | undefined {
  const epoch = whyEpochRefused(state.highestEpoch, operation.epoch);
  if (epoch) return epoch;
  const expiry = whyExpired(operation.notAfterClockMs, at);
  if (expiry) return expiry;
  if (needsUnit(operation.verb) || operation.unit !== '') {
    try {
      parseUnitName(operation.unit);
    } catch (error) {
      const { code, message, remedy } = asHecateError(error);
      return { code, message, remedy };
    }
  }
  if (operation.verb === 'exec' && (operation.options?.argv.length ?? 0) === 0)
    return { code: 'HEC_USAGE', message: 'exec without a command', remedy: 'hecatectl exec NODE -- COMMAND' };
  return undefined;
}

function whyNot(
  state: OperationsState,
  operation: Operation,
  unitNames: UnitNamesAnswer | undefined,
  at: Instant,
): Refusal | undefined {
  // What is not known is not allowed (I12).
  if (unitNames?.case === 'failed') {
    const { code, message, remedy } = unitNames;
    return { code, message, remedy };
  }
  const policy = whyRefused(state.policy, wishOf(operation, unitNames), state.ownUnit);
  if (policy) return { code: 'HEC_POLICY', ...policy };
  if (!state.isBusConnected)
    return {
      code: 'HEC_BUS_GONE',
      message: 'the agent has no connection to its D-Bus',
      remedy: 'hecatectl doctor NODE',
    };
  if (state.running.size >= runningMax)
    return {
      code: 'HEC_BUSY',
      message: `${runningMax} operations run on this node already`,
      remedy: 'wait for some to end',
    };
  if (!state.ledger.makeRoom(at.nowMs, at.bootTimeMs))
    return {
      code: 'HEC_BUSY',
      message: 'too many recent operations to remember',
      remedy: 'try again in a minute',
    };
  return undefined;
}

function whyExpired(notAfterClockMs: number, at: Instant): Refusal | undefined {
  if (at.bootTimeMs <= notAfterClockMs) return undefined;
  const lateMs = Math.ceil(at.bootTimeMs - notAfterClockMs);
  const message = `it arrived ${formatDuration(lateMs)} after its deadline and was not begun`;
  return { code: 'HEC_EXPIRED', message, remedy: 'ask again if it is still wanted', isDurable: true };
}

function refuse(
  state: OperationsState,
  { ticket, operation }: Of<'apply'>,
  refusal: Refusal,
  at: Instant,
  effects: Effects,
): void {
  const outcome = outcomes.refused(operation, refusal.code, refusal.message, refusal.remedy);
  if (!refusal.isDurable) {
    rememberRefusal(state, outcome);
    effects.push({ type: 'answer', ticket, outcome });
    return;
  }
  rememberNever(state, outcome, at);
  const durable: OperationsInput = { type: 'refusal-durable', ticket, outcome };
  // Also when it cannot be written: its expiry refuses it a second time.
  effects.push({ type: 'persist', records: [neverRecord(outcome)], durable, lost: () => durable });
}

/** Its record is durable: from here on it may be applied. */
export function begin(state: OperationsState, opId: string, at: Instant, effects: Effects): void {
  const running = state.running.get(opId);
  if (!running?.operation) return;
  const refusal = whyNotAnyMore(state, running, at);
  if (refusal) {
    endRefused(state, running, refusal, at, effects);
    return;
  }
  const { operation } = running;
  // Whoever asked for a command is gone: nobody would read its output.
  if (running.begun.verb === 'exec' && running.tickets.length === 0) {
    endRefused(
      state,
      running,
      { code: 'HEC_CANCELLED', message: 'nobody waited for it any more', remedy: '' },
      at,
      effects,
    );
    return;
  }
  running.phase = 'calling';
  running.operation = undefined;
  running.allowed = undefined;
  effects.push({ type: 'call', opId, operation, ticket: running.tickets[0] });
}

/**
 * The disk may have taken long: a newer manager may have come (I6), the policy may have been read again, and what
 * expired meanwhile was reported as not done, and stays undone.
 */
function whyNotAnyMore(state: OperationsState, running: Running, at: Instant): Refusal | undefined {
  const { begun, allowed, notAfterClockMs } = running;
  if (begun.epoch < state.highestEpoch) return staleEpoch(state, begun.epoch);
  const expiry = whyExpired(notAfterClockMs, at);
  if (expiry || !allowed || allowed.policy === state.policy) return expiry;
  const { policy, ownUnit } = state;
  const refusal = whyRefused(policy, allowed.wish, ownUnit);
  if (refusal) return { code: 'HEC_POLICY', ...refusal };
  if (allowed.wish.unitNames || !needsUnitNames(policy, allowed.wish, ownUnit)) return undefined;
  const message = 'the policy was read again before it was begun, and speaks of units now';
  return { code: 'HEC_POLICY', message, remedy: 'ask again' };
}

function endRefused(
  state: OperationsState,
  running: Running,
  refusal: Refusal,
  at: Instant,
  effects: Effects,
): void {
  const { code, message, remedy } = refusal;
  finish(state, running, outcomes.refused(running.begun, code, message, remedy), at, effects);
}

export function beginFailed(
  state: OperationsState,
  input: Of<'begun-lost'>,
  at: Instant,
  effects: Effects,
): void {
  const running = state.running.get(input.opId);
  if (!running) return;
  state.running.delete(input.opId);
  const message = `it could not be recorded, so it was not begun: ${input.message}`;
  const remedy = 'see to the state directory of the agent (full, read-only?)';
  const outcome = outcomes.refused(running.begun, 'HEC_STATE', message, remedy);
  rememberNever(state, outcome, at, running.notAfterClockMs);
  for (const ticket of running.tickets) effects.push({ type: 'answer', ticket, outcome });
}
