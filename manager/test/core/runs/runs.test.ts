/** Runs from the request to the end: order, records before what is sent, policies, gates, hooks, time-outs. */
import t from 'tap';
import { leafKey } from '../../../src/core/plan/gate-verdict.ts';
import { nextRunsTickMs } from '../../../src/core/runs/runs.ts';
import {
  gate,
  hook,
  operations,
  planOf,
  poweroff,
  requestOf,
  runIdOf,
  step,
  stop,
  stopAll,
  wake,
} from '../../support/run-plans.ts';
import { RunsDesk } from '../../support/runs-desk.ts';

const seenToHold = { verdict: 'holds', detail: '' } as const;

const begun = (...stages: Parameters<typeof planOf>[0]): RunsDesk => {
  const desk = new RunsDesk();
  desk.request(requestOf(planOf(stages, { kind: 'sequence' })));
  return desk;
};

t.test('stages, steps and operations in order, and one after the other', async (t) => {
  const desk = begun([step(stopAll('a', 'b')), step(stopAll('c'))], [step(stopAll('d'))]);
  t.same(desk.take('answer-request'), [
    { type: 'answer-request', ticket: 1, runId: runIdOf(1), isJoined: false, preempted: [] },
  ]);
  t.same(desk.applied(), ['stop a x.service', 'stop b x.service']);
  desk.end('a');
  t.same(desk.applied(), [], 'b is not over');
  desk.end('b');
  t.same(desk.applied(), ['stop c x.service']);
  desk.end('c');
  t.same(
    desk.events('stage-done').map(({ stage }) => stage),
    ['stage 1'],
  );
  t.same(desk.applied(), ['stop d x.service']);
  desk.end('d');
  const [run] = desk.ended();
  t.equal(run?.outcome, 'done');
  t.same(
    desk.journal.map(({ type }) => type),
    ['run-accepted']
      .concat(['method-begun', 'operation-ended', 'operation-ended', 'step-ended'])
      .concat(['method-begun', 'operation-ended', 'step-ended'])
      .concat(['method-begun', 'operation-ended', 'step-ended', 'run-ended']),
  );
  t.equal(desk.state.runs.size, 0);
  t.equal(nextRunsTickMs(desk.state), Number.POSITIVE_INFINITY, 'no timer at rest');
});

t.test('at most as many at once as the step allows', async (t) => {
  const desk = begun([step(stopAll('a', 'b', 'c'), { parallelism: 2 })]);
  t.same(desk.applied(), ['stop a x.service', 'stop b x.service']);
  desk.accept('a');
  t.same(desk.applied(), [], 'accepted is not over');
  desk.end('b');
  t.same(desk.applied(), ['stop c x.service']);
});

