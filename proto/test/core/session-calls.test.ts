import type { FrameBody, Item } from '@hecate/proto/core/frames.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import {
  canCall,
  itemAllowance,
  nextTickMs,
  type SessionInput,
  type SessionState,
  sessionStep,
} from '@hecate/proto/core/session.ts';
import { createStreamItem } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import {
  done,
  ending,
  establishedAcceptor,
  establishedDialler,
  frame,
  play,
  query,
  sent,
} from '../support/session-fixtures.ts';

const call = (timeLimitMs = 500, credit = 0, nowMs = 0): SessionInput => ({
  type: 'call',
  nowMs,
  method: query,
  timeLimitMs,
  credit,
});
const request = (id: number, credit = 0, timeLimitMs = 500): FrameBody => ({
  case: 'request',
  value: { id, timeLimitMs, credit, method: query },
});
const response = (id: number): FrameBody => ({ case: 'response', value: { id, outcome: done } });
const item: Item = { case: 'accepted', value: { opId: 'x', jobId: 7 } };
const streamItem = (id: number): FrameBody => ({ case: 'streamItem', value: createStreamItem({ id, item }) });
const tick = (nowMs: number): SessionInput => ({ type: 'tick', nowMs, clockMs: nowMs });
const alive = (nowMs: number): SessionInput =>
  frame({ case: 'heartbeat', value: { sequence: 1, clockMs: 1 } }, nowMs);

t.test('a call and its response', async (t) => {
  const first = sessionStep(establishedDialler(), call());
  t.same(first.effects, [
    { type: 'called', id: 1 },
    { type: 'send', body: { case: 'request', value: { id: 1, timeLimitMs: 500, credit: 0, method: query } } },
  ]);
  const second = sessionStep(first.state, call());
  t.match(second.effects, [{ type: 'called', id: 2 }], 'ids are never used again');
  const answered = sessionStep(second.state, frame(response(1), 5));
  t.same(answered.effects, [{ type: 'response', id: 1, outcome: done }]);
  t.same([...answered.state.outgoing.keys()], [2]);
  t.same(sessionStep(answered.state, frame(response(1), 6)).effects, [], 'a second response says nothing');
});

t.test('an answer to what was never asked ends the session', async (t) => {
  const state = sessionStep(establishedDialler(), call()).state;
  t.match(ending(sessionStep(state, frame(response(2), 1)).effects), { code: 'HEC_PROTOCOL' });
  t.match(ending(sessionStep(state, frame(streamItem(2), 1)).effects), { code: 'HEC_PROTOCOL' });
});

t.test('time limits are whole, positive, and a day at most', async (t) => {
  const limitOf = (timeLimitMs: number): unknown =>
    sent(sessionStep(establishedDialler(), call(timeLimitMs)).effects).at(0)?.value;
  t.match(limitOf(0), { timeLimitMs: 1 });
  t.match(limitOf(0.2), { timeLimitMs: 1 });
  t.match(limitOf(99.5), { timeLimitMs: 100 });
  t.match(limitOf(Number.POSITIVE_INFINITY), { timeLimitMs: limits.timeLimitMsMax });
});

t.test('a call without an answer ends at its time limit, and the peer is told to stop', async (t) => {
  const { state } = sessionStep(establishedDialler(), call(500));
  t.equal(nextTickMs(state), 500);
  t.same(sessionStep(state, tick(499)).effects, []);
  const over = sessionStep(state, tick(500));
  t.match(over.effects, [
    { type: 'send', body: { case: 'cancel', value: { id: 1 } } },
    { type: 'response', id: 1, outcome: { case: 'failure', value: { code: 'HEC_TIMEOUT' } } },
  ]);
  t.same(sessionStep(over.state, frame(response(1), 501)).effects, [], 'too late');
});

t.test('cancelled by the caller', async (t) => {
  const { state } = sessionStep(establishedDialler(), call());
  const cancelled = sessionStep(state, { type: 'cancel', nowMs: 1, id: 1 });
  t.same(sent(cancelled.effects), [{ case: 'cancel', value: { id: 1 } }]);
  t.equal(cancelled.state.outgoing.size, 0);
  t.same(sessionStep(cancelled.state, { type: 'cancel', nowMs: 1, id: 1 }).effects, [], 'only once');
  for (const late of [response(1), streamItem(1)]) {
    t.same(sessionStep(cancelled.state, frame(late, 2)).effects, [], `a late ${late.case} says nothing`);
  }
});

