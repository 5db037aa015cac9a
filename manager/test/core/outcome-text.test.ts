import { errorTable, isErrorCode } from '@hecate/proto/core/errors.ts';
import t from 'tap';
import { refusalOf } from '../../src/core/operations.ts';
import * as text from '../../src/core/outcome-text.ts';
import { requestOf } from '../support/operations-fixtures.ts';

const request = requestOf();

const outcomes = {
  offline: text.offline('node-a', 'switched off'),
  notRecorded: text.notRecorded('no space left on device'),
  neverReached: text.neverReached(),
  stillRunning: text.stillRunning(request),
  cutOffWhileSent: text.cutOff(request, false),
  cutOffWhileRunning: text.cutOff(request, true),
  noAnswer: text.noAnswer(request),
  withoutStatus: text.withoutStatus(request),
  unitsNotKnown: text.unitsNotKnown('node-a'),
};

for (const [name, outcome] of Object.entries(outcomes)) {
  t.test(name, async (t) => {
    t.not(outcome.status, 'unspecified');
    t.not(outcome.status, 'done');
    t.ok(isErrorCode(outcome.code), `${outcome.code} is in the table`);
    t.match(outcome.message, /\w{3,} .*\w{3,}/, 'a sentence');
    t.not(outcome.remedy, '', 'it ends in the next step');
  });
}

t.test('the words that a caller acts on', async (t) => {
  t.match(outcomes.offline, { status: 'offline', message: /switched off.*nothing was sent/ });
  t.match(outcomes.notRecorded, { status: 'refused', message: /not sent: no space left/ });
  t.match(outcomes.cutOffWhileSent.message, /if it was not, it never will be/);
  t.match(outcomes.cutOffWhileRunning.message, /after systemd took the job/);
  for (const outcome of [outcomes.stillRunning, outcomes.cutOffWhileSent, outcomes.noAnswer])
    t.match(outcome.remedy, `hecatectl operation ${request.opId}`);
});

t.test('refusals before the agent was reached', async (t) => {
  t.match(refusalOf('HEC_OFFLINE', 'gone'), { status: 'offline', code: 'HEC_OFFLINE', message: 'gone' });
  t.match(refusalOf('HEC_CONNECTION', 'gone'), { status: 'offline' });
  t.match(refusalOf('HEC_BUSY', ''), { status: 'refused', message: errorTable.HEC_BUSY.summary });
});
