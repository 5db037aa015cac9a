import {
  createNodeOutcome,
  createOperationOutcome,
  createUnitEvidence,
  type OperationOutcome,
  OutcomeStatusValues,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { outcomeText, withGivenLimit } from '../../src/core/outcome-text.ts';

const text = (outcome: Partial<OperationOutcome>, verb: 'start' | 'enable' = 'start') =>
  outcomeText(
    createNodeOutcome({
      node: 'node-a',
      unit: 'x.service',
      verb,
      outcome: createOperationOutcome({ opId: 'ID', ...outcome }),
    }),
  );

t.test('done', async (t) => {
  t.same(text({ status: 'done', result: 'done' }), { sentence: 'started', tone: 'good', details: [] });
  t.equal(text({ status: 'done', durationMs: 1200 }).sentence, 'started (1.2 s)');
  t.match(text({ status: 'done', inferred: true }).sentence, /concluded from the state/);
  t.match(text({ status: 'done', result: 'skipped' }).sentence, /condition/);
  t.equal(text({ status: 'done' }, 'enable').sentence, 'enabled (nothing to change)');
  t.same(
    text({ status: 'done', changes: [{ change: 'symlink', file: '/a', source: '/b' }] }, 'enable').details,
    ['symlink /a → /b'],
  );
});

t.test("failed: systemd's words, exit status, log lines, next step", async (t) => {
  const evidence = createUnitEvidence({ result: 'exit-code', execMainCode: 1, execMainStatus: 203 });
  const shown = text({
    status: 'failed',
    result: 'failed',
    evidence,
    message: 'Job failed',
    logLines: ['boom\x1b[2J'],
  });
  t.equal(shown.sentence, 'failed: exit-code (exit status 203)');
  t.same(shown.details, [
    '| boom\\x1b[2J',
    'Job failed',
    'next: hecatectl status node-a x.service; hecatectl logs node-a x.service',
  ]);
  t.equal(text({ status: 'failed', result: 'dependency' }).sentence, 'failed: dependency');
  t.match(
    text({
      status: 'failed',
      result: 'signal',
      evidence: createUnitEvidence({ execMainCode: 2, execMainStatus: 9 }),
    }).sentence,
    /killed by signal 9/,
  );
});

t.test('a call that systemd did not take fails with its words', async (t) => {
  const message = 'Unit nosuch.service not found.';
  const shown = text({
    status: 'failed',
    result: 'refused',
    code: 'HEC_NO_SUCH_UNIT',
    message: `StartUnit("nosuch.service"): ${message}`,
  });
  t.equal(shown.sentence, `failed: ${message}`);
  t.notMatch(shown.details.join('\n'), 'not found', 'said once');
  const exec = text({ status: 'failed', code: 'HEC_EXEC_FAILED', message: 'Failed to find executable /no' });
  t.match(exec.details.at(-1), /next: the command is looked for on the node itself/);
});

t.test('a time limit is told as it was given', async (t) => {
  const answer = (status: 'timeout' | 'failed') =>
    createNodeOutcome({
      outcome: createOperationOutcome({ status, message: 'start x: not finished within 899 ms; it goes on' }),
    });
  const told = withGivenLimit(answer('timeout'), 1000);
  t.equal(outcomeText(told).sentence, 'timeout: start x: not finished within 1 s; it goes on');
  t.match(withGivenLimit(answer('failed'), 1000).outcome?.message, /899 ms/);
});

t.test('every status but done has a sentence of its own and a next step', async (t) => {
  const sentences = OutcomeStatusValues.filter((status) => status !== 'done').map((status) => {
    const { sentence, details } = text({ status });
    t.match(details.at(-1), /^next: ./, status);
    return sentence;
  });
  t.equal(new Set(sentences).size, sentences.length);
  t.match(text({ status: 'unknown' }).details.at(-1), /hecatectl operation ID/);
  t.match(text({ status: 'offline', remedy: 'plug it in' }).details, ['next: plug it in']);
  t.equal(text({ status: 'refused', message: 'policy says no' }).sentence, 'refused: policy says no');
});
