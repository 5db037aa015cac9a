/**
 * The session machine: one connection between a dialler and an acceptor, from hello to goodbye, as a pure
 * function. Both ends run the same one (agent and manager, hecatectl and manager). It knows nothing of
 * sockets, clocks or who is allowed what; session-host.ts turns its effects into I/O.
 */
import {
  createHeartbeat,
  createStreamItem,
  type Hello,
  type Notice,
  type Welcome,
} from '../generated/wire.ts';
import type { ErrorCode } from './errors.ts';
import type { FrameBody, Item, Method, Outcome, PeerSide } from './frames.ts';
import { limits } from './limits.ts';

/** A request we sent, waiting for its response. */
interface OutgoingCall {
  readonly deadlineAtMs: number;
  /** Items the peer may still send, and items consumed here that were not granted again yet. */
  readonly creditLeft: number;
  readonly consumed: number;
}

/** A request of the peer that we have not answered yet. */
interface IncomingCall {
  readonly deadlineAtMs: number;
  readonly creditLeft: number;
}

export interface SessionState {
  readonly phase: 'greeting' | 'deciding' | 'established' | 'ended';
  readonly side: 'dialler' | 'acceptor';
  readonly peer: PeerSide;
  /** From here on: 2 intervals without a frame end the session. */
  readonly heartbeatIntervalMs: number;
  readonly openedAtMs: number;
  readonly heardAtMs: number;
  readonly sentHeartbeatAtMs: number;
  readonly heartbeatSequence: number;
  /** Set while the machine itself was stalled and gives the peer's waiting frames a chance to be read. */
  readonly graceUntilMs: number;
  readonly nextId: number;
  readonly outgoing: ReadonlyMap<number, OutgoingCall>;
  readonly incoming: ReadonlyMap<number, IncomingCall>;
  /** The peer's CLOCK_BOOTTIME as of its newest frame that carried it. */
  readonly peerClock: { readonly clockMs: number; readonly atMs: number } | undefined;
}

export type SessionInput =
  | { type: 'opened'; nowMs: number; hello?: Hello }
  | { type: 'frame'; nowMs: number; body: FrameBody }
  | { type: 'tick'; nowMs: number; clockMs: number }
  | { type: 'accept'; nowMs: number; peer: 'agent' | 'operator' | 'joiner'; welcome: Welcome }
  | { type: 'call'; nowMs: number; method: Method; timeLimitMs: number; credit: number }
  | { type: 'cancel'; nowMs: number; id: number }
  | { type: 'consumed'; nowMs: number; id: number }
  | { type: 'respond'; nowMs: number; id: number; outcome: Outcome }
  | { type: 'item'; nowMs: number; id: number; item: Item }
  | { type: 'notice'; nowMs: number; notice: Notice }
  | { type: 'end'; nowMs: number; code: ErrorCode; message: string }
  | { type: 'lost'; nowMs: number; message: string };

export type SessionEffect =
  | { type: 'send'; body: FrameBody }
  | { type: 'hello'; hello: Hello }
  | { type: 'established'; welcome: Welcome }
  | { type: 'called'; id: number }
  | { type: 'request'; id: number; method: Method; timeLimitMs: number }
  | { type: 'request-cancelled'; id: number }
  | { type: 'request-item'; id: number; item: Item }
  | { type: 'response'; id: number; outcome: Outcome }
  | { type: 'credit'; id: number }
  | { type: 'notice'; notice: Notice }
  /** The last effect: close the connection. `abort`: with RST, because the peer is not there to read. */
  | { type: 'ended'; code: string; message: string; byPeer: boolean; abort: boolean };

export interface SessionStep {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
}

export function openSession(side: 'dialler' | 'acceptor', nowMs: number): SessionState {
  return {
    phase: 'greeting',
    side,
    peer: side === 'dialler' ? 'manager' : 'undecided',
    heartbeatIntervalMs: limits.heartbeatIntervalMsMax,
    openedAtMs: nowMs,
    heardAtMs: nowMs,
    sentHeartbeatAtMs: nowMs,
    heartbeatSequence: 0,
    graceUntilMs: 0,
    nextId: 1,
    outgoing: new Map(),
    incoming: new Map(),
    peerClock: undefined,
  };
}