t.test('no more calls than the limit, none before the greeting, none when the ids are used up', async (t) => {
  let state = establishedDialler();
  for (let i = 0; i < limits.requestsInFlightMax; i += 1) {
    t.equal(canCall(state), true);
    state = sessionStep(state, call()).state;
  }
  t.equal(canCall(state), false);
  t.equal(canCall(sessionStep(state, frame(response(1), 1)).state), true, 'an answer makes room');
  t.equal(canCall({ ...establishedDialler(), phase: 'greeting' }), false);
  t.equal(canCall({ ...establishedDialler(), nextId: 0xffff_ffff }), true);
  t.equal(canCall({ ...establishedDialler(), nextId: 0x1_0000_0000 }), false, 'an id has 32 bits');
});

t.test('a request of the peer is handed over and answered once', async (t) => {
  const asked = sessionStep(establishedAcceptor(), frame(request(5), 10));
  t.same(asked.effects, [{ type: 'request', id: 5, method: query, timeLimitMs: 500 }]);
  const answer: SessionInput = { type: 'respond', nowMs: 20, id: 5, outcome: done };
  const answered = sessionStep(asked.state, answer);
  t.same(sent(answered.effects), [response(5)]);
  t.same(sessionStep(answered.state, answer).effects, [], 'exactly one response');
});

t.test('a request id is never used again, whatever became of the first', async (t) => {
  const asked = sessionStep(establishedAcceptor(), frame(request(5), 10)).state;
  const answered = sessionStep(asked, { type: 'respond', nowMs: 20, id: 5, outcome: done }).state;
  const cancelled = sessionStep(asked, frame({ case: 'cancel', value: { id: 5 } }, 20)).state;
  for (const [name, state] of Object.entries({ asked, answered, cancelled })) {
    for (const id of [5, 4]) {
      const again = sessionStep(state, frame(request(id), 30));
      t.match(ending(again.effects), { code: 'HEC_PROTOCOL' }, `${name}, then ${id}`);
    }
    t.match(sessionStep(state, frame(request(6), 30)).effects, [{ type: 'request', id: 6 }]);
  }
});

t.test('more requests than the limit are refused, each with an answer', async (t) => {
  let state = establishedAcceptor();
  for (let id = 1; id <= limits.requestsInFlightMax; id += 1)
    state = sessionStep(state, frame(request(id))).state;
  const refused = sessionStep(state, frame(request(65)));
  t.match(refused.effects, [
    { body: { case: 'response', value: { id: 65, outcome: { value: { code: 'HEC_BUSY' } } } } },
  ]);
  t.equal(refused.state.incoming.size, limits.requestsInFlightMax, 'and none is kept (I14)');
  const answered = sessionStep(refused.state, { type: 'respond', nowMs: 1, id: 1, outcome: done }).state;
  t.match(sessionStep(answered, frame(request(66))).effects, [{ type: 'request', id: 66 }]);
});

t.test('a request of the peer that is cancelled, or runs out of time, is stopped', async (t) => {
  const asked = sessionStep(establishedAcceptor(), frame(request(1, 4, 500), 0)).state;
  const cancelled = sessionStep(asked, frame({ case: 'cancel', value: { id: 1 } }, 5));
  t.same(cancelled.effects, [{ type: 'request-cancelled', id: 1 }]);
  t.equal(itemAllowance(cancelled.state, 1), 'gone');
  t.same(sessionStep(cancelled.state, { type: 'respond', nowMs: 9, id: 1, outcome: done }).effects, []);
  t.same(sessionStep(cancelled.state, frame({ case: 'cancel', value: { id: 1 } }, 9)).effects, []);

  t.equal(nextTickMs(asked), 500);
  const over = sessionStep(asked, tick(500));
  t.same(over.effects, [{ type: 'request-cancelled', id: 1 }]);
  t.ok(nextTickMs(over.state) > 500, 'it is stopped once');
  const answer: SessionInput = { type: 'respond', nowMs: 9, id: 1, outcome: done };
  t.same(sent(sessionStep(over.state, answer).effects), [response(1)], 'and may still answer');
});

