import t from 'tap';
import { displayWidth } from '../../src/core/display-width.ts';
import { cell, tableLines } from '../../src/core/table.ts';

const plain = { hasLegend: true, widthMax: undefined, paint: (text: string) => text };
const columns = [
  { title: 'NODE' },
  { title: 'N', align: 'right' },
  { title: 'TEXT', isFlexible: true },
] as const;

t.test('aligned by display width', async (t) => {
  const lines = tableLines(
    columns,
    [
      [cell('漢'), cell(7), cell('x')],
      [cell('node-b'), cell(1234), cell('y')],
    ],
    plain,
  );
  t.same(lines, ['NODE       N  TEXT', '漢         7  x', 'node-b  1234  y']);
});

t.test('without a legend the titles take no room', async (t) => {
  t.same(tableLines(columns, [[cell('a'), cell(1), cell('x')]], { ...plain, hasLegend: false }), ['a  1  x']);
});

t.test('on a narrow terminal only the flexible column is cut, in a pipe nothing', async (t) => {
  const rows = [[cell('node-a'), cell(1), cell('a description that is quite long')]];
  const [, cut = ''] = tableLines(columns, rows, { ...plain, widthMax: 30 });
  t.ok(displayWidth(cut) <= 30, cut);
  t.match(cut, /^node-a {2}1 {2}a description .*…$/);
  t.match(tableLines(columns, rows, plain)[1], /quite long$/);
});

t.test('cells of others are made printable, and colour does not shift the columns', async (t) => {
  const paint = (text: string, tone: string) => (tone === 'bad' ? `<${text}>` : text);
  const lines = tableLines(
    columns,
    [
      [cell('\x1b[2J', 'bad'), cell(1), cell('x')],
      [cell('b'), cell(1), cell('y')],
    ],
    { ...plain, paint },
  );
  t.equal(lines[1], '<\\x1b[2J>  1  x');
  t.equal(lines[2]?.indexOf('y'), lines[1]?.replace(/[<>]/g, '').lastIndexOf('x'));
});
