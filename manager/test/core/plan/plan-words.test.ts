import t from 'tap';
import {
  formatAddress,
  formatCommand,
  formatList,
  formatNodes,
  formatSeconds,
} from '../../../src/core/plan/plan-words.ts';

t.test('durations, never less than they are', async (t) => {
  const cases: [number, string][] = [
    [0, '0 s'],
    [1, '0.1 s'],
    [350, '0.4 s'],
    [1000, '1 s'],
    [59_001, '1 min'],
    [200_000, '3 min 20 s'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
  ];
  for (const [durationMs, text] of cases) t.equal(formatSeconds(durationMs), text);
});

t.test('lists', async (t) => {
  t.equal(formatList([]), '');
  t.equal(formatList(['a']), 'a');
  t.equal(formatList(['a', 'b']), 'a and b');
  t.equal(formatList(['a', 'b', 'c']), 'a, b and c');
  t.equal(formatNodes(['a', 'b', 'c']), 'a, b and c');
  t.equal(formatNodes(['a', 'b', 'c', 'd']), '4 nodes');
});

t.test('commands, without arguments that may hold secrets', async (t) => {
  t.equal(formatCommand(['/bin/sync']), '/bin/sync');
  t.equal(formatAddress('https://k3s:6443/readyz?token=secret'), 'https://k3s:6443/readyz?…');
  t.equal(formatAddress('https://k3s:6443/readyz'), 'https://k3s:6443/readyz');
  t.equal(formatCommand(['login', '--password=secret']), 'login …');
});
