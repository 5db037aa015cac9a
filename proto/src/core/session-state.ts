/** What the session machine knows, hears and does; session.ts tells how they hang together. */
import type { Hello, Notice, Welcome } from '../generated/wire.ts';
import type { ErrorCode } from './errors.ts';
import type { FrameBody, Item, Method, Outcome, PeerSide } from './frames.ts';

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
  /** Ids count up and are never used again, in either direction. */
  readonly nextId: number;
  readonly highestIncomingId: number;
  readonly outgoing: ReadonlyMap<number, OutgoingCall>;
  readonly incoming: ReadonlyMap<number, IncomingCall>;
  /** The peer's CLOCK_BOOTTIME as of its newest frame that carried it. */
  readonly peerClock: { readonly clockMs: number; readonly atMs: number } | undefined;
  /** The same as its greeting had it. */
  readonly greetedClockMs: number | undefined;
}

export type SessionInput =
  | { type: 'opened'; nowMs: number; hello?: Hello }
  | { type: 'frame'; nowMs: number; body: FrameBody }
  | { type: 'tick'; nowMs: number; clockMs: number }
  | { type: 'accept'; nowMs: number; peer: 'agent' | 'operator' | 'peer' | 'joiner'; welcome: Welcome }
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

export const send = (body: FrameBody): SessionEffect => ({ type: 'send', body });

export function finish(
  state: SessionState,
  code: string,
  message: string,
  how: { byPeer: boolean; abort: boolean },
): SessionStep {
  const ended: SessionState = { ...state, phase: 'ended', outgoing: new Map(), incoming: new Map() };
  return { state: ended, effects: [{ type: 'ended', code, message, ...how }] };
}

/** Ends the session from this side: the peer is told why. */
export function end(state: SessionState, code: ErrorCode, message: string): SessionStep {
  const abort = code === 'HEC_HEARTBEAT';
  const step = finish(state, code, message, { byPeer: false, abort });
  const goodbye = send({ case: 'goodbye', value: { code, message: message.slice(0, 512) } });
  return abort ? step : { state: step.state, effects: [goodbye, ...step.effects] };
}