/** When the machine wants its next tick, in the clock of its inputs. */
export function nextTickMs(state: SessionState): number {
  if (state.phase === 'ended') return Number.POSITIVE_INFINITY;
  if (state.phase !== 'established') return state.openedAtMs + limits.helloTimeLimitMs;
  let next = Math.min(silenceEndsAtMs(state), state.sentHeartbeatAtMs + state.heartbeatIntervalMs);
  for (const call of state.outgoing.values()) next = Math.min(next, call.deadlineAtMs);
  for (const call of state.incoming.values()) next = Math.min(next, call.deadlineAtMs);
  return next;
}

/**
 * What the peer's CLOCK_BOOTTIME is at least by now. An operation's expiry is reckoned in it: the estimate is
 * never ahead of the peer's clock, so that an expired operation is expired there too.
 */
export function peerClockAtLeastMs(state: SessionState, nowMs: number): number | undefined {
  return state.peerClock && state.peerClock.clockMs + (nowMs - state.peerClock.atMs);
}

export function sessionStep(state: SessionState, input: SessionInput): SessionStep {
  if (state.phase === 'ended') return { state, effects: [] };
  switch (input.type) {
    case 'opened':
      return input.hello
        ? { state, effects: [send({ case: 'hello', value: input.hello })] }
        : { state, effects: [] };
    case 'frame':
      return onFrame({ ...state, heardAtMs: input.nowMs, graceUntilMs: 0 }, input);
    case 'tick':
      return onTick(state, input);
    case 'accept':
      return accept(state, input);
    case 'call':
      return call(state, input);
    case 'cancel':
      return cancel(state, input.id);
    case 'consumed':
      return consumed(state, input.id);
    case 'respond':
      return respond(state, input);
    case 'item':
      return item(state, input);
    case 'notice':
      return { state, effects: [send({ case: 'notice', value: input.notice })] };
    case 'end':
      return end(state, input.code, input.message);
    case 'lost':
      return finish(state, 'HEC_CONNECTION', input.message, { byPeer: true, abort: true });
  }
}

const send = (body: FrameBody): SessionEffect => ({ type: 'send', body });

const silenceEndsAtMs = (state: SessionState): number =>
  Math.max(state.heardAtMs + 2 * state.heartbeatIntervalMs, state.graceUntilMs);

function finish(
  state: SessionState,
  code: string,
  message: string,
  how: { byPeer: boolean; abort: boolean },
): SessionStep {
  const ended: SessionState = { ...state, phase: 'ended', outgoing: new Map(), incoming: new Map() };
  return { state: ended, effects: [{ type: 'ended', code, message, ...how }] };
}

/** Ends the session from this side: the peer is told why. */
function end(state: SessionState, code: ErrorCode, message: string): SessionStep {
  const abort = code === 'HEC_HEARTBEAT';
  const step = finish(state, code, message, { byPeer: false, abort });
  const goodbye = send({ case: 'goodbye', value: { code, message: message.slice(0, 512) } });
  return abort ? step : { state: step.state, effects: [goodbye, ...step.effects] };
}

function onFrame(state: SessionState, input: { nowMs: number; body: FrameBody }): SessionStep {
  const { body } = input;
  if (body.case === 'goodbye')
    return finish(state, body.value.code, body.value.message, { byPeer: true, abort: false });
  if (state.phase === 'greeting') return onGreeting(state, input);
  if (state.phase === 'deciding') return end(state, 'HEC_PROTOCOL', 'a frame before the welcome');
  switch (body.case) {
    case 'heartbeat':
      return {
        state: { ...state, peerClock: { clockMs: body.value.clockMs, atMs: input.nowMs } },
        effects: [],
      };
    case 'request':
      return onRequest(state, input.nowMs, body.value);
    case 'response':
      return onResponse(state, body.value.id, body.value.outcome);
    case 'streamItem':
      return onItem(state, body.value.id, body.value.item);
    case 'credit':
      return onCredit(state, body.value.id, body.value.items);
    case 'cancel':
      return onCancel(state, body.value.id);
    case 'notice':
      return { state, effects: [{ type: 'notice', notice: body.value }] };
    default:
      return end(state, 'HEC_PROTOCOL', `a second ${body.case}`);
  }
}

