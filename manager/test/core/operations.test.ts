import { createOperationOutcome } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import {
  nextOperationTickMs,
  noOperations,
  type OperationPhase,
  type OperationsInput,
  operationsStep,
} from '../../src/core/operations.ts';
import { askAgainMs, inFlightPerNodeMax, openMax, resolveGraceMs } from '../../src/core/operations-state.ts';
import { offline } from '../../src/core/outcome-text.ts';
import {
  accepted,
  answeredIn,
  answerOf,
  cutOff,
  inPhase,
  noAnswer,
  nodeA,
  nodeB,
  op,
  opIdOf,
  outcomeOf,
  phases,
  play,
  recorded,
  requestOf,
  resolvedAs,
  submit,
  timeLimitMs,
  typesOf,
} from '../support/operations-fixtures.ts';

const over = ['audit', 'settled', 'answer'];
const told = ['audit', 'answer'];

t.test('the way of an operation that goes well', async (t) => {
  const submitted = play(noOperations(), submit());
  t.same(submitted.effects, [{ type: 'record', request: requestOf() }], 'recorded before anything else (I9)');
  const sent = play(submitted.state, recorded(op, 1000));
  // 29 s are left, half a second of them is kept back for the agent's own word.
  t.same(sent.effects, [{ type: 'send', request: requestOf(), timeLimitMs: 28_500 }]);
  const taken = play(sent.state, accepted());
  t.match(taken.state.records.get(op), { phase: 'accepted', isAccepted: true, isAnswered: false });
  const done = play(taken.state, { type: 'answered', nowMs: 2000, outcome: outcomeOf('done') });
  t.same(typesOf(done.effects), over);
  t.match(done.effects[0], { isLate: false });
  t.match(answerOf(done.effects), { status: 'done', opId: op });
  t.equal(done.state.records.size, 0);
  t.equal(nextOperationTickMs(done.state), Number.POSITIVE_INFINITY, 'no timer at rest (I14)');
});

t.test('one that cannot be sent is answered at once and never recorded', async (t) => {
  const refusal = offline('node-a', 'cable pulled');
  const { state, effects } = play(noOperations(), {
    type: 'submit',
    nowMs: 0,
    request: requestOf(),
    refusal,
  });
  t.same(typesOf(effects), over);
  t.match(answerOf(effects), { status: 'offline', code: 'HEC_OFFLINE', opId: op, message: /cable pulled/ });
  t.equal(state.records.size, 0);
});

t.test('how much of the time the agent gets', async (t) => {
  for (const [limit, at, expected] of [
    [30_000, 0, 29_500],
    [1000, 0, 900],
    [100, 50, 45],
    [1, 0, 1],
  ] as const) {
    const request = requestOf(1, { timeLimitMs: limit });
    const { effects } = play(noOperations(), submit(request), recorded(op, at));
    t.match(effects, [{ type: 'send', timeLimitMs: expected }], `${limit} ms, recorded after ${at}`);
  }
  const late = play(noOperations(), submit(requestOf(1, { timeLimitMs: 100 })), recorded(op, 100));
  t.match(answerOf(late.effects), { status: 'refused', code: 'HEC_EXPIRED' }, 'nothing left: not sent');
  t.notOk(typesOf(late.effects).includes('send'));
});

/** What each input does in each phase: the phase after it (`over`: gone), and the effects. */
type Row = Record<OperationPhase, [after: OperationPhase | 'over', effects: string[]]>;

