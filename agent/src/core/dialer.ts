/**
 * Which manager address to dial next, and when. Addresses are tried in order; after a whole round without a
 * session the next one waits, twice as long each time up to a cap, with full jitter, so that a fleet does not
 * come back all at once. Pure: randomness and time come in.
 */
import type { ManagerAddress } from '@hecate/proto/core/manager-address.ts';

export interface DialerLimits {
  readonly backoffMsMin: number;
  /** 1 s: with `connectTimeLimitMs` an agent is back within 2 s of a healed link. */
  readonly backoffMsMax: number;
  /** A SYN that was lost is sent again after 1 s (RFC 6298); one retry must fit. */
  readonly connectTimeLimitMs: number;
  /** TLS, the upgrade to WebSocket and the welcome. */
  readonly greetingTimeLimitMs: number;
  /** A session that ends sooner does not count as a success. */
  readonly sessionMsMin: number;
}

export const dialerLimits: DialerLimits = {
  backoffMsMin: 200,
  backoffMsMax: 1000,
  connectTimeLimitMs: 1500,
  greetingTimeLimitMs: 10_000,
  sessionMsMin: 5000,
};

export interface DialerState {
  readonly phase: 'waiting' | 'dialling' | 'connected' | 'stopped';
  readonly addresses: readonly ManagerAddress[];
  readonly limits: DialerLimits;
  readonly next: number;
  /** Rounds in a row without a session. */
  readonly failedRounds: number;
  readonly dialAtMs: number;
  readonly connectedAtMs: number;
}

export type DialerInput =
  | { type: 'tick'; nowMs: number }
  /** No session came of it; `random` is from 0 to 1. */
  | { type: 'failed'; nowMs: number; random: number }
  /** Welcomed. */
  | { type: 'connected'; nowMs: number }
  /**
   * The session ended. `skip`: this manager is of no use, go on to the next address. `again`: we ended it to open
   * another at once.
   */
  | { type: 'ended'; nowMs: number; random: number; skip: boolean; again?: boolean }
  | { type: 'stop' };

export interface DialEffect {
  readonly type: 'dial';
  readonly address: ManagerAddress;
  readonly connectTimeLimitMs: number;
  readonly greetingTimeLimitMs: number;
}

export interface DialerStep {
  readonly state: DialerState;
  readonly effects: readonly DialEffect[];
}

/** @param addresses at least one */
export function openDialer(
  addresses: readonly ManagerAddress[],
  nowMs: number,
  limits: DialerLimits = dialerLimits,
): DialerState {
  return { phase: 'waiting', addresses, limits, next: 0, failedRounds: 0, dialAtMs: nowMs, connectedAtMs: 0 };
}

export const nextDialMs = (state: DialerState): number =>
  state.phase === 'waiting' ? state.dialAtMs : Number.POSITIVE_INFINITY;

export function dialerStep(state: DialerState, input: DialerInput): DialerStep {
  if (state.phase === 'stopped') return { state, effects: [] };
  switch (input.type) {
    case 'tick':
      return tick(state, input.nowMs);
    case 'failed':
      return state.phase === 'dialling' ? advance(state, input) : { state, effects: [] };
    case 'connected':
      return { state: { ...state, phase: 'connected', connectedAtMs: input.nowMs }, effects: [] };
    case 'ended':
      if (state.phase !== 'connected') return { state, effects: [] };
      if (input.again)
        return { state: { ...state, phase: 'waiting', next: 0, dialAtMs: input.nowMs }, effects: [] };
      return input.skip ? advance(state, input) : ended(state, input);
    case 'stop':
      return { state: { ...state, phase: 'stopped' }, effects: [] };
  }
}

/** A lost manager is looked for from the top; one that welcomes and ends at once is a failure like any other. */
function ended(state: DialerState, at: { nowMs: number; random: number }): DialerStep {
  const wasShort = at.nowMs - state.connectedAtMs < state.limits.sessionMsMin;
  return later({ ...state, next: 0, failedRounds: wasShort ? state.failedRounds + 1 : 0 }, at);
}

function tick(state: DialerState, nowMs: number): DialerStep {
  const address = state.addresses[state.next];
  if (state.phase !== 'waiting' || nowMs < state.dialAtMs || !address) return { state, effects: [] };
  const { connectTimeLimitMs, greetingTimeLimitMs } = state.limits;
  return {
    state: { ...state, phase: 'dialling' },
    effects: [{ type: 'dial', address, connectTimeLimitMs, greetingTimeLimitMs }],
  };
}

/** The next address at once; after the last one the whole round has failed. */
function advance(state: DialerState, at: { nowMs: number; random: number }): DialerStep {
  const next = state.next + 1;
  if (next < state.addresses.length)
    return { state: { ...state, phase: 'waiting', next, dialAtMs: at.nowMs }, effects: [] };
  return later({ ...state, next: 0, failedRounds: state.failedRounds + 1 }, at);
}

function later(state: DialerState, { nowMs, random }: { nowMs: number; random: number }): DialerStep {
  const { backoffMsMin, backoffMsMax } = state.limits;
  const ceilingMs = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(state.failedRounds, 16));
  const delayMs = Math.min(1, Math.max(0, random)) * ceilingMs;
  return { state: { ...state, phase: 'waiting', dialAtMs: nowMs + delayMs }, effects: [] };
}