function onGreeting(state: SessionState, input: { nowMs: number; body: FrameBody }): SessionStep {
  const { body } = input;
  if (state.side === 'acceptor' && body.case === 'hello') {
    const peerClock = { clockMs: body.value.clockMs, atMs: input.nowMs };
    return {
      state: { ...state, phase: 'deciding', peerClock },
      effects: [{ type: 'hello', hello: body.value }],
    };
  }
  if (state.side === 'dialler' && body.case === 'welcome') {
    const established: SessionState = {
      ...state,
      phase: 'established',
      heartbeatIntervalMs: body.value.heartbeatIntervalMs,
      sentHeartbeatAtMs: input.nowMs,
      peerClock: { clockMs: body.value.clockMs, atMs: input.nowMs },
    };
    return { state: established, effects: [{ type: 'established', welcome: body.value }] };
  }
  return end(state, 'HEC_PROTOCOL', `a ${body.case} frame before the greeting`);
}

function accept(state: SessionState, input: Extract<SessionInput, { type: 'accept' }>): SessionStep {
  if (state.phase !== 'deciding') return { state, effects: [] };
  const established: SessionState = {
    ...state,
    phase: 'established',
    peer: input.peer,
    heartbeatIntervalMs: input.welcome.heartbeatIntervalMs,
    heardAtMs: input.nowMs,
    sentHeartbeatAtMs: input.nowMs,
  };
  const effects: SessionEffect[] = [
    send({ case: 'welcome', value: input.welcome }),
    { type: 'established', welcome: input.welcome },
  ];
  return { state: established, effects };
}

function onTick(state: SessionState, input: { nowMs: number; clockMs: number }): SessionStep {
  const { nowMs } = input;
  if (state.phase !== 'established') {
    if (nowMs < state.openedAtMs + limits.helloTimeLimitMs) return { state, effects: [] };
    return end(state, 'HEC_PROTOCOL', `no greeting within ${limits.helloTimeLimitMs} ms`);
  }
  const silence = onSilence(state, nowMs);
  if (silence) return silence;
  return beat(expire(state, nowMs), input);
}

/**
 * Two intervals of silence end the session. When the tick itself is late by more than half an interval, this
 * process was stalled: frames may wait unread, so they get a quarter interval to be read first.
 */
function onSilence(state: SessionState, nowMs: number): SessionStep | undefined {
  const lateMs = nowMs - silenceEndsAtMs(state);
  if (lateMs < 0) return undefined;
  if (state.graceUntilMs === 0 && lateMs > state.heartbeatIntervalMs / 2) {
    return { state: { ...state, graceUntilMs: nowMs + state.heartbeatIntervalMs / 4 }, effects: [] };
  }
  return end(state, 'HEC_HEARTBEAT', `nothing heard for ${Math.round(nowMs - state.heardAtMs)} ms`);
}