const same = (phase: OperationPhase): [OperationPhase, string[]] => [phase, []];
const unmoved = (): Row => Object.fromEntries(phases.map((phase) => [phase, same(phase)])) as Row;
const ends = (): Row => Object.fromEntries(phases.map((phase) => [phase, ['over', over]])) as Row;
const asks = ['resolve'];
const askedFor = (to: OperationPhase): Row => ({ ...unmoved(), sent: [to, asks], accepted: [to, asks] });
/** Its place in the session goes to nobody: the queue is empty in these. */
const rows: [string, OperationsInput, Row][] = [
  ['recorded', recorded(), { ...unmoved(), recording: ['sent', ['send']] }],
  ['not-recorded', { type: 'not-recorded', nowMs: 5, opId: op, why: 'full' }, ends()],
  ['not-sent', { type: 'not-sent', nowMs: 5, opId: op, code: 'HEC_OFFLINE', message: 'gone' }, ends()],
  ['accepted', accepted(), { ...unmoved(), sent: ['accepted', []] }],
  ['answered done', { type: 'answered', nowMs: 5, outcome: outcomeOf('done') }, ends()],
  ['answered failed', { type: 'answered', nowMs: 5, outcome: outcomeOf('failed') }, ends()],
  ['answered refused', { type: 'answered', nowMs: 5, outcome: outcomeOf('refused') }, ends()],
  ['reported', { type: 'reported', nowMs: 5, outcome: outcomeOf('failed') }, ends()],
  ['cut-off', cutOff(), { ...unmoved(), sent: ['cut-off', []], accepted: ['cut-off', []] }],
  ['cut-off, and another session is there', cutOff(100, op, true), askedFor('cut-off')],
  ['no-answer', noAnswer(), askedFor('silent')],
  ['resolved finished', resolvedAs('finished', outcomeOf('done')), ends()],
  ['resolved never-applied', resolvedAs('never-applied'), ends()],
  [
    'resolved running',
    resolvedAs('running'),
    Object.fromEntries(phases.map((phase) => [phase, ['running', []]])) as unknown as Row,
  ],
  ['resolved unspecified', resolvedAs('unspecified'), unmoved()],
  ['resolved finished without an outcome', resolvedAs('finished'), unmoved()],
  [
    'node-online',
    { type: 'node-online', nowMs: 100, node: nodeA },
    {
      recording: ['recording', []],
      queued: ['sent', ['resolve', 'send']],
      sent: ['cut-off', ['resolve']],
      accepted: ['cut-off', ['resolve']],
      'cut-off': ['cut-off', ['resolve']],
      silent: ['silent', ['resolve']],
      running: ['running', ['resolve']],
    },
  ],
  ['node-online of another', { type: 'node-online', nowMs: 100, node: nodeB }, unmoved()],
  ['tick too early', { type: 'tick', nowMs: 50 }, unmoved()],
  [
    'tick at the deadline',
    { type: 'tick', nowMs: timeLimitMs },
    {
      recording: ['over', over],
      queued: ['over', over],
      sent: ['sent', told],
      accepted: ['accepted', told],
      'cut-off': ['cut-off', told],
      silent: ['silent', told],
      running: ['running', told],
    },
  ],
];

for (const [name, input, row] of rows) {
  t.test(`${name}, in every phase`, async (t) => {
    for (const phase of phases) {
      const { state, effects } = play(inPhase(phase), input);
      const [after, types] = row[phase];
      t.equal(state.records.get(op)?.phase ?? 'over', after, `${phase} → ${after}`);
      const own = effects.filter(
        (effect) => effect.type === 'resolve' || effect.request.opId === op || phase !== 'queued',
      );
      t.same(typesOf(own), types, `the effects in ${phase}`);
    }
  });
}

t.test('inputs about operations that are not known change nothing', async (t) => {
  const inputs: OperationsInput[] = [
    recorded(),
    { type: 'not-recorded', nowMs: 5, opId: op, why: '' },
    { type: 'not-sent', nowMs: 5, opId: op, code: 'HEC_BUSY', message: '' },
    accepted(),
    { type: 'answered', nowMs: 5, outcome: outcomeOf('done') },
    { type: 'answered', nowMs: 5, outcome: outcomeOf('timeout') },
    cutOff(),
    noAnswer(),
    resolvedAs('never-applied'),
    { type: 'reported', nowMs: 5, outcome: outcomeOf('done') },
    { type: 'node-online', nowMs: 5, node: nodeA },
    { type: 'tick', nowMs: 5 },
  ];
  for (const input of inputs) {
    const { state, effects } = operationsStep(noOperations(), input);
    t.same(effects, [], input.type);
    t.equal(state.records.size, 0);
  }
});

