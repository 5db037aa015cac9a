import type { RunEventLine } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { RunCatchUp } from '../../src/core/run-catch-up.ts';
import { event, reportOf } from '../support/run-answers.ts';

const keys = (lines: readonly RunEventLine[]): string[] =>
  lines.map(({ type, step }) => `${type} ${step}`.trim());

const second = reportOf('running', {
  '1.1': { state: 'done', durationMs: 12_000 },
  '1.2': { state: 'running' },
});
const over = reportOf('degraded', {
  '1.1': { state: 'done', durationMs: 12_000 },
  '1.2': { state: 'degraded', why: 'wrk-2 is up', durationMs: 1000 },
  '2.1': { state: 'left-out' },
});
const story = [
  event('run-started', 'the run has started'),
  event('step-begun', 'step 1.1 begins', '1.1'),
  event('step-ended', 'step 1.1 is done', '1.1'),
  event('step-begun', 'step 1.2 begins', '1.2'),
];

t.test('what the manager tells is told, and nothing is made up beside it', async (t) => {
  const catchUp = new RunCatchUp();
  t.same(catchUp.take(story, second, false), story);
  t.same(catchUp.take([], second, false), []);
});

t.test('the report is ahead of events that come in parts', async (t) => {
  const catchUp = new RunCatchUp();
  t.same(catchUp.take(story.slice(0, 2), second, false), story.slice(0, 2));
  t.same(catchUp.take(story.slice(2), second, false), story.slice(2));
});

t.test('told from the begin again after a lost connection: each once', async (t) => {
  const catchUp = new RunCatchUp();
  catchUp.take(story.slice(0, 3), second, false);
  t.same(catchUp.take(story, second, false), story.slice(3));
});

t.test('a manager that was restarted, or has forgotten: out of the report', async (t) => {
  const catchUp = new RunCatchUp();
  catchUp.take(story.slice(0, 2), reportOf('running', { '1.1': { state: 'running' } }), false);
  const resumed = event('run-resumed', 'the manager was restarted: the run goes on');
  t.same(keys(catchUp.take([resumed], second, false)), ['run-resumed'], 'more may be on its way');
  const ended = event('step-ended', 'step 1.2 is degraded', '1.2');
  t.same(keys(catchUp.take([ended], over, false)), ['step-ended 1.1', 'step-ended 1.2'], 'in their order');
  const rest = catchUp.take([], over, true);
  t.same(keys(rest), ['step-ended 2.1', 'run-ended']);
  t.match(
    rest.map(({ text }) => text),
    [/2\.1 is left out: /, /has ended: degraded$/],
  );
  t.same(catchUp.take([], over, true), [], 'once');
  t.same(catchUp.take([event('run-ended', 'late')], over, true), [], 'what was made up is not told again');
});

t.test('a run that nobody remembers the events of', async (t) => {
  const lines = new RunCatchUp().take([], over, false);
  t.same(keys(lines), ['step-ended 1.1', 'step-ended 1.2', 'step-ended 2.1', 'run-ended']);
  t.match(lines[1]?.text, /^step 1\.2 is degraded after 1 s: the workers have stopped: wrk-2 is up$/);
  t.same(keys(new RunCatchUp().take([], second, false)), ['step-ended 1.1', 'step-begun 1.2']);
  t.same(new RunCatchUp().take([], reportOf('running'), false), []);
});
