import t from 'tap';
import { mergeBluechi, parseBluechi } from '../../../src/core/import/bluechi-ini.ts';

const read = (text: string, section = 's') =>
  Object.fromEntries(
    [...(parseBluechi(text, 'x.conf').get(section) ?? [])].map(([key, { value }]) => [key, value]),
  );

t.test('keys, comments, and what stands around them', async (t) => {
  t.same(read('\uFEFF# c\n; c\n\n[s]\n a = b c \r\nd:e\nf=\ng=;h\ni=j;k ; l\n'), {
    a: 'b c',
    d: 'e',
    f: '',
    g: '',
    i: 'j;k',
  });
});

t.test('an indented line goes on with the value above, and a repeated key joins its values', async (t) => {
  t.same(read('[s]\na=1,\n  2,\n\t3 ; three\n# c\n  4\nb=x\na=,5\n'), { a: '1,2,34,5', b: 'x' });
  const places = parseBluechi('[s]\na=1,\n  2\n', 'x.conf').get('s')?.get('a');
  t.same(places, { value: '1,2', file: 'x.conf', line: 2 });
});

t.test('sections are apart, and may be taken up again', async (t) => {
  const text = '[s]\na=1\n[other]\na=2\n[s]\nb=3\n';
  t.same([read(text), read(text, 'other'), read('a=1', '')], [{ a: '1', b: '3' }, { a: '2' }, { a: '1' }]);
});

t.test('of several files the later one overrules, key by key', async (t) => {
  const merged = mergeBluechi(
    ['[s]\na=1\nb=2\n', '[s]\na=9\n'].map((text, at) => parseBluechi(text, `${at}`)),
  );
  t.match(merged.get('s')?.get('a'), { value: '9', file: '1' });
  t.match(merged.get('s')?.get('b'), { value: '2', file: '0' });
});

t.test('what is no such file says where', async (t) => {
  t.throws(() => parseBluechi('[s]\na=1\nnonsense\n', 'x.conf'), {
    code: 'HEC_CONFIG',
    message: /x\.conf:3: found "nonsense", expected \[section\] or Key=Value/,
  });
});