t.test('the answer when the time is over says what is known', async (t) => {
  const expected: Record<OperationPhase, object> = {
    recording: { status: 'refused', code: 'HEC_STATE', message: /could not be recorded/ },
    queued: { status: 'refused', code: 'HEC_BUSY', message: /node-a was busy .* it was not sent/ },
    sent: { status: 'unknown', code: 'HEC_UNKNOWN', message: /node-a has not answered in time/ },
    accepted: { status: 'timeout', code: 'HEC_TIMEOUT', message: /took the job .* not cancelled/ },
    'cut-off': { status: 'unknown', code: 'HEC_UNKNOWN', message: /node-a was cut off while it was sent/ },
    silent: { status: 'unknown', code: 'HEC_UNKNOWN', message: /has not answered in time/ },
    running: { status: 'timeout', code: 'HEC_TIMEOUT', message: /took the job/ },
  };
  for (const phase of phases) {
    const { effects } = play(inPhase(phase), { type: 'tick', nowMs: timeLimitMs });
    t.match(answerOf(effects), { opId: op, ...expected[phase] }, phase);
  }
  const cutWhileRunning = play(inPhase('accepted'), cutOff(), { type: 'tick', nowMs: timeLimitMs });
  t.match(answerOf(cutWhileRunning.effects), { status: 'unknown', message: /after systemd took the job/ });
  const silentWhileRunning = play(inPhase('accepted'), noAnswer(), { type: 'tick', nowMs: timeLimitMs });
  t.match(answerOf(silentWhileRunning.effects), { status: 'timeout' });
});

t.test('a caller is answered once, whatever comes later', async (t) => {
  for (const phase of phases) {
    if (phase === 'recording' || phase === 'queued') continue;
    const state = answeredIn(phase);
    t.match(state.records.get(op), { isAnswered: true, phase }, `${phase}: open until the agent tells`);
    t.equal(nextOperationTickMs(state), Number.POSITIVE_INFINITY, 'nobody waits: no timer (I14)');
    t.same(play(state, { type: 'tick', nowMs: 10 * timeLimitMs }).effects, []);
    for (const input of [
      { type: 'answered', nowMs: timeLimitMs + 100, outcome: outcomeOf('done') },
      { type: 'reported', nowMs: timeLimitMs + 100, outcome: outcomeOf('done') },
      resolvedAs('finished', outcomeOf('done')),
    ] as OperationsInput[]) {
      const late = play(state, input);
      t.same(typesOf(late.effects), ['audit', 'settled'], `${phase}: ${input.type} is the last word`);
      t.match(late.effects[0], { isLate: true, outcome: { status: 'done' } });
      t.equal(late.state.records.size, 0);
    }
  }
});

t.test("an agent's timeout answers the caller, and the true outcome follows", async (t) => {
  const input: OperationsInput = { type: 'answered', nowMs: 29_000, outcome: outcomeOf('timeout') };
  const { state, effects } = play(inPhase('accepted'), input);
  t.same(typesOf(effects), ['audit', 'answer', 'resolve'], 'and the agent is asked whether it goes on');
  t.match(answerOf(effects), { status: 'timeout' });
  t.match(state.records.get(op), { phase: 'running', isAnswered: true, outcome: { status: 'timeout' } });
  const on = play(state, resolvedAs('running'));
  t.same(on.effects, []);
  const ended = play(on.state, { type: 'reported', nowMs: 60_000, outcome: outcomeOf('failed') });
  t.same(typesOf(ended.effects), ['audit', 'settled']);
  t.match(ended.effects[1], { outcome: { status: 'failed' } });
});

t.test('a timeout that is the last word (a command that was stopped) ends the operation', async (t) => {
  const { state } = play(inPhase('sent'), { type: 'answered', nowMs: 29_000, outcome: outcomeOf('timeout') });
  const ended = play(state, resolvedAs('finished', outcomeOf('timeout')));
  t.same(typesOf(ended.effects), ['audit', 'settled']);
  t.equal(ended.state.records.size, 0);
});

t.test('a timeout that comes after the answer tells nobody', async (t) => {
  const input: OperationsInput = { type: 'answered', nowMs: 30_100, outcome: outcomeOf('timeout') };
  const { state, effects } = play(answeredIn('sent'), input);
  t.same(typesOf(effects), ['resolve']);
  t.match(state.records.get(op), { phase: 'running', isAnswered: true });
});

t.test('an outcome without a status is not taken for a good one', async (t) => {
  const outcome = createOperationOutcome({ opId: op });
  const { effects } = play(inPhase('sent'), { type: 'answered', nowMs: 5, outcome });
  t.match(answerOf(effects), { status: 'unknown', code: 'HEC_PROTOCOL', opId: op });
});

