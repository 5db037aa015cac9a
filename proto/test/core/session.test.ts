import { limits } from '@hecate/proto/core/limits.ts';
import {
  nextTickMs,
  openSession,
  peerClockAtLeastMs,
  peerClockAtMostMs,
  type SessionInput,
  type SessionState,
  sessionStep,
} from '@hecate/proto/core/session.ts';
import { createHeartbeat, createNotice } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import {
  ending,
  establishedAcceptor,
  establishedDialler,
  frame,
  hello,
  intervalMs,
  play,
  sent,
  welcome,
} from '../support/session-fixtures.ts';

const tick = (nowMs: number): SessionInput => ({ type: 'tick', nowMs, clockMs: nowMs + 5000.7 });
const heartbeat = (clockMs = 1): Parameters<typeof frame>[0] => ({
  case: 'heartbeat',
  value: createHeartbeat({ sequence: 1, clockMs }),
});

/** From the end of two silent intervals: time to read what waits. */
const graceMs = 50;

/** Ticks whenever the machine asks for it, as the host does, until it has ended or the time is over. */
function tickUntil(state: SessionState, untilMs: number) {
  const inputs: SessionInput[] = [];
  let now = state;
  for (let atMs = nextTickMs(now); atMs <= untilMs; atMs = nextTickMs(now)) {
    inputs.push(tick(atMs));
    now = sessionStep(now, tick(atMs)).state;
  }
  return play(state, ...inputs);
}

t.test('greeting', async (t) => {
  const opened = sessionStep(openSession('dialler', 0), { type: 'opened', nowMs: 0, hello });
  t.same(sent(opened.effects), [{ case: 'hello', value: hello }], 'the dialler says hello first');
  t.equal(opened.state.phase, 'greeting');

  const heard = sessionStep(openSession('acceptor', 0), frame({ case: 'hello', value: hello }, 5));
  t.same(heard.effects, [{ type: 'hello', hello }], 'the acceptor is asked what to do about it');
  t.equal(heard.state.phase, 'deciding');

  const accepted = sessionStep(heard.state, { type: 'accept', nowMs: 9, peer: 'agent', welcome });
  t.same(accepted.effects, [
    { type: 'send', body: { case: 'welcome', value: welcome } },
    { type: 'established', welcome },
  ]);
  t.match(accepted.state, { phase: 'established', peer: 'agent', heartbeatIntervalMs: intervalMs });

  const welcomed = sessionStep(opened.state, frame({ case: 'welcome', value: welcome }, 12));
  t.same(welcomed.effects, [{ type: 'established', welcome }]);
  t.match(welcomed.state, { phase: 'established', peer: 'manager', heartbeatIntervalMs: intervalMs });
});

t.test('a greeting out of turn ends the session', async (t) => {
  const cases: [string, SessionState, Parameters<typeof frame>[0]][] = [
    ['a heartbeat before hello', openSession('acceptor', 0), heartbeat()],
    ['a welcome to the acceptor', openSession('acceptor', 0), { case: 'welcome', value: welcome }],
    ['a hello to the dialler', openSession('dialler', 0), { case: 'hello', value: hello }],
    ['a second hello', establishedAcceptor(), { case: 'hello', value: hello }],
    ['a second welcome', establishedDialler(), { case: 'welcome', value: welcome }],
    [
      'a frame while the acceptor decides',
      sessionStep(openSession('acceptor', 0), frame({ case: 'hello', value: hello })).state,
      heartbeat(),
    ],
  ];
  for (const [name, state, body] of cases) {
    const { effects, state: after } = sessionStep(state, frame(body, 1));
    t.match(ending(effects), { code: 'HEC_PROTOCOL', byPeer: false, abort: false }, name);
    t.match(sent(effects), [{ case: 'goodbye', value: { code: 'HEC_PROTOCOL' } }], `${name}: it is told why`);
    t.equal(after.phase, 'ended');
  }
});

t.test('a welcome in a version that we do not speak', async (t) => {
  const dialler = sessionStep(openSession('dialler', 0), { type: 'opened', nowMs: 0, hello }).state;
  for (const protocol of [0, 2]) {
    const step = sessionStep(dialler, frame({ case: 'welcome', value: { ...welcome, protocol } }, 1));
    t.match(ending(step.effects), { code: 'HEC_VERSION', byPeer: false });
  }
});

t.test('accept without a hello does nothing', async (t) => {
  const accept: SessionInput = { type: 'accept', nowMs: 1, peer: 'agent', welcome };
  t.same(sessionStep(openSession('acceptor', 0), accept).effects, []);
  t.same(sessionStep(establishedAcceptor(), accept).effects, []);
});

