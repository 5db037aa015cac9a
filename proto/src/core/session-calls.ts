/**
 * The part of the session machine that is about requests: those we make, with their streams and credit, and
 * those of the peer.
 */
import { createStreamItem } from '../generated/wire.ts';
import type { Item, Method, Outcome } from './frames.ts';
import { limits } from './limits.ts';
import {
  end,
  type SessionEffect,
  type SessionInput,
  type SessionState,
  type SessionStep,
  send,
} from './session-state.ts';

// ── Calls that we make ─────────────────────────────────────────────────────────────────────────────────

/** A request's id is a uint32. */
const idMax = 0xffff_ffff;

/** Whether this session has used up its ids, which takes years: it has to be opened anew. */
export const isWornOut = (state: SessionState): boolean => state.nextId > idMax;

/** The host checks `canCall` first: at the limit it answers HEC_BUSY itself. */
export const canCall = (state: SessionState): boolean =>
  state.phase === 'established' && state.outgoing.size < limits.requestsInFlightMax && !isWornOut(state);

export function call(state: SessionState, input: Extract<SessionInput, { type: 'call' }>): SessionStep {
  const id = state.nextId;
  const { method, credit } = input;
  const timeLimitMs = Math.max(1, Math.ceil(Math.min(input.timeLimitMs, limits.timeLimitMsMax)));
  const outgoing = new Map(state.outgoing);
  outgoing.set(id, { deadlineAtMs: input.nowMs + timeLimitMs, creditLeft: credit, consumed: 0 });
  return {
    state: { ...state, nextId: id + 1, outgoing },
    effects: [{ type: 'called', id }, send({ case: 'request', value: { id, timeLimitMs, credit, method } })],
  };
}

export function cancel(state: SessionState, id: number): SessionStep {
  if (!state.outgoing.has(id)) return { state, effects: [] };
  const outgoing = new Map(state.outgoing);
  outgoing.delete(id);
  return { state: { ...state, outgoing }, effects: [send({ case: 'cancel', value: { id } })] };
}

/** An id that is gone was cancelled or timed out here while the frame was on its way. */
function onLate(state: SessionState, what: string, id: number): SessionStep {
  if (id < state.nextId) return { state, effects: [] };
  return end(state, 'HEC_PROTOCOL', `${what}, which was never made`);
}

export function onResponse(
  state: SessionState,
  id: number,
  outcome: { case: string | undefined },
): SessionStep {
  if (!state.outgoing.has(id)) return onLate(state, `a response to request ${id}`, id);
  const outgoing = new Map(state.outgoing);
  outgoing.delete(id);
  return { state: { ...state, outgoing }, effects: [{ type: 'response', id, outcome: outcome as Outcome }] };
}

export function onItem(state: SessionState, id: number, received: { case: string | undefined }): SessionStep {
  const entry = state.outgoing.get(id);
  if (!entry) return onLate(state, `a stream item for request ${id}`, id);
  if (entry.creditLeft <= 0)
    return end(state, 'HEC_PROTOCOL', `a stream item for request ${id} without credit`);
  const outgoing = new Map(state.outgoing).set(id, { ...entry, creditLeft: entry.creditLeft - 1 });
  const next = { ...state, outgoing };
  // An item of a newer version is skipped, and its credit given back.
  if (received.case === undefined) return consumed(next, id);
  return { state: next, effects: [{ type: 'request-item', id, item: received as Item }] };
}

/** Credit goes back in batches of half a window, so that a stream costs one extra frame per many. */
export function consumed(state: SessionState, id: number): SessionStep {
  const entry = state.outgoing.get(id);
  if (!entry) return { state, effects: [] };
  const count = entry.consumed + 1;
  const isDue = count >= limits.streamCreditItems / 2 || entry.creditLeft === 0;
  const next = isDue
    ? { ...entry, creditLeft: entry.creditLeft + count, consumed: 0 }
    : { ...entry, consumed: count };
  const outgoing = new Map(state.outgoing).set(id, next);
  const effects = isDue ? [send({ case: 'credit', value: { id, items: count } })] : [];
  return { state: { ...state, outgoing }, effects };
}

// ── Calls of the peer ──────────────────────────────────────────────────────────────────────────────────

