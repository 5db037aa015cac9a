/**
 * The agent's side of a shutdown when the network dies with the power: an order that was armed is carried out alone
 * at its time when the manager is gone then; no earlier, and never without an order. With a session open at that time
 * it waits, and begins when the session has been gone for a grace. Once begun it goes on to its end, unless a manager
 * comes back and withdraws it: then it stops between two operations.
 *
 * A newer manager that says nothing of the order leaves it in force: it stands for a shutdown that was decided, and
 * withdrawing it is one request.
 *
 * An order that has powered the host off is remembered over the boot that follows, and told in the hello: the run that
 * it is of must not do it a second time, in front of whoever has switched the host on.
 */
import { createOperation, type OperationOutcome } from '@hecate/proto/generated/wire.ts';
import { type ArmedOrder, armedOpId } from './armed-order.ts';
import { acceptRequest, namedUnits, serveNext, writeServed } from './dead-man-requests.ts';
import {
  type DeadManEffect,
  type DeadManInput,
  type DeadManInstant,
  type DeadManState,
  type DeadManStep,
  deadManLimits,
  neverMs,
  type Writing,
} from './dead-man-state.ts';

type Effects = DeadManEffect[];

export function deadManStep(state: DeadManState, input: DeadManInput, at: DeadManInstant): DeadManStep {
  const effects: Effects = [];
  const received = receive(state, input, at, effects);
  return { state: settle(received, at, effects), effects };
}

/** When the machine wants its next tick, in CLOCK_BOOTTIME; never, when there is nothing to wait for (I14). */
export function nextDeadManTickMs(state: DeadManState): number {
  if (state.writing || state.served) return neverMs;
  return Math.min(state.discardAtMs, nextOrderTickMs(state));
}

/** When its order begins if nothing changes; never, when there is none, it has begun, or a manager is there. */
function beginsAtMs({ order, isSessionOpen, goneSinceMs }: DeadManState): number {
  if (!order || order.begunAtClockMs !== null || isSessionOpen) return neverMs;
  return Math.max(order.beginAtClockMs, goneSinceMs + deadManLimits.graceMs);
}

function nextOrderTickMs(state: DeadManState): number {
  const { attempt, isBusConnected } = state;
  if (!attempt) return beginsAtMs(state);
  return attempt.phase === 'applied' || isBusConnected ? attempt.wakeAtMs : neverMs;
}

function receive(
  state: DeadManState,
  input: DeadManInput,
  at: DeadManInstant,
  effects: Effects,
): DeadManState {
  switch (input.type) {
    case 'arm':
    case 'disarm':
      return acceptRequest(state, input, effects);
    case 'named':
      return namedUnits(state, input, effects);
    case 'persisted':
      return state.writing ? persisted({ ...state, writing: undefined }, state.writing, effects) : state;
    case 'not-persisted':
      return state.writing
        ? notPersisted({ ...state, writing: undefined }, state.writing, input.message, at, effects)
        : state;
    case 'session':
      return sessionChanged(state, input.isOpen, at, effects);
    case 'bus':
      return { ...state, isBusConnected: input.isConnected };
    case 'epoch':
      return { ...state, highestEpoch: Math.max(state.highestEpoch, input.epoch) };
    case 'policy':
      return { ...state, policy: input.policy };
    case 'operation-ended':
      return operationEnded(state, input.outcome, at, effects);
    case 'tick':
      return state;
  }
}

function sessionChanged(
  state: DeadManState,
  isOpen: boolean,
  at: DeadManInstant,
  effects: Effects,
): DeadManState {
  if (state.isSessionOpen === isOpen) return state;
  if (isOpen && state.order && state.order.begunAtClockMs !== null)
    effects.push({ type: 'tell', event: 'manager-back', order: state.order });
  return { ...state, isSessionOpen: isOpen, goneSinceMs: at.bootTimeMs };
}

// ── What came of writing ──

