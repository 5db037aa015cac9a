import t from 'tap';
import { printable, printableLines } from '../../src/core/printable.ts';

t.test('nothing that a terminal obeys is left', async (t) => {
  t.equal(printable('\x1b[31mred\x1b[0m'), '\\x1b[31mred\\x1b[0m');
  t.equal(printable('a\rb\nc\x07\x7f\x9b2J'), 'a\\x0db\\x0ac\\x07\\x7f\\x9b2J');
  t.equal(printable('\u202egnp.exe\u2066\u200b'), '\\u202egnp.exe\\u2066\\u200b');
  t.equal(printable('\ud800x'), '\\ud800x', 'a lone surrogate');
  t.equal(printable('a\tb'), 'a  b');
});

t.test('everything else stays as it is', async (t) => {
  const text = 'Lightweight Kubernetes · ü 漢 🚀 \\x2d';
  t.equal(printable(text), text);
});

t.test('lines', async (t) => {
  t.same(printableLines('a\r\nb\x1bc\n'), ['a', 'b\\x1bc']);
});