t.test('a greeting has a time limit, on either side', async (t) => {
  const waiting = sessionStep(
    openSession('acceptor', 100),
    frame({ case: 'hello', value: hello }, 150),
  ).state;
  for (const state of [openSession('acceptor', 100), openSession('dialler', 100), waiting]) {
    const atMs = 100 + limits.helloTimeLimitMs;
    t.equal(nextTickMs(state), atMs);
    t.same(sessionStep(state, tick(atMs - 1)).effects, [], 'not a moment too early');
    const code = state.side === 'dialler' ? 'HEC_HEARTBEAT' : 'HEC_PROTOCOL';
    t.match(ending(sessionStep(state, tick(atMs)).effects), { code });
  }
});

t.test('heartbeats go out every interval, numbered, with the clock in whole milliseconds', async (t) => {
  for (const established of [establishedDialler(), establishedAcceptor()]) {
    const step = tickUntil(established, 1999);
    t.same(sent(step.effects), [
      { case: 'heartbeat', value: createHeartbeat({ sequence: 1, clockMs: 6000 }) },
    ]);
    const heard = sessionStep(step.state, frame(heartbeat(), 1999)).state;
    t.match(sent(tickUntil(heard, 2000).effects), [{ value: { sequence: 2, clockMs: 7000 } }]);
  }
});

t.test('two intervals of silence end the session, on either side, without a goodbye', async (t) => {
  for (const established of [establishedDialler(), establishedAcceptor()]) {
    const before = tickUntil(established, 2 * intervalMs - 1);
    t.equal(before.state.phase, 'established');
    const { effects } = tickUntil(before.state, 2 * intervalMs + graceMs);
    t.match(ending(effects), { code: 'HEC_HEARTBEAT', byPeer: false, abort: true });
    t.notOk(sent(effects).some((body) => body.case === 'goodbye'));
  }
});

t.test('any frame counts as a sign of life', async (t) => {
  const notice = frame({ case: 'notice', value: createNotice() }, 1500);
  const { state } = play(establishedAcceptor(), notice, tick(3499));
  t.equal(state.phase, 'established');
  t.match(ending(tickUntil(state, 3500 + graceMs).effects), { code: 'HEC_HEARTBEAT' });
});

t.test('a stalled process reads what waited before it calls the peer silent', async (t) => {
  const stalled = sessionStep(establishedAcceptor(), tick(60_000));
  t.same(stalled.effects, [], 'the tick was late: a quarter interval of grace');
  t.equal(nextTickMs(stalled.state) <= 60_000 + intervalMs / 4, true);

  const heard = play(stalled.state, frame(heartbeat(), 60_001), tick(60_250));
  t.equal(heard.state.phase, 'established', 'the frame that waited keeps the session');

  const silent = play(stalled.state, tick(60_249));
  t.equal(silent.state.phase, 'established');
  t.match(sent(silent.effects), [{ case: 'heartbeat' }], 'our own heartbeat is overdue and goes out');
  t.match(ending(sessionStep(silent.state, tick(60_250)).effects), { code: 'HEC_HEARTBEAT' });
});

t.test('what waits unread is read before silence is believed, however short the stall was', async (t) => {
  // The last tick in time was at 1000; then nothing ran for a while, and the tick due at 2000 comes late.
  const beaten = sessionStep(establishedAcceptor(), tick(1000)).state;
  for (const nowMs of [2000, 2001, 2030, 2400, 2600]) {
    const woken = sessionStep(beaten, tick(nowMs));
    t.notOk(ending(woken.effects), `${nowMs}: not yet`);
    const heard = play(woken.state, frame(heartbeat(), nowMs), tick(nowMs + 500));
    t.equal(heard.state.phase, 'established', `${nowMs}: a frame was waiting`);
    t.match(ending(tickUntil(woken.state, nowMs + intervalMs / 4).effects), { code: 'HEC_HEARTBEAT' });
  }
});