t.test('gates', async (t) => {
  await t.test('it looks until it holds often enough in a row, and unknown does not hold', async (t) => {
    const desk = begun([step(gate(['a', 'b'], 'powered-off', { consecutive: 2 })), step(stopAll('a'))]);
    desk.observe({ b: 'unknown' });
    t.same(desk.events('waiting').at(-1)?.details, ['b unknown']);
    t.same(desk.take('observe'), [], 'not before its time');
    desk.pass(999);
    t.same(desk.take('observe'), []);
    desk.pass(1);
    desk.observe();
    t.equal(desk.run().running?.look?.held, 1);
    desk.pass(1000);
    desk.observe({ a: 'fails' });
    t.equal(desk.run().running?.look?.held, 0, 'counted anew');
    desk.pass(1000);
    desk.observe();
    desk.pass(1000);
    t.same(desk.applied(), []);
    desk.observe();
    t.same(desk.applied(), ['stop a x.service']);
  });

  await t.test('an answer to an older look is not heard', async (t) => {
    const desk = begun([step(gate(['a'])), step(stopAll('a'))]);
    const [asked] = desk.take('observe');
    desk.observed(runIdOf(1), (asked?.round ?? 0) - 1, {});
    t.ok(desk.run().running?.look?.isAsked);
    desk.observed(runIdOf(1), asked?.round ?? 0, {});
    t.notOk(desk.run().running?.look?.isAsked);
    desk.observed(runIdOf(1), asked?.round ?? 0, {});
    t.equal(desk.run().running?.look?.round, 1);
  });

  await t.test('nor is a late answer to the gate before, also when it looks at the same', async (t) => {
    const first = step(gate(['a']), { onFailure: 'continue', timeoutMs: 5000 });
    const desk = begun([first, step(gate(['a'])), step(stopAll('a'))]);
    const [late] = desk.take('observe');
    desk.pass(5000);
    t.equal(desk.run().results.length, 1, 'its time is over, its look still under way');
    const [asked] = desk.take('observe');
    const holds = Object.fromEntries((late?.leaves ?? []).map((leaf) => [leafKey(leaf), seenToHold]));
    desk.observed(runIdOf(1), late?.round ?? 0, holds);
    t.same(desk.applied(), [], 'I1');
    desk.observed(runIdOf(1), asked?.round ?? 0, holds);
    t.same(desk.applied(), ['stop a x.service']);
  });

  await t.test('a wake goes with each look to those that the last one did not show online', async (t) => {
    const desk = begun([step(wake('a', 'b'))]);
    t.same(
      desk.take('wake').flatMap(({ targets }) => targets.map(({ node }) => node)),
      ['a', 'b'],
    );
    desk.observe({ b: 'fails' });
    desk.pass(1000);
    t.same(
      desk.take('wake').flatMap(({ targets }) => targets.map(({ node }) => node)),
      ['b'],
    );
    desk.observe();
    t.equal(desk.ended()[0]?.outcome, 'done');
  });

  await t.test(
    'one that does not hold in its time fails, with its sentence and what was in the way',
    async (t) => {
      const desk = begun([step(gate(['a']), { timeoutMs: 3500 })]);
      for (let round = 0; round < 4; round += 1) {
        desk.observe({ a: 'fails' });
        desk.pass(1000);
      }
      const [run] = desk.ended();
      t.equal(run?.outcome, 'failed');
      t.match(run?.why, /step 1\.1 \(step 1\.1\): "a online" did not hold within 4 s: a fails/);
      t.ok(run?.results[0]?.hasTimedOut);
    },
  );
});

t.test('a wait lasts its time', async (t) => {
  const desk = begun([step({ type: 'wait', durationMs: 5000 }), step(stopAll('a'))]);
  desk.pass(4999);
  t.same(desk.applied(), []);
  desk.pass(1);
  t.same(desk.applied(), ['stop a x.service']);
});

t.test('hooks', async (t) => {
  const ended = { type: 'hook-ended', runId: runIdOf(1), stepId: '1.1', method: 0, message: '' } as const;
  await t.test('ends with 0: the step is done', async (t) => {
    const desk = begun([step(hook()), step(stopAll('a'))]);
    const [asked] = desk.take('run-hook');
    t.match(asked, { stepId: '1.1', method: 0, argv: ['/usr/bin/cordon'], timeLimitMs: 60_000 });
    desk.step({ ...ended, exitStatus: 0 });
    t.same(desk.applied(), ['stop a x.service']);
  });
  await t.test('ends otherwise, or is killed: the step has failed', async (t) => {
    const desk = begun([step(hook())]);
    desk.step({ ...ended, exitStatus: 3, message: 'no such cluster' });
    t.match(desk.ended()[0]?.why, /cordon ended with exit status 3: no such cluster/);
    const killed = begun([step(hook())]);
    killed.step({ ...ended, exitStatus: undefined });
    t.match(killed.ended()[0]?.why, /could not be run, or was killed/);
  });
  await t.test('what a hook of another method says is not heard', async (t) => {
    const desk = begun([step([hook(), hook(true)])]);
    desk.pass(60_000);
    t.same(
      desk.take('run-hook').map(({ method }) => method),
      [0, 1],
    );
    desk.step({ ...ended, exitStatus: 0 });
    t.equal(desk.state.runs.size, 1);
    desk.step({ ...ended, method: 1, exitStatus: 0 });
    t.equal(desk.ended()[0]?.outcome, 'done');
  });
  await t.test('tried again while there is time', async (t) => {
    const desk = begun([step(hook(), { onFailure: 'retry', timeoutMs: 10_000 })]);
    desk.take('run-hook');
    desk.step({ ...ended, exitStatus: 1 });
    desk.pass(2000);
    t.equal(desk.take('run-hook')[0]?.timeLimitMs, 8000);
    desk.step({ ...ended, exitStatus: 1 });
    desk.pass(3999);
    t.same(desk.take('run-hook'), [], 'the pause is twice as long');
    desk.pass(1);
    t.equal(desk.take('run-hook').length, 1);
    desk.step({ ...ended, exitStatus: 1 });
    t.equal(desk.ended()[0]?.outcome, 'failed', 'a pause of 8 s would end behind the limit');
  });
});

