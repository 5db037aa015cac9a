import t from 'tap';
import { redrawText, rowsOf } from '../../src/core/redraw.ts';

t.test('drawn for the first time, over itself, and taken away', async (t) => {
  t.equal(redrawText([], ['a', 'b'], 80), 'a\nb\n');
  t.equal(redrawText(['a', 'b'], ['c'], 80), '\x1b[2A\r\x1b[Jc\n');
  t.equal(redrawText(['a'], [], 80), '\x1b[1A\r\x1b[J');
});

t.test('rows that lines took: more after the terminal became narrower; colours take none', async (t) => {
  t.equal(rowsOf(['', 'x'.repeat(80)], 80), 2);
  t.equal(rowsOf(['x'.repeat(80)], 40), 2);
  t.equal(rowsOf([`\x1b[32m${'x'.repeat(40)}\x1b[0m`], 40), 1);
});