t.test('the estimate of the peer clock is never ahead of it', async (t) => {
  t.equal(peerClockAtLeastMs(openSession('acceptor', 0), 10), undefined, 'unknown before its hello');
  // The peer's clock shows 50,000 + now. What it sends at `now` arrives `delay` later.
  const delays = [0, 3, 400, 1, 900];
  let state = sessionStep(openSession('acceptor', 0), frame({ case: 'hello', value: hello }, 7)).state;
  state = sessionStep(state, { type: 'accept', nowMs: 8, peer: 'agent', welcome }).state;
  delays.forEach((delay, index) => {
    const sentAt = 10 + 1000 * index;
    state = sessionStep(state, frame(heartbeat(50_000 + sentAt), sentAt + delay)).state;
    for (const nowMs of [sentAt + delay, sentAt + delay + 60]) {
      const estimate = peerClockAtLeastMs(state, nowMs) ?? Number.NaN;
      t.ok(estimate <= 50_000 + nowMs && estimate >= 50_000 + nowMs - delay, `delayed by ${delay}`);
    }
  });
  t.equal(peerClockAtLeastMs(establishedDialler(), 25), 70_025, 'the dialler knows it from the welcome');
});

t.test('the other estimate of the peer clock is never behind it', async (t) => {
  t.equal(peerClockAtMostMs(openSession('acceptor', 0), 10), undefined, 'unknown before its hello');
  // The connection is there at 100; the peer, whose clock shows 50,000 + now, writes its hello some time later.
  for (const [writtenAt, delay] of [
    [100, 0],
    [101, 900],
    [4000, 3],
  ] as const) {
    const greeting = frame(
      { case: 'hello', value: { ...hello, clockMs: 50_000 + writtenAt } },
      writtenAt + delay,
    );
    let { state } = sessionStep(openSession('acceptor', 100), greeting);
    state = sessionStep(state, { type: 'accept', nowMs: writtenAt + delay, peer: 'agent', welcome }).state;
    for (const nowMs of [writtenAt + delay, 90_000]) {
      const estimate = peerClockAtMostMs(state, nowMs) ?? Number.NaN;
      t.ok(estimate >= 50_000 + nowMs, `written at ${writtenAt}, delayed by ${delay}`);
      t.ok(estimate <= 50_000 + nowMs + (writtenAt - 100), 'and ahead by what the hello took, no more');
    }
  }
});

t.test('goodbye, either way', async (t) => {
  const goodbye = { code: 'HEC_SHUTTING_DOWN', message: 'bye' };
  for (const state of [establishedDialler(), openSession('acceptor', 0), openSession('dialler', 0)]) {
    const heard = sessionStep(state, frame({ case: 'goodbye', value: goodbye }, 1));
    t.same(heard.effects, [{ type: 'ended', ...goodbye, byPeer: true, abort: false }]);
  }
  const said = sessionStep(establishedDialler(), {
    type: 'end',
    nowMs: 1,
    code: 'HEC_SHUTTING_DOWN',
    message: 'x'.repeat(5000),
  });
  t.match(sent(said.effects), [{ case: 'goodbye', value: { message: 'x'.repeat(512) } }], 'in bounds');
  t.match(ending(said.effects), { code: 'HEC_SHUTTING_DOWN', byPeer: false, abort: false });
});

t.test('a lost connection', async (t) => {
  const lost = sessionStep(establishedDialler(), { type: 'lost', nowMs: 1, message: 'ECONNRESET' });
  t.same(lost.effects, [
    { type: 'ended', code: 'HEC_CONNECTION', message: 'ECONNRESET', byPeer: true, abort: true },
  ]);
});

t.test('an ended session holds nothing, wants no tick and answers nothing (I14)', async (t) => {
  const { state } = sessionStep(establishedDialler(), { type: 'lost', nowMs: 1, message: 'gone' });
  t.equal(nextTickMs(state), Number.POSITIVE_INFINITY);
  t.equal(state.outgoing.size + state.incoming.size, 0);
  const inputs: SessionInput[] = [
    { type: 'opened', nowMs: 2, hello },
    frame(heartbeat(), 2),
    tick(1e9),
    { type: 'end', nowMs: 2, code: 'HEC_SHUTTING_DOWN', message: '' },
    { type: 'lost', nowMs: 2, message: '' },
    { type: 'notice', nowMs: 2, notice: createNotice() },
  ];
  for (const input of inputs) t.same(sessionStep(state, input), { state, effects: [] }, input.type);
});

t.test('notices go out and come in as they are', async (t) => {
  const notice = createNotice({ notice: { case: 'busState', value: { connected: false, reason: 'gone' } } });
  const out = sessionStep(establishedDialler(), { type: 'notice', nowMs: 1, notice });
  t.same(sent(out.effects), [{ case: 'notice', value: notice }]);
  const into = sessionStep(establishedAcceptor(), frame({ case: 'notice', value: notice }, 1));
  t.same(into.effects, [{ type: 'notice', notice }]);
});
