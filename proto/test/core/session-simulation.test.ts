/**
 * Random schedules of two machines that talk to each other, held against what must be true in every one of them.
 * A seed that fails is printed; `HECATE_SEED=n node THIS-FILE` runs that one alone.
 */

import { decodeFrame, encodeFrame } from '@hecate/proto/core/codec.ts';
import type { FrameBody, Item, Method } from '@hecate/proto/core/frames.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import { canCall, nextTickMs } from '@hecate/proto/core/session.ts';
import { checkFrame } from '@hecate/proto/core/validate.ts';
import t from 'tap';
import { done, intervalMs, query } from '../support/session-fixtures.ts';
import {
  advance,
  anyNotice,
  feed,
  newSimulation,
  open,
  other,
  type Side,
  type Simulation,
} from '../support/simulated-link.ts';

const seeds = process.env.HECATE_SEED
  ? [Number(process.env.HECATE_SEED)]
  : Array.from({ length: 300 }, (_, i) => i + 1);
const report: Method = { case: 'reportOutcomes', value: { outcomes: [] } };
const item: Item = { case: 'accepted', value: { opId: '', jobId: 1 } };

/** What one side knows about its own calls, and about those of its peer. */
interface Ledger {
  readonly asked: Map<number, { answers: number; deadlineAtMs: number; isCancelled: boolean }>;
  readonly working: Set<number>;
  readonly unconsumed: number[];
  /** Stream items that this side has allowed for each of its requests, less those that the peer has sent. */
  readonly allowed: Map<number, number>;
  readonly heardOf: Set<number>;
  ended: number;
}

const newLedger = (): Ledger => ({
  asked: new Map(),
  working: new Set(),
  unconsumed: [],
  allowed: new Map(),
  heardOf: new Set(),
  ended: 0,
});

