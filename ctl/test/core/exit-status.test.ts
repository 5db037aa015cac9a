import { errorTable } from '@hecate/proto/core/errors.ts';
import { exitCodes } from '@hecate/proto/core/exit-codes.ts';
import {
  createOperationOutcome,
  type OutcomeStatus,
  OutcomeStatusValues,
} from '@hecate/proto/generated/wire.ts';
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

t.test('every status and code that agents and managers answer with', async (t) => {
  const ends = {
    'done ': 0,
    'failed HEC_UNIT_FAILED': 1,
    'failed HEC_BUS_ERROR': 1,
    'failed HEC_EXEC_FAILED': 1,
    'failed HEC_UNSUPPORTED': 1,
    'failed HEC_STATE': 1,
    'failed HEC_BUS_GONE': 75,
    'failed HEC_NO_SUCH_UNIT': 4,
    'failed HEC_BAD_NAME': 2,
    'failed HEC_CANCELLED': 130,
    'failed ': 1,
    'refused HEC_POLICY': 77,
    'refused HEC_EPOCH': 77,
    'refused HEC_ROLE': 77,
    'refused HEC_BUSY': 75,
    'refused HEC_BUS_GONE': 75,
    'refused HEC_EXPIRED': 124,
    'refused HEC_STATE': 1,
    'refused HEC_UNSUPPORTED': 1,
    'refused HEC_BAD_NAME': 2,
    'refused HEC_USAGE': 2,
    'refused HEC_CANCELLED': 130,
    'refused HEC_NO_SUCH_UNIT': 4,
    'refused HEC_FUTURE': 77,
    'refused ': 77,
    'timeout HEC_TIMEOUT': 124,
    'offline HEC_OFFLINE': 69,
    'offline HEC_CONNECTION': 69,
    'unknown HEC_UNKNOWN': 70,
    'unknown HEC_STATE': 70,
  } as const;
  for (const [pair, end] of Object.entries(ends)) {
    const [status, code] = pair.split(' ') as [OutcomeStatus, string];
    t.equal(exitNumber(exitOfOutcome(createOperationOutcome({ status, code }))), end, pair);
  }
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
