/** Sessions in the states that tests begin from, and the frames that lead there. */
import type { FrameBody, Method, Outcome } from '@hecate/proto/core/frames.ts';
import {
  openSession,
  type SessionEffect,
  type SessionInput,
  type SessionState,
  type SessionStep,
  sessionStep,
} from '@hecate/proto/core/session.ts';
import { createHello, createWelcome, type Hello, type Welcome } from '@hecate/proto/generated/wire.ts';

export const intervalMs = 1000;

export const hello: Hello = createHello({
  peerKind: 'agent',
  name: 'node-a',
  bootId: '0f4b1c7e-7a51-4a2e-9d43-1f2e3d4c5b6a',
  softwareVersion: '0.1.0',
  protocolMin: 1,
  protocolMax: 1,
  highestEpoch: 3,
  clockMs: 50_000,
});

export const welcome: Welcome = createWelcome({
  protocol: 1,
  epoch: 4,
  heartbeatIntervalMs: intervalMs,
  sessionId: 's1',
  role: 'agent',
  requestsInFlightMax: 64,
  clockMs: 70_000,
});

export const query: Method = { case: 'query', value: { query: { case: 'nodeStatus', value: {} } } };
export const done: Outcome = { case: 'done', value: {} };

/** Steps through all inputs; the effects are those of all of them. */
export function play(state: SessionState, ...inputs: readonly SessionInput[]): SessionStep {
  const effects: SessionEffect[] = [];
  let now = state;
  for (const input of inputs) {
    const step = sessionStep(now, input);
    now = step.state;
    effects.push(...step.effects);
  }
  return { state: now, effects };
}

export const frame = (body: FrameBody, nowMs = 0): SessionInput => ({ type: 'frame', nowMs, body });

/** The dialler's half of an established session, at time 0. */
export function establishedDialler(): SessionState {
  const opened: SessionInput = { type: 'opened', nowMs: 0, hello };
  return play(openSession('dialler', 0), opened, frame({ case: 'welcome', value: welcome })).state;
}

/** The acceptor's half, at time 0. */
export function establishedAcceptor(): SessionState {
  const accept: SessionInput = { type: 'accept', nowMs: 0, peer: 'agent', welcome };
  return play(openSession('acceptor', 0), frame({ case: 'hello', value: hello }), accept).state;
}

/** The frames among the effects. */
export const sent = (effects: readonly SessionEffect[]): FrameBody[] =>
  effects.flatMap((effect) => (effect.type === 'send' ? [effect.body] : []));

/** The one effect that ends the session, if any. */
export const ending = (
  effects: readonly SessionEffect[],
): Extract<SessionEffect, { type: 'ended' }> | undefined => {
  const last = effects.at(-1);
  return last?.type === 'ended' ? last : undefined;
};
