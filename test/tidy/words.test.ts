import t from 'tap';
import { files, read } from './sources.ts';

const texts = files(
  '.ts',
  '.js',
  '.mjs',
  '.sh',
  '.md',
  '.json',
  '.yaml',
  '.yml',
  '.proto',
  '.service',
  '.conf',
  '/run',
);

/** Put together here, so that this file does not hold them. */
const word = (...parts: string[]): string => parts.join('');

const forbidden: readonly [string, RegExp][] = [
  [
    'a mark for work left undone',
    new RegExp(`\\b(${word('TO', 'DO')}|${word('FIX', 'ME')}|${word('XX', 'X')})\\b`),
  ],
  [
    'a path of one machine',
    new RegExp(`${word('/wo', 'rk/')}(main|shared)|${word('/tmp/', 'brief')}|/root/\\.`),
  ],
  ['the host of a package registry', new RegExp(word('registry', '\\.npm', 'js'))],
  ['a number of a tracker that readers cannot see', new RegExp(`\\b${word('is', 'sue')} #?\\d+\\b`, 'i')],
];

t.test('no words that do not belong into the repository', async (t) => {
  t.ok(texts.length > 100, `${texts.length} files`);
  for (const file of texts.filter((name) => name !== 'package-lock.json')) {
    const text = read(file);
    t.same(
      forbidden.filter(([, pattern]) => pattern.test(text)).map(([what]) => what),
      [],
      file,
    );
  }
});

t.test('text files end in one line break and hold no tabs or trailing blanks', async (t) => {
  for (const file of texts.filter((name) => /\.(ts|md|sh|proto)$/.test(name))) {
    const text = read(file);
    t.ok(text.endsWith('\n') && !text.endsWith('\n\n'), `${file} ends in one line break`);
    t.notMatch(text, /[ \t]+$/m, `${file} has trailing blanks`);
  }
});
