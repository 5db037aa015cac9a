import t from 'tap';
import { missedEvents } from '../../src/core/run-catch-up.ts';
import { event, reportOf } from '../support/run-answers.ts';

const told = (...given: Parameters<typeof missedEvents>) =>
  missedEvents(...given).map(({ type, step }) => `${type} ${step}`.trim());

const second = reportOf('running', {
  '1.1': { state: 'done', durationMs: 12_000 },
  '1.2': { state: 'running' },
});

t.test('what happened before the first update', async (t) => {
  t.same(told(undefined, reportOf('running'), []), []);
  t.same(told(undefined, second, []), ['step-ended 1.1', 'step-begun 1.2']);
  t.match(missedEvents(undefined, second, [])[0]?.text, 'step 1.1 is done after 12s: stop k3s-agent');
});

t.test('what an event tells is not told again', async (t) => {
  t.same(told(undefined, second, [event('step-ended', '', '1.1'), event('step-begun', '', '1.2')]), []);
  const isEnded = event('step-ended', '', '1.2');
  t.same(told(second, second, [isEnded]), []);
  t.same(
    told(reportOf('running', { '1.1': { state: 'done' } }), second, [isEnded]),
    [],
    'it has ended since',
  );
});

t.test('what happened while the connection was lost, and the end', async (t) => {
  const over = reportOf('degraded', {
    '1.1': { state: 'done' },
    '1.2': { state: 'degraded', why: 'wrk-2 is up', durationMs: 1000 },
    '2.1': { state: 'left-out' },
  });
  t.same(told(second, over, []), ['step-ended 1.2', 'step-ended 2.1', 'run-ended']);
  const texts = missedEvents(second, over, []).map(({ text }) => text);
  t.match(texts, [
    /1\.2 is degraded after 1s: .*: wrk-2 is up$/,
    /2\.1 is left out: /,
    /has ended: degraded$/,
  ]);
  t.same(told(second, over, [event('run-ended', '')]), ['step-ended 1.2', 'step-ended 2.1']);
  t.same(told(over, over, []), [], 'once');
});