export function onRequest(
  state: SessionState,
  nowMs: number,
  request: { id: number; timeLimitMs: number; credit: number; method: { case: string | undefined } },
): SessionStep {
  const { id } = request;
  if (id <= state.highestIncomingId) return end(state, 'HEC_PROTOCOL', `request id ${id} was used before`);
  const next = { ...state, highestIncomingId: id };
  if (state.incoming.size >= limits.requestsInFlightMax) {
    const message = `more than ${limits.requestsInFlightMax} requests in flight`;
    const busy: Outcome = {
      case: 'failure',
      value: { code: 'HEC_BUSY', message, remedy: 'wait for answers first' },
    };
    return { state: next, effects: [send({ case: 'response', value: { id, outcome: busy } })] };
  }
  const entry = { deadlineAtMs: nowMs + request.timeLimitMs, creditLeft: request.credit };
  const incoming = new Map(state.incoming).set(id, entry);
  const method = request.method as Method;
  return {
    state: { ...next, incoming },
    effects: [{ type: 'request', id, method, timeLimitMs: request.timeLimitMs }],
  };
}

export function onCancel(state: SessionState, id: number): SessionStep {
  if (!state.incoming.has(id)) return { state, effects: [] };
  const incoming = new Map(state.incoming);
  incoming.delete(id);
  return { state: { ...state, incoming }, effects: [{ type: 'request-cancelled', id }] };
}

export function respond(state: SessionState, input: { id: number; outcome: Outcome }): SessionStep {
  if (!state.incoming.has(input.id)) return { state, effects: [] };
  const incoming = new Map(state.incoming);
  incoming.delete(input.id);
  const response = send({ case: 'response', value: { id: input.id, outcome: input.outcome } });
  return { state: { ...state, incoming }, effects: [response] };
}

/** Whether a stream item may be sent now: 'no-credit' means wait, 'gone' means nobody listens any more. */
export function itemAllowance(state: SessionState, id: number): 'allowed' | 'no-credit' | 'gone' {
  const entry = state.incoming.get(id);
  if (state.phase !== 'established' || !entry) return 'gone';
  return entry.creditLeft > 0 ? 'allowed' : 'no-credit';
}

export function item(state: SessionState, input: { id: number; item: Item }): SessionStep {
  const entry = state.incoming.get(input.id);
  if (!entry || entry.creditLeft <= 0) return { state, effects: [] };
  const incoming = new Map(state.incoming).set(input.id, { ...entry, creditLeft: entry.creditLeft - 1 });
  const value = createStreamItem({ id: input.id, item: input.item });
  return { state: { ...state, incoming }, effects: [send({ case: 'streamItem', value })] };
}

export function onCredit(state: SessionState, id: number, items: number): SessionStep {
  const entry = state.incoming.get(id);
  if (!entry) return { state, effects: [] };
  const creditLeft = Math.min(entry.creditLeft + items, 8192);
  const incoming = new Map(state.incoming).set(id, { ...entry, creditLeft });
  return { state: { ...state, incoming }, effects: [{ type: 'credit', id }] };
}

// ── Time limits of both ──

export function expire(state: SessionState, nowMs: number): SessionStep {
  const effects: SessionEffect[] = [];
  const outgoing = new Map(state.outgoing);
  const incoming = new Map(state.incoming);
  for (const [id, entry] of state.outgoing) {
    if (nowMs < entry.deadlineAtMs) continue;
    outgoing.delete(id);
    effects.push(send({ case: 'cancel', value: { id } }), {
      type: 'response',
      id,
      outcome: timeLimitFailure,
    });
  }
  for (const [id, entry] of state.incoming) {
    if (nowMs < entry.deadlineAtMs) continue;
    incoming.set(id, { ...entry, deadlineAtMs: Number.POSITIVE_INFINITY });
    effects.push({ type: 'request-cancelled', id });
  }
  return effects.length === 0 ? { state, effects } : { state: { ...state, outgoing, incoming }, effects };
}

const timeLimitFailure: Outcome = {
  case: 'failure',
  value: { code: 'HEC_TIMEOUT', message: 'no answer within the time limit', remedy: '' },
};