t.test('cut off', async (t) => {
  const cut = play(inPhase('sent'), cutOff(1000)).state;
  t.equal(
    nextOperationTickMs(cut),
    1000 + resolveGraceMs,
    'the caller waits a moment for the node to return',
  );
  const soon = play(noOperations(), submit(requestOf(1, { timeLimitMs: 2000 })), recorded(), cutOff(1000));
  t.equal(nextOperationTickMs(soon.state), 2000, 'and never longer than was said');

  const asked = play(cut, { type: 'node-online', nowMs: 3000, node: nodeA });
  t.same(asked.effects, [{ type: 'resolve', node: nodeA, opIds: [op] }]);
  const on = play(asked.state, resolvedAs('running'));
  t.equal(nextOperationTickMs(on.state), timeLimitMs, 'it runs: the whole time limit counts again');
  const never = play(asked.state, resolvedAs('never-applied'));
  t.match(answerOf(never.effects), { status: 'refused', code: 'HEC_EXPIRED', message: /lost on the way/ });
  const outcome = createOperationOutcome({ status: 'refused', code: 'HEC_POLICY', message: 'not here' });
  const refused = play(asked.state, resolvedAs('never-applied', outcome));
  t.match(
    answerOf(refused.effects),
    { code: 'HEC_POLICY', message: 'not here', opId: op },
    "the agent's own reason",
  );
});

t.test('a newer session of the node: what went over the older one is asked for at once', async (t) => {
  // The calls of a replaced session learn of its end only after the new one is there.
  const online = play(inPhase('accepted'), { type: 'node-online', nowMs: 500, node: nodeA });
  t.same(online.effects, [{ type: 'resolve', node: nodeA, opIds: [op] }]);
  t.equal(nextOperationTickMs(online.state), 500 + resolveGraceMs);
  const cut = play(online.state, cutOff(500));
  t.same(cut.effects, [], 'the end of the old call comes late and changes nothing');
});

t.test('told unknown, then heard to run', async (t) => {
  const { state } = play(answeredIn('cut-off'), resolvedAs('running'));
  t.match(state.records.get(op)?.outcome, { status: 'timeout', opId: op }, 'what hecatectl operation shows');
});

t.test('an agent that cannot say what it knows is asked again', async (t) => {
  const failed = play(inPhase('silent'), { type: 'not-resolved', nowMs: 200, node: nodeA });
  t.equal(nextOperationTickMs(failed.state), 200 + askAgainMs);
  t.same(play(failed.state, { type: 'tick', nowMs: 200 + askAgainMs - 1 }).effects, []);
  const again = play(failed.state, { type: 'tick', nowMs: 200 + askAgainMs });
  t.same(again.effects, [{ type: 'resolve', node: nodeA, opIds: [op] }]);
  t.equal(again.state.askAgainAtMs.size, 0, 'once for each time it failed');
  const online = play(failed.state, { type: 'node-online', nowMs: 300, node: nodeA });
  t.equal(online.state.askAgainAtMs.size, 0, 'a new session asks anyway');
  const ended = play(failed.state, { type: 'reported', nowMs: 300, outcome: outcomeOf('done') });
  const idle = play(ended.state, { type: 'tick', nowMs: 200 + askAgainMs });
  t.same(idle.effects, [], 'nothing is left to ask for');
  t.equal(nextOperationTickMs(idle.state), Number.POSITIVE_INFINITY);
});

