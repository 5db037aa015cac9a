/** Reports of runs: while they go on, and when they are over. */
import t from 'tap';
import { pastRunOf, runReport, runSummary } from '../../../src/core/runs/runs.ts';
import {
  gate,
  operations,
  planOf,
  poweroff,
  requestOf,
  runIdOf,
  step,
  stopAll,
} from '../../support/run-plans.ts';
import { RunsDesk } from '../../support/runs-desk.ts';

const plan = planOf(
  [
    [step(stopAll('a', 'b'), { onFailure: 'continue' })],
    [step(operations([poweroff('a')], { successBy: 'gate' })), step(gate(['a'], 'powered-off'))],
  ],
  { parts: [] },
);

t.test('while it goes on', async (t) => {
  const desk = new RunsDesk();
  desk.request(requestOf(plan, 1, { learntMs: { '1.1': 7000 } }));
  desk.end('a', 'failed', { code: 'HEC_UNIT_FAILED', message: 'exit-code' });
  desk.pass(2000);
  const report = runReport(desk.run(), desk.nowMs);
  t.match(report, {
    summary: {
      runId: runIdOf(1),
      plan: 'shutdown',
      kind: 'shutdown',
      mode: 'poweroff',
      state: 'running',
      requestedBy: 'alice',
      startedMs: 1_700_000_000_000,
      durationMs: 2000,
      rung: 'full',
    },
    elapsedMs: 2000,
    expectedMs: 27_000,
    boundMs: 180_000,
    timeLimitMs: 0,
    pastNoReturn: false,
  });
  t.match(report.stages[0]?.steps, [
    { id: '1.1', state: 'running', durationMs: 2000, expectedMs: 7000, boundMs: 60_000 },
  ]);
  t.match(report.stages[0]?.steps[0]?.operations, [
    {
      node: 'a',
      verb: 'stop',
      unit: 'x.service',
      state: 'failed',
      code: 'HEC_UNIT_FAILED',
      message: 'exit-code',
    },
    { node: 'b', state: 'sent' },
  ]);
  t.match(report.stages[1]?.steps, [{ state: 'pending' }, { state: 'pending' }]);
  desk.abort();
  t.equal(runSummary(desk.run(), desk.nowMs).state, 'aborting');
});

t.test('at a gate, and when it is over; the same after a restart', async (t) => {
  const desk = new RunsDesk();
  desk.request(requestOf(plan, 1, { timeLimitMs: 600_000 }));
  desk.end('a', 'failed', { message: 'exit-code' });
  desk.end('b');
  desk.accept('a');
  desk.observe({ a: 'unknown' });
  const waiting = runReport(desk.run(), desk.nowMs);
  t.match(waiting.stages[1]?.steps, [
    { state: 'done', operations: [{ node: 'a', verb: 'poweroff', state: 'accepted' }] },
    { state: 'running', waitingFor: 'a powered-off', details: ['a unknown'] },
  ]);
  t.ok(waiting.pastNoReturn);
  t.equal(waiting.timeLimitMs, 600_000);
  t.match(waiting.degradations, [
    /^step 1\.1 \(step 1\.1\): 1 of 2 operations failed: a x\.service: exit-code$/,
  ]);
  desk.restart();
  t.match(runReport(desk.run(), desk.nowMs).stages[1]?.steps[0]?.operations, [{ state: 'accepted' }]);
  desk.nowMs += 500;
  desk.observe();
  const [run] = desk.ended();
  if (!run) throw new Error('it is not over');
  const over = runReport(run, desk.nowMs + 1_000_000);
  t.match(over, {
    summary: { state: 'degraded', why: 'not as planned: step 1.1', durationMs: 500 },
    elapsedMs: 500,
  });
  t.same(
    over.stages.flatMap((stage) => stage.steps.map(({ state }) => state)),
    ['degraded', 'done', 'done'],
  );
  t.match(pastRunOf(run), {
    id: runIdOf(1),
    outcome: 'degraded',
    durationMs: 500,
    isDryRun: false,
    steps: [
      { id: '1.1', learnKey: 'key 1.1', stage: 'stage 1', outcome: 'degraded' },
      { id: '2.1' },
      { id: '2.2' },
    ],
  });
});

t.test('a rung is a degradation', async (t) => {
  const desk = new RunsDesk();
  desk.request(requestOf(plan, 1, { timeLimitMs: 10 }));
  t.match(runReport(desk.run(), desk.nowMs).degradations, [/^rung panic: /, /^step 1\.1 .*left out/]);
});
