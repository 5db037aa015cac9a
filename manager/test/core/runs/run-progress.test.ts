/** Time limits: rungs between steps and only downwards, deadlines over restarts (I5). */
import t from 'tap';
import { rungs } from '../../../src/core/plan/plan.ts';
import { gate, operations, planOf, poweroff, requestOf, step, stopAll } from '../../support/run-plans.ts';
import { RunsDesk } from '../../support/runs-desk.ts';

const shutdown = planOf([
  [step(stopAll('a'), { dropAt: 'forced' }), step(stopAll('b'))],
  [step(operations([poweroff('a')])), step(gate(['a'], 'powered-off'))],
]);

const begun = (timeLimitMs: number | undefined, plan = shutdown): RunsDesk => {
  const desk = new RunsDesk();
  desk.request(requestOf(plan, 1, { timeLimitMs }));
  return desk;
};

t.test('enough time: the full rung, nothing recorded', async (t) => {
  const desk = begun(40_000);
  t.equal(desk.run().rung, 'full');
  t.notOk(desk.journal.some(({ type }) => type === 'rung-chosen'));
  t.same(desk.applied(), ['stop a x.service']);
});

t.test('too little from the start: lower, and why is recorded and told', async (t) => {
  const desk = begun(8000);
  t.equal(desk.run().rung, 'forced');
  t.same(desk.applied(), ['stop b x.service'], 'what is dropped there is left out');
  t.match(desk.run().results, [{ outcome: 'left-out', why: 'left out at the rung forced' }]);
  t.match(desk.events('degraded'), [{ what: 'rung forced', why: /8 s left; .* forced fits/ }]);
  t.equal(desk.run().running?.deadlineAtMs, 3000, 'its minimum');
});

t.test('panic keeps what powers off, and the gate behind it', async (t) => {
  const desk = begun(1000);
  t.same(desk.applied(), ['poweroff a']);
  t.same(
    desk.run().results.map(({ outcome }) => outcome),
    ['left-out', 'left-out'],
  );
  desk.end('a');
  desk.observe();
  t.match(desk.ended(), [{ outcome: 'degraded', why: 'not as planned: steps 1.1, 1.2' }]);
});

t.test('chosen anew between steps, and never higher', async (t) => {
  const desk = begun(40_000);
  desk.pass(32_000);
  t.equal(desk.run().rung, 'full', 'not in the middle of a step');
  desk.end('a');
  t.equal(desk.run().rung, 'forced');
  desk.end('b');
  desk.end('a');
  t.equal(desk.run().rung, 'forced', 'though there is time enough for more now');
  const chosen = desk.journal.flatMap((record) => (record.type === 'rung-chosen' ? [record.rung] : []));
  t.same(chosen, ['forced']);
  t.ok(rungs.indexOf('forced') > rungs.indexOf('full'));
});

t.test('lower and lower, as the time goes', async (t) => {
  const long = planOf([
    [step(stopAll('a')), step(stopAll('b')), step(stopAll('c'))],
    [step(operations([poweroff('a')]))],
  ]);
  const desk = begun(40_000, long);
  t.equal(desk.run().rung, 'full');
  desk.nowMs += 34_000;
  desk.end('a');
  t.equal(desk.run().rung, 'forced', 'three times 2 s fit into 6 s');
  desk.nowMs += 3000;
  desk.end('b');
  t.equal(desk.run().rung, 'panic');
  const chosen = desk.journal.flatMap((record) => (record.type === 'rung-chosen' ? [record.rung] : []));
  t.same(chosen, ['forced', 'panic']);
});

t.test('learnt durations count', async (t) => {
  const desk = new RunsDesk();
  desk.request(requestOf(shutdown, 1, { timeLimitMs: 40_000, learntMs: { '1.1': 30_000 } }));
  t.not(desk.run().rung, 'full');
});

t.test('a step that hangs leaves the time that panic needs behind it', async (t) => {
  const desk = begun(41_000);
  t.equal(desk.run().running?.deadlineAtMs, 1000 + 41_000 - 4000);
  desk.pass(37_000);
  t.equal(desk.ended()[0]?.outcome, 'failed', 'its policy is to abort');
  const going = begun(
    41_000,
    planOf([[step(stopAll('a'), { onFailure: 'continue' })], [step(operations([poweroff('a')]))]]),
  );
  going.applied();
  going.pass(39_000);
  t.same(going.applied(), ['poweroff a']);
  t.equal(going.nowMs, 40_000, 'two seconds before the limit is over');
});

t.test('a shutdown goes on past its limit, on its last rung', async (t) => {
  const desk = begun(1);
  desk.pass(1900);
  desk.end('a');
  t.equal(desk.run().rung, 'panic');
  desk.observe();
  t.equal(desk.ended()[0]?.outcome, 'degraded');
});

t.test('what builds up ends when its limit is over', async (t) => {
  const plan = planOf(
    [
      [
        step(stopAll('a'), { timeoutMs: 5000, expectedMs: 2000, onFailure: 'continue' }),
        step(stopAll('b'), { expectedMs: 2000 }),
      ],
    ],
    { kind: 'startup' },
  );
  const desk = begun(5000, plan);
  desk.applied();
  desk.pass(5000);
  t.same(desk.applied(), []);
  t.match(desk.ended(), [{ outcome: 'failed', why: 'its time limit was over before step 1.2' }]);
});

t.test('deadlines go on over a restart', async (t) => {
  await t.test('of the manager: they are as they were', async (t) => {
    const desk = begun(40_000);
    desk.nowMs += 15_000;
    desk.restart();
    t.equal(desk.run().deadlineAtMs, 41_000);
    t.equal(desk.run().running?.deadlineAtMs, 37_000);
    desk.nowMs = 36_999;
    desk.step({ type: 'tick' });
    t.equal(desk.ended().length, 0);
    desk.nowMs = 37_000;
    desk.step({ type: 'tick' });
    t.equal(desk.ended().length, 1);
  });
  await t.test('of the coordinator: what was left at the newest record is left', async (t) => {
    const desk = begun(40_000);
    desk.nowMs += 15_000;
    desk.end('a');
    desk.restart('boot-2');
    t.equal(desk.nowMs, 500);
    t.equal(desk.run().deadlineAtMs, 25_500);
    t.equal(desk.run().beganAtMs, -14_500);
    desk.restart('boot-3');
    t.equal(desk.run().deadlineAtMs, 25_500, 'again');
  });
});