function demand(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** Checks every effect of a side against its ledger. */
function check(simulation: Simulation, ledgers: Record<Side['name'], Ledger>): void {
  simulation.onEffect = (side, effect) => {
    const ledger = ledgers[side.name];
    demand(ledger.ended === 0 || effect.type === 'ended', `${side.name}: ${effect.type} after its end`);
    demand(side.state.incoming.size <= limits.requestsInFlightMax, 'too many requests are open');
    switch (effect.type) {
      case 'send':
        // The other side takes it: not only the machine, also the codec and the checks at its trust boundary.
        checkFrame(decodeFrame(Uint8Array.from(encodeFrame(effect.body))), sender(side, effect.body.case));
        account(effect.body, ledger, ledgers[other(side.name)]);
        return;
      case 'response': {
        const call = ledger.asked.get(effect.id);
        demand(
          call !== undefined && call.answers === 0 && !call.isCancelled,
          `answer ${effect.id} comes twice`,
        );
        if (call) call.answers += 1;
        return;
      }
      case 'request-item':
        demand(ledger.asked.get(effect.id)?.answers === 0, `an item of ${effect.id} after its answer`);
        ledger.unconsumed.push(effect.id);
        return;
      case 'request':
        demand(!ledger.heardOf.has(effect.id), `request ${effect.id} comes twice`);
        ledger.heardOf.add(effect.id);
        ledger.working.add(effect.id);
        return;
      case 'ended':
        ledger.ended += 1;
        demand(ledger.ended === 1, 'a session ends once');
    }
  };
}

/** Credit counts from the frames alone, not from what the machines believe. */
function account(body: FrameBody, own: Ledger, peer: Ledger): void {
  const add = (ledger: Ledger, id: number, items: number): void => {
    const left = (ledger.allowed.get(id) ?? 0) + items;
    demand(left >= 0, `an item of ${id} without credit`);
    demand(left <= limits.streamCreditItems, `the window of ${id} grows to ${left}`);
    ledger.allowed.set(id, left);
  };
  if (body.case === 'request') add(own, body.value.id, body.value.credit);
  if (body.case === 'credit') add(own, body.value.id, body.value.items);
  if (body.case === 'streamItem') add(peer, body.value.id, -1);
}

const sender = (side: Side, body: string) =>
  side.name === 'acceptor' ? 'manager' : body === 'hello' ? 'undecided' : 'agent';

/** One random thing that a side's program does. */
function act(simulation: Simulation, side: Side, ledger: Ledger): void {
  const { random, nowMs } = simulation;
  const dice = random();
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  if (dice < 0.35 && canCall(side.state)) {
    const id = side.state.nextId;
    const timeLimitMs = 1 + Math.floor(random() * 4000);
    const method = side.name === 'acceptor' ? query : report;
    const credit = Math.floor(random() * limits.streamCreditItems);
    ledger.asked.set(id, { answers: 0, deadlineAtMs: nowMs + timeLimitMs, isCancelled: false });
    feed(simulation, side, { type: 'call', nowMs, method, timeLimitMs, credit });
  } else if (dice < 0.55) {
    const id = pick([...ledger.working]);
    if (id === undefined) return;
    ledger.working.delete(id);
    feed(simulation, side, { type: 'respond', nowMs, id, outcome: done });
  } else if (dice < 0.8) {
    const id = pick([...ledger.working]);
    if (id !== undefined) feed(simulation, side, { type: 'item', nowMs, id, item });
  } else if (dice < 0.93) {
    const id = ledger.unconsumed.shift();
    if (id !== undefined) feed(simulation, side, { type: 'consumed', nowMs, id });
  } else if (dice < 0.95) {
    const id = pick([...side.state.outgoing.keys()]);
    const call = id === undefined ? undefined : ledger.asked.get(id);
    if (id === undefined || !call) return;
    call.isCancelled = true;
    feed(simulation, side, { type: 'cancel', nowMs, id });
  } else if (dice < 0.96) {
    side.stalledUntilMs = nowMs + random() * 1.2 * intervalMs;
  } else if (side.name === 'dialler' && side.state.phase === 'established') {
    feed(simulation, side, { type: 'notice', nowMs, notice: anyNotice });
  }
}

interface Run {
  readonly log: readonly string[];
  readonly ends: readonly string[];
  readonly answers: number;
  readonly items: number;
}

/** Plays one schedule to its end: both programs act, then rest, then say goodbye or are cut off. */
function run(seed: number): Run {
  const simulation = newSimulation(seed);
  const { random } = simulation;
  const ledgers = { dialler: newLedger(), acceptor: newLedger() };
  const ends: string[] = [];
  check(simulation, ledgers);
  const seen = simulation.onEffect;
  simulation.onEffect = (side, effect) => {
    seen(side, effect);
    if (effect.type === 'ended') ends.push(`${side.name} ${effect.code}`);
  };
  const isCut = random() < 0.3;
  if (isCut) simulation.cutAtMs = random() * 8000;
  open(simulation);
  let driverAtMs = 1;
  for (let steps = 0; simulation.nowMs < 8000; steps += 1) {
    demand(steps < 100_000, 'it does not come to rest');
    const next = advance(simulation, driverAtMs);
    if (next === 'rest') break;
    if (next !== 'driver') continue;
    const side = random() < 0.5 ? simulation.sides.dialler : simulation.sides.acceptor;
    if (side.stalledUntilMs <= simulation.nowMs) act(simulation, side, ledgers[side.name]);
    driverAtMs = simulation.nowMs + random() * 20;
  }
  settle(simulation, ledgers);
  const sum = (count: (ledger: Ledger) => number) => count(ledgers.dialler) + count(ledgers.acceptor);
  return {
    log: simulation.log,
    ends,
    answers: sum((ledger) => [...ledger.asked.values()].filter(({ answers }) => answers > 0).length),
    items: simulation.log.filter((line) => line.includes('request-item')).length,
  };
}

/** The programs act no more: every call ends by an answer, its time limit or the end of the session. */
function settle(simulation: Simulation, ledgers: Record<Side['name'], Ledger>): void {
  const untilMs = simulation.nowMs + 6000;
  while (simulation.nowMs < untilMs && advance(simulation, untilMs) === 'machine');
  for (const side of Object.values(simulation.sides)) {
    const ledger = ledgers[side.name];
    for (const [id, call] of ledger.asked) {
      const isOpen = side.state.outgoing.has(id);
      demand(!isOpen, `${side.name}: call ${id} is still open long after its time limit`);
      const isAnswered = call.answers === 1 || call.isCancelled || ledger.ended === 1;
      demand(isAnswered, `${side.name}: call ${id} was never answered`);
    }
    if (ledger.ended === 0)
      feed(simulation, side, {
        type: 'end',
        nowMs: simulation.nowMs,
        code: 'HEC_SHUTTING_DOWN',
        message: '',
      });
    demand(
      side.state.outgoing.size === 0 && side.state.incoming.size === 0,
      'something is left at rest (I14)',
    );
    demand(nextTickMs(side.state) === Number.POSITIVE_INFINITY, 'a timer is left at rest (I14)');
  }
}

t.test('every schedule keeps what was promised', async (t) => {
  let answers = 0;
  let items = 0;
  const ends = new Map<string, number>();
  for (const seed of seeds) {
    try {
      const played = run(seed);
      answers += played.answers;
      items += played.items;
      for (const end of played.ends) ends.set(end, (ends.get(end) ?? 0) + 1);
    } catch (error) {
      t.fail(`seed ${seed}: ${error instanceof Error ? error.message : error}`);
    }
  }
  t.comment(
    `${seeds.length} schedules, ${answers} answers, ${items} items, ends: ${JSON.stringify([...ends])}`,
  );
  if (seeds.length === 1) return t.pass('one seed');
  t.ok(answers > 10 * seeds.length, 'enough was asked and answered to mean something');
  t.ok(items > seeds.length, 'and streamed');
  t.ok(
    [...ends.keys()].some((end) => end.includes('HEC_HEARTBEAT')),
    'cuts were noticed',
  );
  t.notOk(
    [...ends.keys()].some((end) => end.includes('HEC_PROTOCOL')),
    'no side breaks the protocol',
  );
});

t.test('the same seed plays the same, to the last byte of the log', async (t) => {
  for (const seed of seeds.slice(0, 5)) t.same(run(seed).log, run(seed).log, `seed ${seed}`);
  if (seeds.length > 1) t.not(run(1).log.join(), run(2).log.join(), 'and another seed something else');
});
