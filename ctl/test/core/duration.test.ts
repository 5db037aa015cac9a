import t from 'tap';
import { parseDurationMs } from '../../src/core/duration.ts';

t.test('durations as systemd takes them', async (t) => {
  const known = {
    '90s': 90_000,
    '90': 90_000,
    '1.5': 1500,
    '500ms': 500,
    '5min': 300_000,
    '1h30m': 5_400_000,
    '1h 5s': 3_605_000,
  };
  for (const [text, ms] of Object.entries(known)) t.equal(parseDurationMs(text), ms, text);
});

t.test('what is no duration says why', async (t) => {
  for (const text of [
    '',
    'x',
    '5x',
    '-5s',
    '0',
    '0s',
    '5 minutes',
    '1e3',
    'Infinity',
    '25h',
    '9'.repeat(30),
  ]) {
    t.throws(() => parseDurationMs(text), { code: 'HEC_USAGE' }, JSON.stringify(text));
  }
  t.equal(parseDurationMs('25h', 31 * 86_400_000), 90_000_000, 'a larger limit allows more');
});
