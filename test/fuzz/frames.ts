/**
 * Random and mutated frames against the decoder, the checks at the trust boundary and the session machine.
 * Usage: node test/fuzz/frames.ts [COUNT] [SEED]: goes on until COUNT frames are done or one does what no frame
 * may do; that one is kept under test/fuzz/corpus and is tried again by every run of the tests.
 */
import { deepStrictEqual } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFrame, encodeFrame } from '@hecate/proto/core/codec.ts';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { FrameBody, PeerSide } from '@hecate/proto/core/frames.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import { nextTickMs, type SessionInput, type SessionState, sessionStep } from '@hecate/proto/core/session.ts';
import { checkFrame } from '@hecate/proto/core/validate.ts';
import { sampleFrames } from '../../proto/test/support/sample-frames.ts';
import {
  establishedAcceptor,
  establishedDialler,
  hello,
  query,
  welcome,
} from '../../proto/test/support/session-fixtures.ts';
import { seededRandom } from '../../proto/test/support/simulated-link.ts';
import { mutate, randomBytes } from './mutations.ts';

export const corpusFolder = join(import.meta.dirname, 'corpus');

const sides: readonly PeerSide[] = ['agent', 'operator', 'joiner', 'manager', 'undecided'];
const refusals: ReadonlySet<string> = new Set(['HEC_PROTOCOL', 'HEC_BAD_NAME', 'HEC_USAGE']);

/** Calls back, and lets through only the errors that a bad frame may cause. */
function refused<T>(what: () => T): T | undefined {
  try {
    return what();
  } catch (error) {
    if (error instanceof HecateError && refusals.has(error.code)) return undefined;
    throw error;
  }
}

const isValidFrom = (body: FrameBody, side: PeerSide): boolean =>
  refused(() => {
    checkFrame(body, side);
    return true;
  }) ?? false;

/** What became of the frames. */
export interface Counts {
  frames: number;
  decoded: number;
  /** Valid from one side or another. */
  valid: number;
  /** Sessions that a valid frame ended. */
  ended: number;
}

export const noCounts = (): Counts => ({ frames: 0, decoded: 0, valid: 0, ended: 0 });

/** The sessions that the frames go to; each is opened anew when it has ended. */
export interface Targets {
  nowMs: number;
  agentSide: SessionState;
  managerSide: SessionState;
}

/** Calls that are open from the beginning, so that answers find one. */
const openCalls = 8;

function withOpenCalls(established: SessionState): SessionState {
  let state = established;
  for (let i = 0; i < openCalls; i += 1) {
    const call: SessionInput = { type: 'call', nowMs: 0, method: query, timeLimitMs: 1e6, credit: 4 };
    state = sessionStep(state, call).state;
  }
  return state;
}

const newAgentSide = (): SessionState => withOpenCalls(establishedDialler());
const newManagerSide = (): SessionState => withOpenCalls(establishedAcceptor());

export const newTargets = (): Targets => ({
  nowMs: 0,
  agentSide: newAgentSide(),
  managerSide: newManagerSide(),
});

/** Every other frame gets an id that means something to the session, so that it goes on for a while. */
function withFittingId(body: FrameBody, state: SessionState, nowMs: number): FrameBody {
  if (nowMs % 2 === 0) return body;
  const known = (id: number): number => 1 + (id % openCalls);
  switch (body.case) {
    case 'request':
      return { case: 'request', value: { ...body.value, id: state.highestIncomingId + 1 } };
    case 'response':
      return { case: 'response', value: { ...body.value, id: known(body.value.id) } };
    case 'streamItem':
      return { case: 'streamItem', value: { ...body.value, id: known(body.value.id) } };
    default:
      return body;
  }
}

function stepBounded(state: SessionState, nowMs: number, received: FrameBody): SessionState {
  const body = withFittingId(received, state, nowMs);
  const step = sessionStep(state, { type: 'frame', nowMs, body });
  if (step.effects.length > 4) throw new Error(`${step.effects.length} effects of one frame`);
  for (const effect of step.effects) if (effect.type === 'send') encodeFrame(effect.body);
  const { incoming, outgoing } = step.state;
  if (incoming.size > limits.requestsInFlightMax || outgoing.size > openCalls)
    throw new Error('the state grows');
  const wanted = nextTickMs(step.state);
  if (Number.isNaN(wanted)) throw new Error('the next tick is not a number');
  return step.state;
}

/**
 * One frame, whatever it holds.
 * @throws what no frame may cause
 */
export function tryFrame(bytes: Uint8Array, targets: Targets, counts: Counts): void {
  counts.frames += 1;
  const body = refused(() => decodeFrame(bytes));
  if (!body) return;
  counts.decoded += 1;
  const again = Uint8Array.from(encodeFrame(body));
  deepStrictEqual(decodeFrame(again), body, 'what was read can be written and read again');
  const from = sides.filter((side) => isValidFrom(body, side));
  if (from.length === 0) return;
  counts.valid += 1;
  targets.nowMs += 1;
  if (from.includes('agent')) targets.managerSide = stepBounded(targets.managerSide, targets.nowMs, body);
  if (from.includes('manager')) targets.agentSide = stepBounded(targets.agentSide, targets.nowMs, body);
  if (targets.managerSide.phase === 'ended') {
    counts.ended += 1;
    targets.managerSide = newManagerSide();
  }
  if (targets.agentSide.phase === 'ended') {
    counts.ended += 1;
    targets.agentSide = newAgentSide();
  }
}

/** What mutations begin with: one of each frame, brought within the limits so that small changes stay valid. */
function seeds(): Uint8Array[] {
  const frames: FrameBody[] = [
    { case: 'hello', value: hello },
    { case: 'welcome', value: welcome },
  ];
  for (const body of sampleFrames().values()) {
    const value = body.case === 'request' ? { ...body.value, id: 7, timeLimitMs: 9, credit: 5 } : body.value;
    frames.push({ ...body, value } as FrameBody);
  }
  return frames.map((body) => Uint8Array.from(encodeFrame(body)));
}

/**
 * @returns counts of `count` frames; the same for the same seed
 * @throws the error, with `bytes` being the frame that caused it
 */
export function fuzz(count: number, seed: number, counts: Counts = noCounts()): Counts {
  const random = seededRandom(seed);
  const bases = seeds();
  const targets = newTargets();
  for (let i = 0; i < count; i += 1) {
    const bytes = random() < 0.3 ? randomBytes(random) : mutate(bases, random);
    try {
      tryFrame(bytes, targets, counts);
    } catch (error) {
      throw Object.assign(error instanceof Error ? error : new Error(String(error)), { bytes });
    }
  }
  return counts;
}

if (import.meta.main) {
  const [count = '1000000', seed = '1'] = process.argv.slice(2);
  try {
    console.log(JSON.stringify(fuzz(Number(count), Number(seed))));
  } catch (error) {
    const { bytes } = error as { bytes: Uint8Array };
    const file = join(corpusFolder, `seed-${seed}-${Date.now()}.bin`);
    writeFileSync(file, bytes);
    console.error(`kept in ${file}:`, error);
    process.exitCode = 1;
  }
}