t.test('stream items need credit', async (t) => {
  let state = sessionStep(establishedAcceptor(), frame(request(1, 2))).state;
  const sendItem: SessionInput = { type: 'item', nowMs: 1, id: 1, item };
  for (let left = 2; left > 0; left -= 1) {
    t.equal(itemAllowance(state, 1), 'allowed');
    const step = sessionStep(state, sendItem);
    t.same(sent(step.effects), [streamItem(1)]);
    state = step.state;
  }
  t.equal(itemAllowance(state, 1), 'no-credit');
  t.same(sessionStep(state, sendItem).effects, [], 'none leaves without');
  const granted = sessionStep(state, frame({ case: 'credit', value: { id: 1, items: 1 } }, 2));
  t.same(granted.effects, [{ type: 'credit', id: 1 }]);
  t.equal(itemAllowance(granted.state, 1), 'allowed');
  t.equal(itemAllowance(granted.state, 2), 'gone');
  const late = sessionStep(state, frame({ case: 'credit', value: { id: 9, items: 1 } }, 2));
  t.same(late.effects, [], 'credit for a request that is over says nothing');
});

t.test('credit is bounded, however much is granted', async (t) => {
  let state = sessionStep(establishedAcceptor(), frame(request(1, 4096))).state;
  for (let i = 0; i < 100; i += 1) {
    state = sessionStep(state, frame({ case: 'credit', value: { id: 1, items: 4096 } })).state;
  }
  t.ok((state.incoming.get(1)?.creditLeft ?? 0) <= 8192);
});

t.test('an item without credit ends the session', async (t) => {
  const asked = sessionStep(establishedDialler(), call(500, 1)).state;
  const first = sessionStep(asked, frame(streamItem(1), 1));
  t.same(first.effects, [{ type: 'request-item', id: 1, item }]);
  t.match(ending(sessionStep(first.state, frame(streamItem(1), 2)).effects), { code: 'HEC_PROTOCOL' });
});

t.test('consumed items are granted again, in batches', async (t) => {
  const credit = limits.streamCreditItems;
  let state: SessionState = sessionStep(establishedDialler(), call(500, credit)).state;
  let granted = 0;
  let grants = 0;
  for (let i = 0; i < 10 * credit; i += 1) {
    const step = play(state, frame(streamItem(1), 1), { type: 'consumed', nowMs: 1, id: 1 });
    for (const body of sent(step.effects)) {
      if (body.case === 'credit') granted += body.value.items;
      grants += 1;
    }
    state = step.state;
  }
  t.equal(granted, 10 * credit);
  t.equal(grants, 20);
});

t.test('a slow consumer: the window is given back as it is used, and never grows', async (t) => {
  const credit = limits.streamCreditItems;
  let state = sessionStep(establishedDialler(), call(500, credit)).state;
  for (let i = 0; i < credit; i += 1) state = sessionStep(state, frame(streamItem(1), 1)).state;
  let granted = 0;
  for (let i = 0; i < credit; i += 1) {
    const step = sessionStep(state, { type: 'consumed', nowMs: 1, id: 1 });
    for (const body of sent(step.effects)) if (body.case === 'credit') granted += body.value.items;
    state = step.state;
  }
  const entry = state.outgoing.get(1);
  t.equal(granted + (entry?.consumed ?? 0), credit);
  t.equal((entry?.creditLeft ?? 0) + (entry?.consumed ?? 0), credit);
  t.same(sessionStep(state, { type: 'consumed', nowMs: 1, id: 99 }).effects, []);
});

t.test('an item of a newer version is passed over, and its credit given back', async (t) => {
  const asked = sessionStep(establishedDialler(), call(500, 1)).state;
  const newer = createStreamItem({ id: 1, item: { case: undefined } });
  const step = sessionStep(asked, frame({ case: 'streamItem', value: newer }, 1));
  t.same(step.effects, [{ type: 'send', body: { case: 'credit', value: { id: 1, items: 1 } } }]);
});

t.test('many deadlines at one tick', async (t) => {
  let state = establishedDialler();
  for (let i = 0; i < 10; i += 1) state = sessionStep(state, call(100 + i)).state;
  const { effects, state: after } = play(state, alive(105), tick(105));
  t.equal(effects.filter((effect) => effect.type === 'response').length, 6);
  t.equal(after.outgoing.size, 4);
});
