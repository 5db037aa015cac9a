import t from 'tap';
import {
  nutLimits,
  quoted,
  takeLines,
  variableOf,
  wordsOf,
} from '../../../../src/core/power/nut/nut-line.ts';

t.test('lines from pieces', async (t) => {
  t.same(takeLines('', 'OK\nVAR a'), { lines: ['OK'], held: 'VAR a' });
  t.same(takeLines('VAR a', ' b "1"\n'), { lines: ['VAR a b "1"'], held: '' });
  t.same(
    takeLines('', 'OK\r\nOK\r'),
    { lines: ['OK'], held: 'OK\r' },
    'CR LF is a line end too, also in halves',
  );
  t.same(takeLines('OK\r', '\n'), { lines: ['OK'], held: '' });
  t.same(takeLines('', ''), { lines: [], held: '' });
  t.same(takeLines('', 'device.mfr Müller\ttab\n').lines, ['device.mfr Müller\ttab'], 'no ASCII, and tabs');
});

t.test('what is no line', async (t) => {
  const long = 'x'.repeat(nutLimits.lineLengthMax);
  t.equal(takeLines('', long).held.length, nutLimits.lineLengthMax, 'the longest');
  t.throws(() => takeLines(long, 'x'), { code: 'HEC_PROTOCOL', message: /more than 2048/ }, 'an endless one');
  t.throws(() => takeLines('', `${long}x\n`), { name: 'NutProtocolError' });
  for (const text of ['\0', 'OK\u0007', '\u001b[31m', 'O\rK', '\u007f', '\u0085']) {
    t.throws(() => takeLines('', text), { code: 'HEC_PROTOCOL', message: /binary/ }, JSON.stringify(text));
  }
});

t.test('words and their quotes', async (t) => {
  const table: [string, string[] | undefined][] = [
    ['OK', ['OK']],
    ['VAR rack ups.status "OL CHRG"', ['VAR', 'rack', 'ups.status', 'OL CHRG']],
    ['  a   b  ', ['a', 'b']],
    ['VAR rack x ""', ['VAR', 'rack', 'x', '']],
    ['x "a \\"b\\" \\\\ c"', ['x', 'a "b" \\ c']],
    ['x "open', undefined],
    ['x "a"b', undefined],
    ['x a"b', undefined],
    ['', []],
  ];
  for (const [line, words] of table) t.same(wordsOf(line), words, JSON.stringify(line));
});

t.test('variables, also with careless quotes', async (t) => {
  const variable = (value: string) => ({ ups: 'rack', name: 'ups.model', value });
  t.same(variableOf('VAR rack ups.model "Smart \\"1500\\""'), variable('Smart "1500"'));
  t.same(variableOf('VAR rack ups.model "19" rack"'), variable('19" rack'), 'a quote that nobody escaped');
  t.same(variableOf('VAR rack ups.model two words'), variable('two words'));
  t.same(variableOf('VAR rack ups.model '), variable(''));
  t.equal(variableOf('VAR rack'), undefined);
  t.equal(variableOf('CMD rack load.off'), undefined);
  t.equal(variableOf(''), undefined);
});

t.test('words for the server', async (t) => {
  t.equal(quoted('rack-1.a_b'), 'rack-1.a_b');
  t.equal(quoted('OB DISCHRG'), '"OB DISCHRG"');
  t.equal(quoted(''), '""');
  t.equal(quoted('a"b\\c'), '"a\\"b\\\\c"');
  t.same(wordsOf(quoted('a"b\\c')), ['a"b\\c'], 'there and back');
  for (const text of ['rack\nFSD rack', 'rack\r', '\0', 'ä', 'x'.repeat(513)]) {
    t.throws(() => quoted(text), { code: 'HEC_USAGE' }, JSON.stringify(text.slice(0, 20)));
  }
});