function expire(state: SessionState, nowMs: number): SessionStep {
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

function beat(step: SessionStep, input: { nowMs: number; clockMs: number }): SessionStep {
  const { state } = step;
  if (input.nowMs < state.sentHeartbeatAtMs + state.heartbeatIntervalMs) return step;
  const sequence = state.heartbeatSequence + 1;
  const heartbeat = createHeartbeat({ sequence, clockMs: Math.floor(input.clockMs) });
  return {
    state: { ...state, sentHeartbeatAtMs: input.nowMs, heartbeatSequence: sequence },
    effects: [...step.effects, send({ case: 'heartbeat', value: heartbeat })],
  };
}

// ── Calls that we make ─────────────────────────────────────────────────────────────────────────────────

/** The host checks `canCall` first: at the limit it answers HEC_BUSY itself. */
export const canCall = (state: SessionState): boolean =>
  state.phase === 'established' && state.outgoing.size < limits.requestsInFlightMax;

function call(state: SessionState, input: Extract<SessionInput, { type: 'call' }>): SessionStep {
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

function cancel(state: SessionState, id: number): SessionStep {
  if (!state.outgoing.has(id)) return { state, effects: [] };
  const outgoing = new Map(state.outgoing);
  outgoing.delete(id);
  return { state: { ...state, outgoing }, effects: [send({ case: 'cancel', value: { id } })] };
}

function onResponse(state: SessionState, id: number, outcome: { case: string | undefined }): SessionStep {
  // An id that is gone was cancelled or timed out here while the response was on its way.
  if (!state.outgoing.has(id)) return { state, effects: [] };
  const outgoing = new Map(state.outgoing);
  outgoing.delete(id);
  return { state: { ...state, outgoing }, effects: [{ type: 'response', id, outcome: outcome as Outcome }] };
}

function onItem(state: SessionState, id: number, received: { case: string | undefined }): SessionStep {
  const entry = state.outgoing.get(id);
  if (!entry) return { state, effects: [] };
  if (entry.creditLeft <= 0)
    return end(state, 'HEC_PROTOCOL', `a stream item for request ${id} without credit`);
  const outgoing = new Map(state.outgoing).set(id, { ...entry, creditLeft: entry.creditLeft - 1 });
  const next = { ...state, outgoing };
  // An item of a newer version is skipped, and its credit given back.
  if (received.case === undefined) return consumed(next, id);
  return { state: next, effects: [{ type: 'request-item', id, item: received as Item }] };
}

/** Credit goes back in batches of half a window, so that a stream costs one extra frame per many. */
function consumed(state: SessionState, id: number): SessionStep {
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

function onRequest(
  state: SessionState,
  nowMs: number,
  request: { id: number; timeLimitMs: number; credit: number; method: { case: string | undefined } },
): SessionStep {
  const { id } = request;
  if (state.incoming.has(id)) return end(state, 'HEC_PROTOCOL', `request id ${id} is in use`);
  if (state.incoming.size >= limits.requestsInFlightMax) {
    const message = `more than ${limits.requestsInFlightMax} requests in flight`;
    const busy: Outcome = {
      case: 'failure',
      value: { code: 'HEC_BUSY', message, remedy: 'wait for answers first' },
    };
    return { state, effects: [send({ case: 'response', value: { id, outcome: busy } })] };
  }
  const entry = { deadlineAtMs: nowMs + request.timeLimitMs, creditLeft: request.credit };
  const incoming = new Map(state.incoming).set(id, entry);
  const method = request.method as Method;
  return {
    state: { ...state, incoming },
    effects: [{ type: 'request', id, method, timeLimitMs: request.timeLimitMs }],
  };
}

function onCancel(state: SessionState, id: number): SessionStep {
  if (!state.incoming.has(id)) return { state, effects: [] };
  const incoming = new Map(state.incoming);
  incoming.delete(id);
  return { state: { ...state, incoming }, effects: [{ type: 'request-cancelled', id }] };
}

function respond(state: SessionState, input: { id: number; outcome: Outcome }): SessionStep {
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

function item(state: SessionState, input: { id: number; item: Item }): SessionStep {
  const entry = state.incoming.get(input.id);
  if (!entry || entry.creditLeft <= 0) return { state, effects: [] };
  const incoming = new Map(state.incoming).set(input.id, { ...entry, creditLeft: entry.creditLeft - 1 });
  const value = createStreamItem({ id: input.id, item: input.item });
  return { state: { ...state, incoming }, effects: [send({ case: 'streamItem', value })] };
}

function onCredit(state: SessionState, id: number, items: number): SessionStep {
  const entry = state.incoming.get(id);
  if (!entry) return { state, effects: [] };
  const creditLeft = Math.min(entry.creditLeft + items, 8192);
  const incoming = new Map(state.incoming).set(id, { ...entry, creditLeft });
  return { state: { ...state, incoming }, effects: [{ type: 'credit', id }] };
}
