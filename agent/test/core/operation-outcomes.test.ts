import { errorTable, isErrorCode } from '@hecate/proto/core/errors.ts';
import t from 'tap';
import * as outcomes from '../../src/core/operation-outcomes.ts';
import { opId } from '../support/operations.ts';

const subject = { opId: opId(1), verb: 'start', unit: 'web.service' } as const;
const execResult = (exitCode: string, exitStatus: number) => ({
  exitCode,
  exitStatus,
  outputTruncated: false,
});

t.test('what is not done has a code of the table, a sentence, and says whose it is', async (t) => {
  const all = [
    outcomes.refused(subject, 'HEC_POLICY', 'no'),
    outcomes.jobFailed(subject, 'failed'),
    outcomes.callFailed(subject, { code: 'HEC_NO_SUCH_UNIT', message: 'no', remedy: '' }),
    outcomes.timedOut(subject, 5),
    outcomes.unknown(subject, 'nobody knows'),
    outcomes.execEnded(subject, execResult('exited', 3), undefined),
    outcomes.execEnded(subject, execResult('killed', 9), undefined),
    outcomes.execEnded(subject, execResult('exited', 0), 'time-limit'),
    outcomes.execEnded(subject, execResult('exited', 0), 'abandoned'),
  ];
  for (const outcome of all) {
    t.equal(outcome.opId, opId(1));
    t.ok(isErrorCode(outcome.code) && Object.hasOwn(errorTable, outcome.code), outcome.code);
    t.not(outcome.message, '');
  }
});

t.test('a command’s end', async (t) => {
  t.match(outcomes.execEnded(subject, execResult('exited', 0), undefined), { status: 'done', code: '' });
  t.match(outcomes.execEnded(subject, execResult('exited', 3), undefined).message, /exit status 3/);
  t.match(outcomes.execEnded(subject, execResult('killed', 9), undefined).message, /signal 9/);
});

t.test('remedies name the node', async (t) => {
  t.equal(outcomes.nameNode('hecatectl status NODE x', 'web1'), 'hecatectl status web1 x');
  t.equal(outcomes.nameNode('NODES stay', 'web1'), 'NODES stay');
});
