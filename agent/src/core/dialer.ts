/**
 * Which manager address to dial next, and when. Addresses are tried in order; after a whole round without a
 * session the next one waits, twice as long each time up to a cap, with full jitter, so that a fleet does not
 * come back all at once. While a session is there, a second one may be dialled that takes over from it. Pure:
 * randomness and time come in.
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
  /** Between attempts to hand over to a second session; the first one serves meanwhile, so there is time. */
  readonly handoverBackoffMsMax: number;
}

export const dialerLimits: DialerLimits = {
  backoffMsMin: 200,
  backoffMsMax: 1000,
  connectTimeLimitMs: 1500,
  greetingTimeLimitMs: 10_000,
  sessionMsMin: 5000,
  handoverBackoffMsMax: 60_000,
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
  /** The dial of a second session, which takes over; only while connected. */
  readonly handover: 'none' | 'waiting' | 'dialling';
  /** Attempts in a row that came to nothing. */
  readonly failedHandovers: number;
}

export type DialerInput =
  | { type: 'tick'; nowMs: number }
  /** No session came of it; `random` is from 0 to 1. */
  | { type: 'failed'; nowMs: number; random: number }
  /** Welcomed. */
  | { type: 'connected'; nowMs: number }
  /** The session is to be followed by a new one of the same manager. */
  | { type: 'hand-over'; nowMs: number }
  /** The session ended. `skip`: this manager is of no use, go on to the next address. */
  | { type: 'ended'; nowMs: number; random: number; skip: boolean }
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
  return {
    phase: 'waiting',
    addresses,
    limits,
    next: 0,
    failedRounds: 0,
    dialAtMs: nowMs,
    connectedAtMs: 0,
    ...noHandover,
  };
}

const noHandover = { handover: 'none', failedHandovers: 0 } as const;

const isWaiting = (state: DialerState): boolean =>
  state.phase === 'waiting' || (state.phase === 'connected' && state.handover === 'waiting');

export const nextDialMs = (state: DialerState): number =>
  isWaiting(state) ? state.dialAtMs : Number.POSITIVE_INFINITY;

export function dialerStep(state: DialerState, input: DialerInput): DialerStep {
  if (state.phase === 'stopped') return { state, effects: [] };
  switch (input.type) {
    case 'tick':
      return tick(state, input.nowMs);
    case 'failed':
      if (state.phase === 'connected' && state.handover === 'dialling') return handOverLater(state, input);
      return state.phase === 'dialling' ? advance(state, input) : { state, effects: [] };
    case 'connected':
      return {
        state: { ...state, ...noHandover, phase: 'connected', connectedAtMs: input.nowMs },
        effects: [],
      };
    case 'hand-over':
      if (state.phase !== 'connected' || state.handover !== 'none') return { state, effects: [] };
      return { state: { ...state, handover: 'waiting', dialAtMs: input.nowMs }, effects: [] };
    case 'ended':
      if (state.phase !== 'connected') return { state, effects: [] };
      // The second session is on its way already, and becomes the only one.
      if (state.handover === 'dialling')
        return { state: { ...state, ...noHandover, phase: 'dialling' }, effects: [] };
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
  if (!isWaiting(state) || nowMs < state.dialAtMs || !address) return { state, effects: [] };
  const { connectTimeLimitMs, greetingTimeLimitMs } = state.limits;
  const dialling: DialerState =
    state.phase === 'connected' ? { ...state, handover: 'dialling' } : { ...state, phase: 'dialling' };
  return {
    state: dialling,
    effects: [{ type: 'dial', address, connectTimeLimitMs, greetingTimeLimitMs }],
  };
}

/** The next address at once; after the last one the whole round has failed. */
function advance(state: DialerState, at: { nowMs: number; random: number }): DialerStep {
  const next = state.next + 1;
  if (next < state.addresses.length)
    return { state: { ...state, ...noHandover, phase: 'waiting', next, dialAtMs: at.nowMs }, effects: [] };
  return later({ ...state, next: 0, failedRounds: state.failedRounds + 1 }, at);
}

function later(state: DialerState, at: { nowMs: number; random: number }): DialerStep {
  const dialAtMs = at.nowMs + pauseMs(state.limits, state.failedRounds, state.limits.backoffMsMax, at.random);
  return { state: { ...state, ...noHandover, phase: 'waiting', dialAtMs }, effects: [] };
}

/** The session that is there stays; the attempt is made again. */
function handOverLater(state: DialerState, at: { nowMs: number; random: number }): DialerStep {
  const failedHandovers = state.failedHandovers + 1;
  const { limits } = state;
  const dialAtMs = at.nowMs + pauseMs(limits, failedHandovers, limits.handoverBackoffMsMax, at.random);
  return { state: { ...state, handover: 'waiting', failedHandovers, dialAtMs }, effects: [] };
}

function pauseMs(limits: DialerLimits, failures: number, msMax: number, random: number): number {
  const ceilingMs = Math.min(msMax, limits.backoffMsMin * 2 ** Math.min(failures, 16));
  return Math.min(1, Math.max(0, random)) * ceilingMs;
}
