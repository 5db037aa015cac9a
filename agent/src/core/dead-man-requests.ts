/** Arming and withdrawing a dead man's order: one request after the other, each durable before its answer (I9). */
import type { ArmShutdown } from '@hecate/proto/generated/wire.ts';
import { type ArmedOrder, haveSameOperations } from './armed-order.ts';
import { unitsToName, whyMalformed, whyNotAllowed } from './dead-man-refusal.ts';
import {
  type DeadManEffect,
  type DeadManInput,
  type DeadManInstant,
  type DeadManRequest,
  type DeadManState,
  deadManLimits,
} from './dead-man-state.ts';
import { type Refusal, whyEpochRefused } from './operation-refusal.ts';

type Effects = DeadManEffect[];

function refuse(ticket: number, { code, message, remedy }: Refusal, effects: Effects): void {
  effects.push({ type: 'answer-failure', ticket, code, message, remedy });
}

export function acceptRequest(state: DeadManState, request: DeadManRequest, effects: Effects): DeadManState {
  if (state.waiting.length < deadManLimits.requestsMax)
    return { ...state, waiting: [...state.waiting, request] };
  const message = `${deadManLimits.requestsMax} requests about the order wait already`;
  refuse(request.ticket, { code: 'HEC_BUSY', message, remedy: 'try again in a moment' }, effects);
  return state;
}

/** Takes the next request that needs more than an answer; those before it are answered. */
export function serveNext(state: DeadManState, effects: Effects): DeadManState {
  if (state.served) return state;
  const [request, ...waiting] = state.waiting;
  if (!request) return state;
  const served = serve({ ...state, waiting }, request, effects);
  return served.served ? served : serveNext(served, effects);
}

function serve(state: DeadManState, request: DeadManRequest, effects: Effects): DeadManState {
  const epoch = request.type === 'arm' ? request.order.epoch : request.epoch;
  const stale = whyEpochRefused(state.highestEpoch, epoch);
  if (stale) {
    refuse(request.ticket, stale, effects);
    return state;
  }
  const current = { ...state, highestEpoch: Math.max(state.highestEpoch, epoch) };
  return request.type === 'arm'
    ? serveArm(current, request, effects)
    : serveDisarm(current, request, effects);
}

type ArmRequest = Extract<DeadManRequest, { type: 'arm' }>;

function serveArm(state: DeadManState, request: ArmRequest, effects: Effects): DeadManState {
  const { ticket, order } = request;
  const why = whyMalformed(order.operations) ?? whyWithdrawn(state, order.runId);
  if (why) {
    refuse(ticket, why, effects);
    return state;
  }
  const units = unitsToName(order.operations, state);
  const naming: DeadManState = { ...state, served: { ...request, phase: 'naming' } };
  if (units.length === 0) return namedUnits(naming, { type: 'named', ticket, names: new Map() }, effects);
  effects.push({ type: 'name-units', ticket, units });
  return naming;
}

/** Nobody withdraws the order of a run that goes on: what comes after it is late, and would power the host off. */
function whyWithdrawn({ withdrawnRuns }: DeadManState, runId: string): Refusal | undefined {
  if (!withdrawnRuns.includes(runId)) return undefined;
  const message = `the order of run ${runId} was withdrawn before it came`;
  return { code: 'HEC_EXPIRED', message, remedy: `hecatectl runs show ${runId}` };
}

export function namedUnits(
  state: DeadManState,
  { ticket, names }: Extract<DeadManInput, { type: 'named' }>,
  effects: Effects,
): DeadManState {
  const { served } = state;
  if (served?.type !== 'arm' || served.phase !== 'naming' || served.ticket !== ticket) return state;
  const refusal = whyNotAllowed(served.order.operations, state, names);
  if (!refusal) return { ...state, served: { ...served, phase: 'ready' } };
  refuse(ticket, refusal, effects);
  return { ...state, served: undefined };
}

type DisarmRequest = Extract<DeadManRequest, { type: 'disarm' }>;

function serveDisarm(before: DeadManState, request: DisarmRequest, effects: Effects): DeadManState {
  const { runId } = request;
  const others = before.withdrawnRuns.filter((other) => other !== runId);
  const withdrawnRuns = [...others, runId].slice(-deadManLimits.withdrawnRunsMax);
  const state: DeadManState = { ...before, withdrawnRuns };
  const isThere = (state.order ?? state.carriedOut)?.runId === runId;
  // Whose order it was is not known any more when its file could not be removed: then every withdrawal sees to it.
  const isFileLeft = state.order === undefined && state.discardAtMs !== Number.POSITIVE_INFINITY;
  if (isThere || isFileLeft) return { ...state, served: { ...request, phase: 'ready' } };
  effects.push({ type: 'answer', ticket: request.ticket });
  return state;
}

/** Nothing else is on its way to the disk. */
export function writeServed(state: DeadManState, at: DeadManInstant, effects: Effects): DeadManState {
  const { served } = state;
  if (!served) return state;
  const { ticket } = served;
  if (served.type === 'disarm') {
    const order = state.order ?? state.carriedOut;
    if (order) effects.push({ type: 'tell', event: 'withdrawn', order });
    effects.push({ type: 'forget' });
    // From here on no operation of it begins; one that is under way goes on in systemd.
    const gone = { order: undefined, carriedOut: undefined, attempt: undefined, isDirty: false } as const;
    return { ...state, ...gone, writing: { type: 'disarm', ticket } };
  }
  const isRenewal = goesOnWith(state.order, served.order, at);
  const order = isRenewal ? renewed(state.order, served.order) : newOrder(state, served.order, at);
  effects.push({ type: 'persist', order });
  return { ...state, writing: { type: 'arm', ticket, order, isRenewal } };
}

/** The same once more, of what has begun already, is no new order: nothing of it begins anew. */
function goesOnWith(
  order: ArmedOrder | undefined,
  wanted: ArmShutdown,
  at: DeadManInstant,
): order is ArmedOrder {
  return (
    order !== undefined &&
    order.begunAtClockMs !== null &&
    order.runId === wanted.runId &&
    wanted.beginAtClockMs <= at.bootTimeMs &&
    haveSameOperations(order.operations, wanted.operations)
  );
}

const renewed = (order: ArmedOrder, { epoch, reason }: ArmShutdown): ArmedOrder => ({
  ...order,
  epoch,
  reason,
});

const newOrder = (state: DeadManState, wanted: ArmShutdown, at: DeadManInstant): ArmedOrder => ({
  version: 1,
  runId: wanted.runId,
  epoch: wanted.epoch,
  bootId: state.bootId,
  armedAtClockMs: at.bootTimeMs,
  beginAtClockMs: wanted.beginAtClockMs,
  operations: wanted.operations,
  reason: wanted.reason,
  begunAtClockMs: null,
  next: 0,
  isPoweroffTaken: false,
});