t.test('policies on failure', async (t) => {
  await t.test('abort: no further operation, no further step', async (t) => {
    const desk = begun([step(stopAll('a', 'b', 'c'), { parallelism: 2 }), step(stopAll('d'))]);
    desk.applied();
    desk.end('a', 'failed', { message: 'exit-code' });
    t.same(desk.applied(), [], 'c is not sent');
    desk.end('b');
    const [run] = desk.ended();
    t.equal(run?.outcome, 'failed');
    t.match(run?.why, /1 of 3 operations failed: a x\.service: exit-code|2 of 3 operations failed/);
    t.equal(run?.pastOperations[0]?.operations[2]?.end?.code, 'HEC_CANCELLED');
    t.same(desk.applied(), []);
  });

  await t.test('continue: durably degraded, and on', async (t) => {
    const desk = begun([
      step(stopAll('a', 'b'), { onFailure: 'continue', parallelism: 1 }),
      step(stopAll('c')),
    ]);
    desk.end('a', 'offline', { code: 'HEC_OFFLINE' });
    desk.applied();
    desk.end('b');
    t.same(desk.applied(), ['stop c x.service']);
    t.match(desk.events('degraded'), [{ what: 'step 1.1 (step 1.1)' }]);
    desk.end('c');
    const [run] = desk.ended();
    t.equal(run?.outcome, 'degraded');
    t.equal(run?.why, 'not as planned: step 1.1');
  });

  await t.test('retry: what failed, under new ids, with growing pauses', async (t) => {
    const desk = begun([step(stopAll('a', 'b'), { onFailure: 'retry' })]);
    desk.applied();
    const first = desk.opIdOf('a');
    desk.end('a', 'failed');
    desk.end('b');
    t.same(desk.applied(), []);
    desk.pass(2000);
    t.same(desk.applied(), ['stop a x.service']);
    t.not(desk.opIdOf('a'), first);
    t.equal(desk.run().operationsCount, 3, 'each attempt has a number of its own');
    desk.step({
      type: 'operation-ended',
      opId: first,
      end: { status: 'done', result: '', code: '', message: '', durationMs: 1 },
    });
    t.equal(desk.state.runs.size, 1, 'what is told of the first attempt is over');
    desk.end('a', 'offline', { code: 'HEC_OFFLINE' });
    desk.pass(3999);
    t.same(desk.applied(), []);
    desk.pass(1);
    t.same(desk.applied(), ['stop a x.service']);
    desk.end('a');
    t.equal(desk.ended()[0]?.outcome, 'done');
  });

  await t.test('retry: not what will never be allowed, nor a command that may have run', async (t) => {
    const refused = begun([step(stopAll('a'), { onFailure: 'retry' })]);
    refused.end('a', 'refused', { code: 'HEC_POLICY' });
    t.equal(refused.ended()[0]?.outcome, 'failed');
    const run = begun([step(operations([{ ...stop('a', ''), verb: 'exec' }]), { onFailure: 'retry' })]);
    run.end('a', 'unknown', { code: 'HEC_UNKNOWN' });
    t.equal(run.ended()[0]?.outcome, 'failed');
  });

  await t.test('escalation: the next method, each with its time', async (t) => {
    const kill = operations([{ ...stop('a'), verb: 'kill' }]);
    const desk = begun([step([stopAll('a'), kill], { timeoutMs: 5000 })]);
    t.same(desk.applied(), ['stop a x.service']);
    desk.pass(5000);
    t.same(desk.applied(), ['kill a x.service']);
    t.match(desk.events('method-failed'), [{ stepId: '1.1', method: 0 }]);
    t.equal(desk.run().running?.deadlineAtMs, 11_000);
    desk.end('a');
    const [run] = desk.ended();
    t.match(run?.results, [{ outcome: 'done', method: 1, durationMs: 5000 }]);
  });

  await t.test('a unit that is not there is done where the step says so', async (t) => {
    const desk = begun([step(operations([stop('a')], { isMissingUnitDone: true }))]);
    desk.end('a', 'failed', { code: 'HEC_NO_SUCH_UNIT' });
    t.equal(desk.ended()[0]?.outcome, 'done');
  });
});

