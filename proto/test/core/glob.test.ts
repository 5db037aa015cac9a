import { globMatches, isGlob, matchesAny } from '@hecate/proto/core/glob.ts';
import fc from 'fast-check';
import t from 'tap';

const cases: [string, string[], string[]][] = [
  ['', [''], ['a']],
  ['*', ['', 'a', 'a.b/c'], []],
  ['a', ['a'], ['', 'aa', 'A']],
  ['a*c', ['ac', 'abc', 'abcbc'], ['ab', 'bac']],
  ['*.service', ['a.service', '.service'], ['a.socket', 'a.service.d']],
  ['a?c', ['abc', 'a.c'], ['ac', 'abbc']],
  ['[ab]x', ['ax', 'bx'], ['cx', 'x', '[ab]x']],
  ['[a-c]', ['a', 'b', 'c'], ['d', '-']],
  ['[!a-c]', ['d', '-'], ['a', '']],
  ['[^a]', ['b'], ['a']],
  ['[]]', [']'], ['a']],
  ['[!]]', ['a'], [']']],
  ['[a-]', ['a', '-'], ['b']],
  ['[a', ['[a'], ['a']],
  ['**a**', ['a', 'bab'], ['b']],
  ['getty@tty?.service', ['getty@tty1.service'], ['getty@tty10.service']],
  ['a\\x2db*', ['a\\x2db.mount'], ['a-b.mount']],
  ['^a.+$', ['^a.+$'], ['ab']],
];

t.test('patterns', async (t) => {
  for (const [pattern, matching, others] of cases) {
    for (const text of matching) t.equal(globMatches(pattern, text), true, `${pattern} matches ${text}`);
    for (const text of others)
      t.equal(globMatches(pattern, text), false, `${pattern} does not match ${text}`);
  }
});

t.test('what is a pattern', async (t) => {
  for (const text of ['*', 'a?', '[a]', 'a[']) t.equal(isGlob(text), true, text);
  for (const text of ['', 'a', 'a-b@c.service', 'a]']) t.equal(isGlob(text), false, text);
});

t.test('any of several', async (t) => {
  t.equal(matchesAny(['a', 'b*'], 'bc'), true);
  t.equal(matchesAny(['a', 'b*'], 'c'), false);
  t.equal(matchesAny([], 'c'), false);
});

/** The plain definition of * and ?, exponential and right. */
function plainMatches(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  const rest = pattern.slice(1);
  if (pattern[0] === '*')
    return plainMatches(rest, text) || (text !== '' && plainMatches(pattern, text.slice(1)));
  return text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && plainMatches(rest, text.slice(1));
}

t.test('the same as the plain definition', async () => {
  const letters = (alphabet: string) => fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 8 });
  const property = fc.property(letters('ab*?'), letters('ab'), (pattern, text) => {
    return globMatches(pattern, text) === plainMatches(pattern, text);
  });
  fc.assert(property, { seed: 1, numRuns: 5000 });
});

t.test('a hostile pattern costs no exponential time', async (t) => {
  // 200 stars against 4096 characters would take longer than the age of the universe by backtracking.
  t.equal(globMatches(`${'a*'.repeat(200)}b`, 'a'.repeat(4096)), false);
  t.equal(globMatches(`${'[a-z]*'.repeat(200)}!`, 'a'.repeat(4096)), false);
});
