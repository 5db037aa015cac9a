import t from 'tap';
import { formatDuration, formatSeconds } from '../../src/core/duration-text.ts';

t.test('what was measured', async (t) => {
  const expected: [number, string][] = [
    [0, '0 s'],
    [0.4, '0 s'],
    [0.6, '1 ms'],
    [340, '340 ms'],
    [999.7, '1 s'],
    [1200, '1.2 s'],
    [9949, '9.9 s'],
    [9950, '10 s'],
    [41_400, '41 s'],
    [59_600, '1 min'],
    [200_000, '3 min 20 s'],
    [3_600_000, '1 h'],
    [3_605_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [187_200_000, '2 d 4 h'],
  ];
  for (const [durationMs, text] of expected) t.equal(formatDuration(durationMs), text, String(durationMs));
});

t.test('what is reckoned with is never written as less than it is', async (t) => {
  const expected: [number, string][] = [
    [0, '0 s'],
    [310, '0.4 s'],
    [1000, '1 s'],
    [1001, '2 s'],
    [59_001, '1 min'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
  ];
  for (const [durationMs, text] of expected) t.equal(formatSeconds(durationMs), text, String(durationMs));
});
