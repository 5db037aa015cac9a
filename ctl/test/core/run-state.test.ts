import { createRunSummary } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import {
  exitOfRun,
  isCoordinatorGoing,
  isOver,
  isStepOver,
  modeText,
  runIdOf,
  stateOf,
  stateText,
  stepsOf,
  toneOfState,
  workDone,
} from '../../src/core/run-state.ts';
import { coordinatorGoing, reportOf, runId } from '../support/run-answers.ts';

t.test('how hecatectl ends with a run', async (t) => {
  const ends = Object.fromEntries(
    ['done', 'degraded', 'failed', 'aborted', 'pre-empted', 'of the future'].map((state) => [
      state,
      exitOfRun(reportOf(state)),
    ]),
  );
  t.same(ends, {
    done: 'success',
    degraded: 'degraded',
    failed: 'failed',
    aborted: 'failed',
    'pre-empted': 'failed',
    'of the future': 'failed',
  });
  const dry = (state: string) => exitOfRun({ summary: createRunSummary({ state, dryRun: true }) });
  t.same([dry('done'), dry('degraded'), dry('failed')], ['success', 'success', 'failed'], 'would it work');
  t.equal(exitOfRun({ summary: undefined }), 'failed');
});

t.test('whether it is over', async (t) => {
  t.notOk(isOver(reportOf('running')));
  t.notOk(isOver(reportOf('aborting')));
  for (const state of ['done', 'degraded', 'failed', 'aborted', 'pre-empted'])
    t.ok(isOver(reportOf(state)), state);
  t.ok(isStepOver({ state: 'left-out' }));
  t.notOk(isStepOver({ state: 'would-run' }));
});

t.test('the manager may be gone only while nothing but its own host is left', async (t) => {
  t.ok(isCoordinatorGoing(coordinatorGoing));
  t.notOk(isCoordinatorGoing(reportOf('running')), 'nothing has begun');
  const [first, last] = coordinatorGoing.stages;
  const before = { ...coordinatorGoing, stages: first ? [first] : [] };
  t.notOk(isCoordinatorGoing(before), 'the last step powers nothing off');
  const summary = createRunSummary({ ...coordinatorGoing.summary, mode: 'cluster-only' });
  t.notOk(isCoordinatorGoing({ ...coordinatorGoing, summary }));
  t.notOk(
    isCoordinatorGoing({ ...coordinatorGoing, summary: createRunSummary({ ...summary, state: 'done' }) }),
  );
  const open = reportOf('running', { '2.1': last?.steps[0] ?? {} });
  t.notOk(isCoordinatorGoing(open), 'a step before it is not over');
});

t.test('what was done and what was not', async (t) => {
  const report = reportOf('aborted', { '1.1': { state: 'done' }, '1.2': { state: 'failed' } });
  const { done, notDone } = workDone(report);
  t.same([done.map(({ id }) => id), notDone.map(({ id }) => id)], [['1.1'], ['1.2', '2.1']]);
  t.same([runIdOf(report), stateOf(report), stepsOf(report).length], [runId, 'aborted', 3]);
});

t.test('in words', async (t) => {
  t.equal(modeText({ kind: 'shutdown', mode: 'poweroff' }), 'poweroff');
  t.equal(modeText({ kind: 'sequence', mode: 'poweroff' }), '');
  t.equal(modeText({ kind: 'sequence', mode: 'cluster-only' }), 'cluster-only');
  t.equal(modeText({ kind: 'startup', mode: 'poweroff' }), '', 'a startup powers nothing off');
  t.equal(modeText({ kind: 'startup', mode: 'cluster-only' }), 'cluster-only');
  t.equal(stateText(createRunSummary({ state: 'done' })), 'done');
  t.equal(stateText(createRunSummary({ state: 'failed', dryRun: true })), 'failed (dry run)');
  t.equal(stateText(createRunSummary({ state: 'done', rehearsal: true })), 'done (rehearsal)');
  t.same(['done', 'failed', 'degraded', 'pending', 'sent'].map(toneOfState), [
    'good',
    'bad',
    'doubtful',
    'faint',
    'plain',
  ]);
});
