/** Requests and aborts: pre-emption, joining, intents, the point of no return, a disk that refuses. */
import t from 'tap';
import type { RunRequest } from '../../../src/core/runs/run.ts';
import { activeMax, unwithdrawnMax } from '../../../src/core/runs/run-requests.ts';
import {
  gate,
  node,
  operations,
  planOf,
  poweroff,
  requestOf,
  runIdOf,
  step,
  stopAll,
} from '../../support/run-plans.ts';
import { RunsDesk } from '../../support/runs-desk.ts';

const startup = planOf([[step(stopAll('a', 'b'), { parallelism: 1 }), step(stopAll('a'))]], {
  kind: 'startup',
  name: 'startup',
});
const shutdown = planOf([
  [step(stopAll('a'))],
  [step(operations([poweroff('a')])), step(gate(['a'], 'powered-off'))],
  [step(stopAll('b'))],
]);
const clusterOnly = { ...planOf([[step(stopAll('a')), step(stopAll('b'))]]), mode: 'cluster-only' } as const;

t.test('a shutdown pre-empts a startup: nothing more of it is sent', async (t) => {
  const desk = new RunsDesk();
  desk.request(requestOf(startup, 1));
  t.same(desk.applied(), ['stop a x.service']);
  const inFlight = desk.opIdOf('a');
  desk.request(requestOf(shutdown, 2));
  t.match(desk.take('answer-request').at(-1), {
    runId: runIdOf(2),
    isJoined: false,
    preempted: [runIdOf(1)],
  });
  t.match(desk.ended(), [{ outcome: 'pre-empted', why: `pre-empted by shutdown, run ${runIdOf(2)}` }]);
  t.same(desk.applied(), ['stop a x.service']);
  desk.step({
    type: 'operation-ended',
    opId: inFlight,
    end: { status: 'done', result: '', code: '', message: '', durationMs: 1 },
  });
  t.same(desk.applied(), [], 'b of the startup is never sent');
  const types = desk.journal.map(({ type, runId }) => `${type} ${runId.at(-1)}`);
  t.ok(
    types.indexOf('run-ended 1') < types.indexOf('run-accepted 2'),
    'at no crash point do two hold a node',
  );
});

t.test('a second trigger joins, and a smaller limit tightens', async (t) => {
  const desk = new RunsDesk();
  desk.request(requestOf(shutdown, 1, { timeLimitMs: 300_000 }));
  desk.nowMs += 1000;
  desk.request(requestOf(shutdown, 2, { timeLimitMs: 400_000 }));
  t.match(desk.take('answer-request').at(-1), { runId: runIdOf(1), isJoined: true });
  t.equal(desk.run().deadlineAtMs, 301_000, 'nothing loosens it');
  desk.request(requestOf(shutdown, 3, { timeLimitMs: 50_000 }));
  t.equal(desk.run().deadlineAtMs, 52_000);
  t.equal(desk.run().running?.deadlineAtMs, 48_000, 'what panic needs behind it: two steps of 2 s');
  t.equal(desk.journal.filter(({ type }) => type === 'limit-tightened').length, 1);
  desk.request(requestOf(shutdown, 4));
  t.equal(desk.run().deadlineAtMs, 52_000);
  t.equal(desk.state.runs.size, 1);
});

t.test('a request for less work joins, and hurries nothing', async (t) => {
  const desk = new RunsDesk();
  desk.request(requestOf(shutdown, 1, { timeLimitMs: 300_000 }));
  desk.request(requestOf(clusterOnly, 2, { timeLimitMs: 1000 }));
  t.match(desk.take('answer-request').at(-1), { runId: runIdOf(1), isJoined: true });
  t.equal(desk.run().deadlineAtMs, 301_000);
});