function persisted(state: DeadManState, writing: Writing, effects: Effects): DeadManState {
  switch (writing.type) {
    case 'arm':
      return armed(state, writing, effects);
    case 'disarm':
      effects.push({ type: 'answer', ticket: writing.ticket });
      return { ...state, served: undefined, discardAtMs: neverMs };
    case 'progress':
      return { ...state, isDirty: false };
    case 'discard':
      return { ...state, discardAtMs: neverMs };
  }
}

function armed(
  state: DeadManState,
  { ticket, order, isRenewal }: Extract<Writing, { type: 'arm' }>,
  effects: Effects,
): DeadManState {
  effects.push({ type: 'answer', ticket });
  const served = { ...state, served: undefined, discardAtMs: neverMs };
  if (isRenewal && state.order) {
    // An operation may have ended meanwhile: how far it is, is known here.
    const { begunAtClockMs, next, isPoweroffTaken } = state.order;
    const renewed = { ...order, begunAtClockMs, next, isPoweroffTaken };
    effects.push({ type: 'tell', event: 'renewed', order: renewed });
    return { ...served, order: renewed };
  }
  effects.push({ type: 'tell', event: 'armed', order });
  return { ...served, order, carriedOut: undefined, attempt: undefined, isDirty: false };
}

function notPersisted(
  state: DeadManState,
  writing: Writing,
  message: string,
  at: DeadManInstant,
  effects: Effects,
): DeadManState {
  effects.push({ type: 'tell', event: 'not-recorded', what: writing.type, message, order: state.order });
  const remedy = 'see to the state directory of the agent (full, read-only?)';
  const fail = (ticket: number, what: string): void => {
    effects.push({
      type: 'answer-failure',
      ticket,
      code: 'HEC_STATE',
      message: `${what}: ${message}`,
      remedy,
    });
  };
  const discardAtMs = at.bootTimeMs + deadManLimits.discardRetryMs;
  switch (writing.type) {
    case 'arm':
      fail(writing.ticket, 'the order could not be recorded, so it is not armed');
      return { ...state, served: undefined };
    case 'disarm':
      // It is not carried out any more; but after a restart it would be there again, until its file is gone.
      fail(writing.ticket, 'the order is withdrawn, but its file could not be removed');
      return { ...state, served: undefined, discardAtMs };
    case 'progress':
      // The power is going: it goes on. The operation journal still sees to it that nothing is applied twice (I2).
      return { ...state, isDirty: false };
    case 'discard':
      return { ...state, discardAtMs };
  }
}

// ── Carrying it out ──

function settle(state: DeadManState, at: DeadManInstant, effects: Effects): DeadManState {
  if (state.writing) return state;
  const next = serveNext(state, effects);
  if (next.served) return next.served.phase === 'ready' ? writeServed(next, at, effects) : next;
  if (at.bootTimeMs >= next.discardAtMs && !next.order) {
    effects.push({ type: 'forget' });
    return { ...next, writing: { type: 'discard' } };
  }
  return next.order ? proceed(next, next.order, at, effects) : next;
}

function proceed(state: DeadManState, order: ArmedOrder, at: DeadManInstant, effects: Effects): DeadManState {
  if (order.begunAtClockMs === null)
    return at.bootTimeMs >= beginsAtMs(state) ? begin(state, order, at, effects) : state;
  if (state.attempt) return wake(state, order, state.attempt, at, effects);
  // How far it is, is durable before the next operation begins.
  if (state.isDirty) return writeProgress(state, order, effects);
  if (order.next >= order.operations.length) return finish(state, order, effects);
  return state.isBusConnected ? apply(state, order, 0, at, effects) : state;
}

function finish(state: DeadManState, order: ArmedOrder, effects: Effects): DeadManState {
  effects.push({ type: 'tell', event: 'finished', order });
  if (order.isPoweroffTaken) return { ...state, order: undefined, carriedOut: order };
  effects.push({ type: 'forget' });
  return { ...state, order: undefined, writing: { type: 'discard' } };
}

function begin(state: DeadManState, order: ArmedOrder, at: DeadManInstant, effects: Effects): DeadManState {
  const begun = { ...order, begunAtClockMs: at.bootTimeMs };
  effects.push({ type: 'tell', event: 'begun', order: begun });
  return writeProgress({ ...state, order: begun, isDirty: true }, begun, effects);
}

