/**
 * The session machine: one connection between a dialler and an acceptor, from hello to goodbye, as a pure
 * function. Both ends run the same one (agent and manager, hecatectl and manager). It knows nothing of
 * sockets, clocks or who is allowed what; session-host.ts turns its effects into I/O.
 */

import { createHeartbeat } from '../generated/wire.ts';
import { formatDuration } from './duration-text.ts';
import type { FrameBody } from './frames.ts';
import { limits, protocolMax, protocolMin } from './limits.ts';
import {
  call,
  cancel,
  consumed,
  expire,
  item,
  onCancel,
  onCredit,
  onItem,
  onRequest,
  onResponse,
  respond,
} from './session-calls.ts';
import {
  end,
  finish,
  type SessionEffect,
  type SessionInput,
  type SessionState,
  type SessionStep,
  send,
} from './session-state.ts';

export { canCall, isWornOut, itemAllowance } from './session-calls.ts';
export type { SessionEffect, SessionInput, SessionState, SessionStep } from './session-state.ts';

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
    highestIncomingId: 0,
    outgoing: new Map(),
    incoming: new Map(),
    peerClock: undefined,
    greetedClockMs: undefined,
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

/**
 * What the peer's CLOCK_BOOTTIME is at most by now: its greeting was written after the connection was there. For what
 * must not begin too early; true as far as both clocks run at the same rate.
 */
export function peerClockAtMostMs(state: SessionState, nowMs: number): number | undefined {
  return state.greetedClockMs === undefined ? undefined : state.greetedClockMs + (nowMs - state.openedAtMs);
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

const silenceEndsAtMs = (state: SessionState): number =>
  Math.max(state.heardAtMs + 2 * state.heartbeatIntervalMs, state.graceUntilMs);

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
      state: { ...state, phase: 'deciding', peerClock, greetedClockMs: body.value.clockMs },
      effects: [{ type: 'hello', hello: body.value }],
    };
  }
  if (state.side === 'dialler' && body.case === 'welcome') {
    const { protocol } = body.value;
    if (protocol < protocolMin || protocol > protocolMax) {
      const ours = `${protocolMin} to ${protocolMax}`;
      return end(state, 'HEC_VERSION', `welcomed in protocol ${protocol}, this side speaks ${ours}`);
    }
    const established: SessionState = {
      ...state,
      phase: 'established',
      heartbeatIntervalMs: body.value.heartbeatIntervalMs,
      sentHeartbeatAtMs: input.nowMs,
      peerClock: { clockMs: body.value.clockMs, atMs: input.nowMs },
      greetedClockMs: body.value.clockMs,
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
    // A manager that does not answer is away or cut off; who connects and says nothing breaks the protocol.
    const code = state.side === 'dialler' ? 'HEC_HEARTBEAT' : 'HEC_PROTOCOL';
    return end(state, code, `no greeting within ${formatDuration(limits.helloTimeLimitMs)}`);
  }
  const silence = onSilence(state, nowMs);
  if (silence) return silence;
  return beat(expire(state, nowMs), input);
}

/** Long enough for one turn of a busy event loop; far below the second that noticing a cut may take. */
const readGraceMs = 50;

/**
 * Two intervals of silence end the session; but this process may have been stalled itself, and frames wait
 * unread, because timers run before sockets are read. So what waits is read first; after a tick that was late
 * by more than a quarter interval, such as after a suspend, a quarter interval is left for frames to arrive.
 */
function onSilence(state: SessionState, nowMs: number): SessionStep | undefined {
  if (nowMs < silenceEndsAtMs(state)) return undefined;
  if (state.graceUntilMs === 0) {
    const quarterMs = state.heartbeatIntervalMs / 4;
    const isStalled = nowMs - nextTickMs(state) > quarterMs;
    const graceMs = isStalled ? quarterMs : Math.min(quarterMs, readGraceMs);
    return { state: { ...state, graceUntilMs: nowMs + graceMs }, effects: [] };
  }
  return end(state, 'HEC_HEARTBEAT', `nothing heard for ${formatDuration(nowMs - state.heardAtMs)}`);
}

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