t.test('aborts', async (t) => {
  await t.test('before the point of no return: at the end of the step that is running', async (t) => {
    const desk = new RunsDesk();
    desk.request(requestOf(shutdown));
    desk.abort();
    t.match(desk.take('answer-abort'), [{ ticket: 99, runId: runIdOf(1) }]);
    desk.abort();
    t.equal(desk.take('answer-abort').length, 1, 'asked twice');
    t.equal(desk.journal.filter(({ type }) => type === 'abort-requested').length, 1);
    t.equal(desk.run().outcome, undefined);
    desk.applied();
    desk.end('a');
    t.same(desk.applied(), []);
    t.match(desk.ended(), [{ outcome: 'aborted', why: 'aborted by bob before step 2.1: stop it' }]);
    t.equal(desk.intent, undefined);
  });
  await t.test('outlives a restart', async (t) => {
    const desk = new RunsDesk();
    desk.request(requestOf(shutdown));
    desk.abort();
    desk.restart();
    desk.end('a');
    t.match(desk.ended(), [{ outcome: 'aborted' }]);
  });
  await t.test('past it, refused, and the run goes on', async (t) => {
    const desk = new RunsDesk();
    desk.request(requestOf(shutdown));
    desk.end('a');
    desk.abort();
    t.match(desk.take('refuse'), [{ ticket: 99, refusal: { code: 'HEC_NO_RETURN' } }]);
    desk.end('a');
    desk.abort();
    t.match(desk.take('refuse'), [{ refusal: { code: 'HEC_NO_RETURN' } }], 'behind the step, too');
    desk.observe();
    desk.end('b');
    t.equal(desk.ended()[0]?.outcome, 'done');
  });
  await t.test('a failed step is tried no more', async (t) => {
    const desk = new RunsDesk();
    desk.request(requestOf(planOf([[step(stopAll('a'), { onFailure: 'retry' })]], { kind: 'sequence' })));
    desk.abort();
    desk.end('a', 'failed');
    t.equal(desk.ended()[0]?.outcome, 'failed');
  });
  await t.test('of what is not there', async (t) => {
    const desk = new RunsDesk();
    desk.abort(runIdOf(7));
    t.match(desk.take('refuse'), [{ refusal: { code: 'HEC_NO_SUCH_RUN' } }]);
  });
});

t.test('intents', async (t) => {
  await t.test('written with the acceptance of a shutdown, removed with its end', async (t) => {
    const desk = new RunsDesk();
    desk.request(requestOf(clusterOnly));
    t.match(desk.intent, {
      runId: runIdOf(1),
      plan: 'shutdown',
      mode: 'cluster-only',
      sinceWallMs: 1_700_000_000_000,
    });
    desk.end('a');
    desk.end('b');
    t.equal(desk.intent, undefined);
  });
  await t.test('passed on to the shutdown that pre-empts', async (t) => {
    const desk = new RunsDesk();
    desk.request(requestOf(clusterOnly, 1));
    desk.request(requestOf(shutdown, 2));
    t.match(desk.intent, { runId: runIdOf(2), mode: 'poweroff' });
  });
  await t.test('of two shutdowns: there while one of them goes on', async (t) => {
    const desk = new RunsDesk();
    desk.request(requestOf({ ...clusterOnly, nodes: [node('a')] }, 1));
    desk.request(requestOf(planOf([[step(stopAll('c'))]], { nodes: ['c'] }), 2));
    t.equal(desk.intent?.runId, runIdOf(1));
    desk.abort(runIdOf(1));
    desk.end('a');
    t.equal(desk.intent?.runId, runIdOf(2));
    desk.end('c');
    t.equal(desk.intent, undefined);
  });
  await t.test('blocks a startup while it is young, over restarts of everything', async (t) => {
    const desk = new RunsDesk();
    desk.intent = {
      version: 1,
      runId: runIdOf(5),
      plan: 'shutdown',
      mode: 'poweroff',
      reason: 'power cut',
      sinceWallMs: desk.wallMs - 1000,
    };
    desk.restart('boot-2');
    desk.request(requestOf(startup));
    t.match(desk.take('refuse'), [{ refusal: { code: 'HEC_INTENT', message: /power cut/ } }]);
    t.same(desk.journal, []);
    desk.request(requestOf({ ...startup, kind: 'sequence' }, 2));
    t.equal(desk.take('answer-request').length, 1, 'a sequence is no startup');
    desk.end('a');
    desk.end('b');
    desk.end('a');
    desk.request(requestOf(startup, 3), true);
    t.equal(desk.take('answer-request').length, 1, 'overridden');
    t.equal(desk.intent, undefined, 'and gone');
  });
  await t.test('too old to block', async (t) => {
    const desk = new RunsDesk();
    desk.intent = { version: 1, runId: runIdOf(5), plan: 'x', mode: 'poweroff', reason: '', sinceWallMs: 0 };
    desk.restart();
    desk.request(requestOf(startup));
    t.same(desk.take('refuse'), []);
    t.equal(desk.intent, undefined);
  });
  await t.test('one that a crash left behind the end of its run goes at the next start', async (t) => {
    const desk = new RunsDesk();
    desk.request(requestOf(clusterOnly));
    const left = desk.intent;
    desk.end('a');
    desk.end('b');
    desk.intent = left;
    desk.restart();
    t.equal(desk.intent, undefined);
    t.equal(desk.state.runs.size, 0);
    t.equal(desk.ended().length, 1, 'told once more, for runs.json');
  });
  await t.test('one that a crash kept from being written is written at the next start', async (t) => {
    const desk = new RunsDesk();
    desk.request(requestOf(clusterOnly));
    desk.intent = undefined;
    desk.restart();
    t.match(desk.intent, { runId: runIdOf(1) });
  });
});