t.test('success by a gate', async (t) => {
  const byGate = (...names: string[]) =>
    operations(
      names.map((name) => stop(name)),
      { successBy: 'gate' },
    );
  await t.test('over when all are accepted, or ended in a way that a gate may still make good', async (t) => {
    const desk = begun([step(byGate('a', 'b', 'c')), step(stopAll('d'))]);
    desk.applied();
    desk.accept('a');
    desk.end('b', 'offline', { code: 'HEC_OFFLINE' });
    t.same(desk.applied(), []);
    desk.end('c', 'unknown', { code: 'HEC_UNKNOWN' });
    t.same(desk.applied(), ['stop d x.service']);
  });
  await t.test('refused and failed are failures', async (t) => {
    for (const status of ['refused', 'failed'] as const) {
      const desk = begun([step(byGate('a'))]);
      desk.end('a', status);
      t.equal(desk.ended()[0]?.outcome, 'failed', status);
    }
  });
  await t.test('an acceptance gives its place free', async (t) => {
    const desk = begun([step(byGate('a', 'b'), { parallelism: 1 })]);
    desk.applied();
    desk.accept('a');
    t.same(desk.applied(), ['stop b x.service']);
  });
  await t.test('not accepted in time is no failure either', async (t) => {
    const desk = begun([step(byGate('a')), step(stopAll('d'))]);
    desk.applied();
    desk.pass(60_000);
    t.same(desk.applied(), ['stop d x.service']);
    t.ok(desk.run().results[0]?.hasTimedOut);
  });
});

t.test(
  "at the end of a step's time what is not over has timed out, and what had no turn is not sent",
  async (t) => {
    const desk = begun([
      step(stopAll('a', 'b'), { parallelism: 1, onFailure: 'continue' }),
      step(stopAll('c')),
    ]);
    desk.applied();
    const late = desk.opIdOf('a');
    desk.pass(60_000);
    t.same(desk.applied(), ['stop c x.service']);
    const ends = desk.run().pastOperations[0]?.operations.map(({ end }) => end?.code);
    t.same(ends, ['HEC_TIMEOUT', 'HEC_EXPIRED']);
    desk.step({
      type: 'operation-ended',
      opId: late,
      end: { status: 'done', result: '', code: '', message: '', durationMs: 1 },
    });
    t.same(desk.applied(), []);
  },
);

t.test('an empty list of operations is over at once', async (t) => {
  const desk = begun([step(stopAll()), step(stopAll('a'))]);
  t.same(desk.applied(), ['stop a x.service']);
});

t.test('the coordinator powers itself off last: in its next boot that step is done', async (t) => {
  const plan = planOf([[step(stopAll('a'))], [step(operations([poweroff('c')]))]], { coordinator: 'c' });
  const desk = new RunsDesk();
  desk.request(requestOf(plan));
  desk.end('a');
  t.same(desk.applied(), ['stop a x.service', 'poweroff c']);
  t.equal(desk.intent?.runId, runIdOf(1));
  desk.restart('boot-2');
  t.equal(desk.ended()[0]?.outcome, 'done');
  t.same(desk.take('recall'), []);
  t.same(desk.applied(), []);
  t.equal(desk.intent, undefined);
});
