import { errorTable } from '@hecate/proto/core/errors.ts';
import { exitCodes } from '@hecate/proto/core/exit-codes.ts';
import { createOperationOutcome, OutcomeStatusValues } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { exitNumber, exitOfCode, exitOfOutcome, worstExit } from '../../src/core/exit-status.ts';

t.test('only done is success, whatever else an outcome says', async (t) => {
  for (const status of OutcomeStatusValues) {
    for (const code of ['', 'HEC_FUTURE', ...Object.keys(errorTable)]) {
      const exit = exitOfOutcome(createOperationOutcome({ status, code }));
      t.equal(exit === 'success', status === 'done', `${status} ${code}`);
    }
  }
  t.equal(exitOfOutcome(undefined), 'unknown');
});

t.test("a failure's own code is more exact than its status", async (t) => {
  const exit = (code: string) => exitOfOutcome(createOperationOutcome({ status: 'failed', code }));
  t.equal(exit('HEC_NO_SUCH_UNIT'), 'notFound');
  t.equal(exit('HEC_UNIT_FAILED'), 'failed');
  t.equal(exit('HEC_FUTURE'), 'failed');
});

t.test('the worst counts, in any order', async (t) => {
  t.equal(worstExit([]), 'success');
  t.equal(worstExit(['success', 'timeout', 'offline']), 'timeout');
  t.equal(worstExit(['unknown', 'failed']), 'unknown');
  t.equal(exitOfCode('HEC_ROLE'), 'refused');
  t.equal(exitNumber('timeout'), 124);
});

t.test('the table: codes and severities are all different', async (t) => {
  const entries = Object.values(exitCodes);
  t.equal(new Set(entries.map(({ code }) => code)).size, entries.length);
  t.equal(new Set(entries.map(({ severity }) => severity)).size, entries.length);
});
