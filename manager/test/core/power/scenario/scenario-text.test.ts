/** Recorded discharges as text. */
import t from 'tap';
import { parseScenario } from '../../../../src/core/power/scenario/scenario-text.ts';

t.test('looks, failures, and what happens besides', async (t) => {
  const text = [
    '# a comment',
    '',
    '0, OL, 1200, 100, 20, 230 # and another',
    '1:30, OB DISCHRG, -, 99.5',
    '90,',
    '0:01:31, data-stale',
    '100, run past-no-return',
    '101, restart',
    '102, budget 90',
    '103, recovered',
  ].join('\r\n');
  const events = parseScenario(text);
  t.same(
    events.map(({ atMs, line }) => [atMs / 1000, line]),
    [
      [0, 3],
      [90, 4],
      [90, 5],
      [91, 6],
      [100, 7],
      [101, 8],
      [102, 9],
      [103, 10],
    ],
  );
  t.match(events[0]?.event, {
    type: 'reading',
    reading: { flags: ['OL'], runtimeMs: 1_200_000, chargePercent: 100, loadPercent: 20, inputVoltage: 230 },
  });
  t.match(events[1]?.event, {
    reading: { flags: ['OB', 'DISCHRG'], runtimeMs: undefined, chargePercent: 99.5 },
  });
  t.match(events[2]?.event, { reading: { flags: [] } });
  t.same(
    events.slice(3).map(({ event }) => event),
    [
      { type: 'failure', failure: 'data-stale' },
      { type: 'run', event: 'past-no-return' },
      { type: 'restart' },
      { type: 'budget', budgetMs: 90_000 },
      { type: 'recovered' },
    ],
  );
});

t.test('what is wrong is said with its line and how to write it', async (t) => {
  const rows: readonly [string, RegExp][] = [
    ['', /line 1 of the scenario: there is no look in it/],
    ['# nothing', /there is no look in it/],
    ['0, OL\nsoon, OB', /line 2 .*"soon" is no time/],
    ['10, OL\n9, OL', /line 2 .*its time is before the line above it/],
    ['1:75, OL', /"1:75" is no time/],
    ['90000, OL', /is no time: .* up to a day/],
    ['0, online', /"online" is no status/],
    ['0, OL, many', /"many" is no runtime/],
    ['0, OL, 10, 1e3', /"1e3" is no charge/],
    ['0, OL, -5', /"-5" is no runtime/],
    ['0, OL, 1, 2, 3, 4, 5', /more than six fields/],
    ['0, run away', /a run is started, past-no-return, ended, failed, aborted, not "away"/],
    ['0, budget', /line 1 .*a budget is a number of seconds/],
    ['0, OL\n'.repeat(100_001), /more than 100000 lines/],
  ];
  for (const [text, message] of rows)
    t.throws(() => parseScenario(text), { code: 'HEC_USAGE', message, remedy: /0:10, OB DISCHRG, 1180/ });
});

t.test('values are read as those of a UPS are, with what that UPS says besides', async (t) => {
  const lines = parseScenario('0, OL, 65535, 100, NA, 230\n1, OB, 0, 90', {
    refreshIntervalMs: 30_000,
    lowChargePercent: 20,
  });
  t.match(lines[0]?.event, {
    reading: {
      runtimeMs: undefined,
      loadPercent: undefined,
      refreshIntervalMs: 30_000,
      lowChargePercent: 20,
    },
    rejected: [{ variable: 'battery.runtime', value: '65535', reason: 'known-nonsense' }],
  });
  t.match(lines[1]?.event, { reading: { runtimeMs: undefined }, rejected: [{ value: '0' }] });
});
