import t from 'tap';
import { isAsHere, logLevelOf, noteComments, noteText, portOf } from '../../../src/core/import/imported.ts';

const note = { key: 'LogTarget', value: 'a\nb', file: 'x.conf', line: 3, why: 'because' };

t.test('a note is one line, whatever was given', async (t) => {
  t.equal(noteText(note), 'x.conf:3: LogTarget=a b: because');
  t.same(noteComments([note]), ['', '# Not as it was there:', '# x.conf:3: LogTarget=a b: because']);
  t.same(noteComments([]), []);
});

t.test('levels in their words, and ports that an ordinary user has', async (t) => {
  t.same(['DEBUG', ' warn', 'TRACE', ''].map(logLevelOf), ['debug', 'warn', undefined, undefined]);
  t.same(['842', '1024', '65535', '65536', '08421', '-1', 'x'].map(portOf), [
    undefined,
    1024,
    65_535,
    undefined,
    8421,
    undefined,
    undefined,
  ]);
});

t.test('what is so here, too', async (t) => {
  t.same(
    [isAsHere('LogTarget', 'journald'), isAsHere('LogTarget', 'stderr'), isAsHere('X', '')],
    [true, false, false],
  );
});
