import t from 'tap';
import { formatDurationMs, parseDurationMs } from '../../src/core/config-duration.ts';

t.test('durations are one number and one unit', async (t) => {
  for (const [text, ms] of [
    ['0s', 0],
    ['500ms', 500],
    ['5s', 5000],
    ['15m', 900_000],
    ['1h', 3_600_000],
    ['90d', 7_776_000_000],
  ] as const) {
    t.equal(parseDurationMs(text), ms, text);
  }
  for (const text of [
    '',
    '5',
    's',
    '5 s',
    '-5s',
    '5.5s',
    '1h30m',
    '05s',
    '5S',
    '5s ',
    '1e3s',
    '99999999999s',
    '5w',
  ]) {
    t.equal(parseDurationMs(text), undefined, JSON.stringify(text));
  }
});

t.test('what is formatted reads back as the same', async (t) => {
  for (const ms of [0, 1, 999, 1000, 1500, 60_000, 90_000, 3_600_000, 86_400_000, 7_776_000_000]) {
    t.equal(parseDurationMs(formatDurationMs(ms)), ms, formatDurationMs(ms));
  }
  t.equal(formatDurationMs(90_000), '90s');
  t.equal(formatDurationMs(86_400_000), '1d');
});
