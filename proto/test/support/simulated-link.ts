/**
 * Two session machines on a link that keeps the order of frames and may delay them for any time, lose everything
 * from some moment on, or stall one side: what TCP can do. Deterministic by its seed; nothing here knows a clock.
 */
import type { FrameBody } from '@hecate/proto/core/frames.ts';
import {
  nextTickMs,
  openSession,
  type SessionEffect,
  type SessionInput,
  type SessionState,
  sessionStep,
} from '@hecate/proto/core/session.ts';
import { createNotice } from '@hecate/proto/generated/wire.ts';
import { hello, intervalMs, welcome } from './session-fixtures.ts';

/** Mulberry32: small, good enough, the same everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export type SideName = 'dialler' | 'acceptor';

export interface Side {
  readonly name: SideName;
  state: SessionState;
  /** Frames on their way to this side, with the time they arrive. */
  inbox: { readonly body: FrameBody; readonly atMs: number }[];
  /** Stalled until then: it reads nothing, sends nothing, and its ticks are late. */
  stalledUntilMs: number;
}

export interface Simulation {
  readonly random: () => number;
  readonly sides: Readonly<Record<SideName, Side>>;
  readonly log: string[];
  nowMs: number;
  /** Nothing sent after this moment arrives, in either direction, and nobody is told. */
  cutAtMs: number;
  /** Sees every effect of either side, in order. */
  onEffect: (side: Side, effect: SessionEffect) => void;
}

export const other = (side: SideName): SideName => (side === 'dialler' ? 'acceptor' : 'dialler');

const newSide = (name: SideName): Side => ({
  name,
  state: openSession(name, 0),
  inbox: [],
  stalledUntilMs: 0,
});

export function newSimulation(seed: number): Simulation {
  return {
    random: seededRandom(seed),
    sides: { dialler: newSide('dialler'), acceptor: newSide('acceptor') },
    log: [],
    nowMs: 0,
    cutAtMs: Number.POSITIVE_INFINITY,
    onEffect: () => undefined,
  };
}

/** Frames arrive in order: never before the one sent before. */
function transmit(simulation: Simulation, from: SideName, body: FrameBody): void {
  if (simulation.nowMs >= simulation.cutAtMs) return;
  const { inbox } = simulation.sides[other(from)];
  // Mostly quick, at times half an interval late, as after a retransmission.
  const delayMs =
    simulation.random() < 0.9 ? simulation.random() * 5 : simulation.random() * (intervalMs / 2);
  inbox.push({ body, atMs: Math.max(simulation.nowMs + delayMs, inbox.at(-1)?.atMs ?? 0) });
}

export function feed(simulation: Simulation, side: Side, input: SessionInput): void {
  const { state, effects } = sessionStep(side.state, input);
  side.state = state;
  for (const effect of effects) {
    const what = effect.type === 'send' ? `send ${effect.body.case}` : effect.type;
    simulation.log.push(`${simulation.nowMs.toFixed(3)} ${side.name} ${what} ${JSON.stringify(effect)}`);
    if (effect.type === 'send') transmit(simulation, side.name, effect.body);
    if (effect.type === 'hello')
      feed(simulation, side, { type: 'accept', nowMs: simulation.nowMs, peer: 'agent', welcome });
    simulation.onEffect(side, effect);
    if (effect.type === 'ended' && !effect.abort) close(simulation, other(side.name));
  }
}

/** An orderly close arrives after what was sent before it. */
function close(simulation: Simulation, at: SideName): void {
  const goodbye = { case: 'goodbye', value: { code: 'HEC_CONNECTION', message: 'closed' } } as const;
  transmit(simulation, at === 'dialler' ? 'acceptor' : 'dialler', goodbye);
}

export function open(simulation: Simulation): void {
  feed(simulation, simulation.sides.dialler, { type: 'opened', nowMs: 0, hello });
  feed(simulation, simulation.sides.acceptor, { type: 'opened', nowMs: 0 });
}

/** When this side has something to do next: a frame that arrives, or a tick. */
function dueMs(side: Side): number {
  return Math.max(
    Math.min(side.inbox[0]?.atMs ?? Number.POSITIVE_INFINITY, nextTickMs(side.state)),
    side.stalledUntilMs,
  );
}

/** Whichever comes first: a frame, a tick, or what the driver wants to do at `driverAtMs`. */
export function advance(simulation: Simulation, driverAtMs: number): 'driver' | 'machine' | 'rest' {
  const { dialler, acceptor } = simulation.sides;
  const side = dueMs(dialler) <= dueMs(acceptor) ? dialler : acceptor;
  const atMs = dueMs(side);
  if (driverAtMs <= atMs && driverAtMs !== Number.POSITIVE_INFINITY) {
    simulation.nowMs = Math.max(simulation.nowMs, driverAtMs);
    return 'driver';
  }
  if (atMs === Number.POSITIVE_INFINITY) return 'rest';
  simulation.nowMs = Math.max(simulation.nowMs, atMs);
  const { nowMs } = simulation;
  // A process that wakes from a stall runs its timers before it reads its sockets: the worse of both orders.
  const tickIsDue = nextTickMs(side.state) <= nowMs;
  const frame = side.inbox[0];
  if (tickIsDue) feed(simulation, side, { type: 'tick', nowMs, clockMs: nowMs });
  else if (frame) {
    side.inbox.shift();
    feed(simulation, side, { type: 'frame', nowMs, body: frame.body });
  }
  return 'machine';
}

export const anyNotice = createNotice({
  notice: { case: 'busState', value: { connected: true, reason: '' } },
});