t.test('a disk that refuses', async (t) => {
  await t.test('new runs are refused, and were never there', async (t) => {
    for (const plan of [startup, shutdown]) {
      const desk = new RunsDesk();
      desk.isDiskFull = true;
      const ticket = desk.request(requestOf(plan));
      t.match(desk.take('refuse'), [{ ticket, refusal: { code: 'HEC_STATE', message: /no space left/ } }]);
      t.same(desk.sent, []);
      t.equal(desk.state.runs.size, 0);
      t.equal(desk.state.intent, undefined);
      desk.isDiskFull = false;
      desk.request(requestOf(plan, 2));
      t.equal(desk.take('answer-request').length, 1);
    }
  });
  await t.test('also when its beginning was written, and its intent was not', async (t) => {
    const desk = new RunsDesk();
    desk.isDiskFull = true;
    desk.request(requestOf(shutdown));
    const request = requestOf(shutdown);
    desk.journal.push({ type: 'run-accepted', request, bootId: 'boot-1', runId: runIdOf(1), atMs: 1000 });
    desk.isDiskFull = false;
    desk.request(requestOf(clusterOnly, 2));
    desk.restart();
    t.same([...desk.state.runs.keys()], [runIdOf(2)], 'after a restart it is not begun either');
  });
  await t.test('a shutdown that was accepted goes on', async (t) => {
    const desk = new RunsDesk();
    desk.request(requestOf(shutdown));
    desk.isDiskFull = true;
    desk.end('a');
    desk.end('a');
    desk.observe();
    desk.end('b');
    t.same(desk.applied(), ['stop a x.service', 'poweroff a', 'stop b x.service']);
    t.equal(desk.ended()[0]?.outcome, 'done');
    t.ok(desk.proceeded > 2);
  });
  await t.test('what builds up ends where it cannot be recorded, and sends nothing more', async (t) => {
    const desk = new RunsDesk();
    desk.request(requestOf(startup));
    desk.applied();
    desk.isDiskFull = true;
    desk.end('a');
    t.same(desk.applied(), []);
    t.match(desk.ended(), [{ outcome: 'failed', why: /journal could not be written: no space left/ }]);
    t.equal(desk.state.runs.size, 0);
    desk.isDiskFull = false;
    desk.request(requestOf(startup, 2));
    desk.restart();
    t.equal(desk.state.runs.size, 1, 'its end was written as soon as that was possible');
  });
});

t.test('limits', async (t) => {
  const empty = (number: number) =>
    requestOf(planOf([[step(gate(['x']))]], { kind: 'sequence', nodes: [] }), number);
  await t.test('of what goes on at once; a shutdown is not refused for it', async (t) => {
    const desk = new RunsDesk();
    for (let number = 1; number <= activeMax; number += 1) desk.request(empty(number));
    desk.request(empty(100));
    t.match(desk.take('refuse'), [{ refusal: { code: 'HEC_BUSY' } }]);
    desk.request(requestOf(shutdown, 101));
    t.same(desk.take('refuse'), []);
  });
  await t.test('of orders that nobody has confirmed to be withdrawn', async (t) => {
    const desk = new RunsDesk();
    const armed = planOf([[step(stopAll('a'))]], {
      parts: [{ node: node('a'), operations: [], beginsAfterMs: 1 }],
    });
    for (let number = 1; number <= unwithdrawnMax + 5; number += 1) {
      desk.request(requestOf(armed, number));
      desk.end('a');
    }
    t.equal(desk.state.runs.size, unwithdrawnMax + 1);
    t.notOk(desk.state.runs.has(runIdOf(1)), 'the oldest are let go');
  });
});

t.test(
  'a person joins what a trigger has asked for: known over a restart, and once it is over',
  async (t) => {
    const joinedBy = (...asked: RunRequest[]) => {
      const desk = new RunsDesk();
      for (const each of asked) desk.request(each);
      desk.restart();
      return desk.run().joinedBy;
    };
    const ups = requestOf(shutdown, 1, { triggerId: 'ups:rack-a:1', requestedBy: 'power' });
    t.equal(joinedBy(ups, requestOf(shutdown, 2, { requestedBy: 'bob' })), 'bob');
    t.equal(
      joinedBy(
        ups,
        requestOf(shutdown, 2, { requestedBy: 'bob' }),
        requestOf(shutdown, 3, { requestedBy: 'eve' }),
      ),
      'bob',
    );
    t.equal(joinedBy(ups, requestOf(shutdown, 2, { triggerId: 'ups:rack-b:1' })), undefined, 'another UPS');
    t.equal(joinedBy(ups, requestOf(clusterOnly, 2)), undefined, 'who does not want hosts off');
    t.equal(joinedBy(ups, requestOf(shutdown, 2, { isRehearsal: true })), undefined);
    t.equal(
      joinedBy(requestOf(shutdown, 1), requestOf(shutdown, 2)),
      undefined,
      'it is a person who has asked',
    );
  },
);