function writeProgress(state: DeadManState, order: ArmedOrder, effects: Effects): DeadManState {
  effects.push({ type: 'persist', order });
  return { ...state, writing: { type: 'progress' } };
}

function apply(
  state: DeadManState,
  order: ArmedOrder,
  number: number,
  at: DeadManInstant,
  effects: Effects,
): DeadManState {
  const wanted = order.operations[order.next];
  if (!wanted) return state;
  const { verb, unit, options, timeLimitMs } = wanted;
  const wakeAtMs = at.bootTimeMs + timeLimitMs + deadManLimits.answerMarginMs;
  const operation = createOperation({
    opId: armedOpId(order, order.next, number),
    // I6: the order was taken from the highest of its time, and every later one has left it in force.
    epoch: state.highestEpoch,
    verb,
    unit,
    options,
    timeLimitMs,
    notAfterClockMs: Math.ceil(wakeAtMs),
    requestedBy: `the order of run ${order.runId}`,
  });
  effects.push({ type: 'apply', operation });
  const retryUntilMs = state.attempt?.retryUntilMs ?? at.bootTimeMs + timeLimitMs;
  return { ...state, attempt: { operation, number, phase: 'applied', retryUntilMs, wakeAtMs } };
}

function wake(
  state: DeadManState,
  order: ArmedOrder,
  attempt: NonNullable<DeadManState['attempt']>,
  at: DeadManInstant,
  effects: Effects,
): DeadManState {
  if (at.bootTimeMs < attempt.wakeAtMs) return state;
  if (attempt.phase === 'resting')
    return state.isBusConnected ? apply(state, order, attempt.number, at, effects) : state;
  const { opId } = attempt.operation;
  effects.push({ type: 'tell', event: 'given-up', index: order.next, opId, order });
  return goOn(state, order, effects);
}

function goOn(state: DeadManState, before: ArmedOrder, effects: Effects): DeadManState {
  const order = advanced(before, true);
  return writeProgress({ ...state, order, attempt: undefined, isDirty: true }, order, effects);
}

/** @param isTaken it was not refused: of a poweroff without an answer, the boot that follows says that it was one */
const advanced = (order: ArmedOrder, isTaken: boolean): ArmedOrder => ({
  ...order,
  next: order.next + 1,
  isPoweroffTaken: order.isPoweroffTaken || (isTaken && order.operations[order.next]?.verb === 'poweroff'),
});

const isForNow = ({ status, code }: OperationOutcome): boolean =>
  status === 'refused' && (code === 'HEC_BUS_GONE' || code === 'HEC_BUSY');

/** The agent was interrupted before systemd had it, and the node itself says so: it may be asked for anew (I2). */
const isCertainlyNotApplied = ({ status, result, inferred }: OperationOutcome): boolean =>
  status === 'failed' && inferred && result === 'not-applied';

/** A failure is told and changes nothing: the power is going, and what comes behind it is worth as much. */
function operationEnded(
  state: DeadManState,
  outcome: OperationOutcome,
  at: DeadManInstant,
  effects: Effects,
): DeadManState {
  const { order, attempt } = state;
  if (!order || attempt?.phase !== 'applied' || attempt.operation.opId !== outcome.opId) return state;
  if (isForNow(outcome) && at.bootTimeMs < attempt.retryUntilMs) {
    const wakeAtMs = at.bootTimeMs + deadManLimits.retryMs;
    return { ...state, attempt: { ...attempt, phase: 'resting', wakeAtMs } };
  }
  const number = attempt.number + 1;
  if (isCertainlyNotApplied(outcome) && number < deadManLimits.attemptsMax)
    return { ...state, attempt: { ...attempt, number, phase: 'resting', wakeAtMs: at.bootTimeMs } };
  effects.push({ type: 'tell', event: 'operation-ended', index: order.next, outcome, order });
  const isTaken = outcome.status !== 'refused' && outcome.status !== 'failed';
  return { ...state, order: advanced(order, isTaken), attempt: undefined, isDirty: true };
}