t.test('more operations of one node than its session takes', async (t) => {
  const count = inFlightPerNodeMax + 3;
  const requests = Array.from({ length: count }, (_, i) => requestOf(i + 1));
  const { state, all } = play(
    noOperations(),
    ...requests.map((request) => submit(request)),
    ...requests.map(({ opId }) => recorded(opId)),
  );
  const sends = all.filter(({ type }) => type === 'send');
  t.equal(sends.length, inFlightPerNodeMax, 'the others wait');
  const other = requestOf(1000, { node: nodeB });
  t.match(play(state, submit(other), recorded(other.opId)).effects, [{ type: 'send' }], 'not for each other');

  const next = opIdOf(inFlightPerNodeMax + 1);
  const freeing: OperationsInput[] = [
    { type: 'answered', nowMs: 10, outcome: outcomeOf('done') },
    { type: 'reported', nowMs: 10, outcome: outcomeOf('done') },
    { type: 'not-sent', nowMs: 10, opId: op, code: 'HEC_BUSY', message: '' },
    cutOff(10),
    noAnswer(10),
    { type: 'answered', nowMs: 10, outcome: outcomeOf('timeout') },
  ];
  for (const input of freeing) {
    const sent = play(state, input).effects.filter(({ type }) => type === 'send');
    t.match(sent, [{ request: { opId: next } }], `${input.type} lets the oldest go`);
    t.equal(sent.length, 1);
  }
  t.same(typesOf(play(state, accepted()).effects), [], 'one that was accepted keeps its place');

  const back = play(state, { type: 'node-online', nowMs: 20, node: nodeA });
  t.same(typesOf(back.effects), ['resolve', 'send', 'send', 'send'], 'a new session takes the others');

  const busy = play(state, { type: 'tick', nowMs: timeLimitMs });
  const refused = busy.effects.filter(
    (effect) => effect.type === 'answer' && effect.outcome.code === 'HEC_BUSY',
  );
  t.equal(refused.length, 3, 'whoever waited too long was never sent');
  const late = play(state, { type: 'answered', nowMs: timeLimitMs, outcome: outcomeOf('done') });
  t.match(
    late.effects.filter(({ type }) => type === 'answer').at(-1),
    { outcome: { status: 'refused', code: 'HEC_EXPIRED' } },
    'nor is one whose time is over when its turn comes',
  );
});

t.test('a slow journal: what was answered is not sent when the record is there at last', async (t) => {
  const { state, effects } = play(inPhase('recording'), { type: 'tick', nowMs: timeLimitMs });
  t.match(answerOf(effects), { status: 'refused', code: 'HEC_STATE' });
  t.same(play(state, recorded(op, timeLimitMs + 1)).effects, []);
});

t.test('after a restart', async (t) => {
  const replayed: OperationsInput[] = [
    { type: 'replayed', request: requestOf(1) },
    { type: 'replayed', request: requestOf(2, { node: nodeB }) },
    { type: 'replayed', request: requestOf(3) },
  ];
  const { state, all } = play(noOperations(), ...replayed);
  t.same(all, [], 'nothing is done until its node is there');
  t.equal(nextOperationTickMs(state), Number.POSITIVE_INFINITY, 'nobody waits');
  const online = play(state, { type: 'node-online', nowMs: 100, node: nodeA });
  t.same(online.effects, [{ type: 'resolve', node: nodeA, opIds: [opIdOf(1), opIdOf(3)] }]);
  const ended = play(online.state, resolvedAs('finished', outcomeOf('done')));
  t.same(typesOf(ended.effects), ['audit', 'settled'], 'no caller of before is answered');
  t.match(ended.effects[0], { isLate: true });
});

t.test('what was not sent yet is not sent when its caller gives it up; what was sent goes on', async (t) => {
  for (const phase of phases) {
    const { state, effects } = play(inPhase(phase), { type: 'given-up', opId: op });
    const isUnsent = phase === 'recording' || phase === 'queued';
    t.equal(state.records.has(op), !isUnsent, phase);
    if (!isUnsent) t.same(effects, [], phase);
    else t.match(answerOf(effects), { status: 'refused', code: 'HEC_CANCELLED' });
    t.same(typesOf(play(state, recorded()).effects), [], 'nor is it sent afterwards');
  }
});

t.test('a node that is taken out of the site leaves no operation open', async (t) => {
  for (const phase of phases) {
    const { state, effects } = play(inPhase(phase), { type: 'node-removed', node: requestOf().node });
    t.notOk(state.records.has(op), phase);
    t.match(answerOf(effects), { status: 'unknown', message: /taken out of the site/ });
  }
});

t.test('more open operations than the manager takes on are refused, and cost no others', async (t) => {
  const inputs = Array.from({ length: openMax + 1 }, (_, index) => submit(requestOf(index)));
  const { state, effects } = play(noOperations(), ...inputs);
  t.equal(state.records.size, openMax);
  t.same(typesOf(effects), ['audit', 'settled', 'answer']);
  t.match(effects[2], { outcome: { status: 'refused', code: 'HEC_BUSY' } });
});
