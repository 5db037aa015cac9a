import t from 'tap';
import { displayWidth, truncate } from '../../src/core/display-width.ts';

t.test('cells of a terminal', async (t) => {
  const known: [string, number][] = [
    ['', 0],
    ['abc', 3],
    ['ä', 1],
    ['a\u0308', 1],
    ['漢字', 4],
    ['🚀', 2],
    ['ｱ', 1],
    ['Ａ', 2],
  ];
  for (const [text, width] of known) t.equal(displayWidth(text), width, JSON.stringify(text));
});

t.test('cut to a width, never in the middle of a wide character', async (t) => {
  t.equal(truncate('abcdef', 6), 'abcdef');
  t.equal(truncate('abcdef', 4), 'abc…');
  t.equal(truncate('漢字漢字', 4), '漢…');
  for (let width = 1; width < 9; width += 1) t.ok(displayWidth(truncate('漢a字b漢字', width)) <= width);
});
