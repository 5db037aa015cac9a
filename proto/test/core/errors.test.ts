import {
  asHecateError,
  errorOfFailure,
  errorTable,
  failureOf,
  HecateError,
  isErrorCode,
} from '@hecate/proto/core/errors.ts';
import { exitCodes } from '@hecate/proto/core/exit-codes.ts';
import t from 'tap';

t.test('the table', async (t) => {
  for (const [code, entry] of Object.entries(errorTable)) {
    t.match(code, /^HEC_[A-Z]+(_[A-Z]+)*$/);
    t.ok(
      entry.summary.length > 10 && !entry.summary.endsWith('.'),
      `${code}: one sentence without a full stop`,
    );
    t.ok(Object.hasOwn(exitCodes, entry.exit), `${code} ends in an exit code of the table`);
    t.not(entry.exit, 'success', `${code} is never a success`);
  }
});

t.test('which texts are codes', async (t) => {
  t.equal(isErrorCode('HEC_TIMEOUT'), true);
  for (const text of ['', 'toString', '__proto__', 'HEC_FROM_THE_FUTURE'])
    t.equal(isErrorCode(text), false, text);
});

t.test('any thrown thing becomes one of ours, with its cause', async (t) => {
  const ours = new HecateError('HEC_BUSY', 'wait', 'a little');
  t.equal(asHecateError(ours), ours);
  const cause = new RangeError('odd');
  t.match(asHecateError(cause), { code: 'HEC_INTERNAL', message: 'odd', cause });
  t.match(asHecateError('text', 'HEC_STATE'), { code: 'HEC_STATE', message: 'text' });
});

t.test('over the wire and back', async (t) => {
  const failure = failureOf(new HecateError('HEC_POLICY', 'not here', 'ask'));
  t.same(failure, { code: 'HEC_POLICY', message: 'not here', remedy: 'ask' });
  t.match(errorOfFailure(failure), { code: 'HEC_POLICY', message: 'not here', remedy: 'ask' });
  t.match(errorOfFailure({ ...failure, code: 'HEC_FROM_THE_FUTURE' }), {
    code: 'HEC_INTERNAL',
    message: 'not here',
  });
});
