import t from 'tap';
import { looksBelow, thresholdOf } from '../../../../src/core/power/ups/threshold.ts';
import { upsConfig } from '../../../../src/core/power/ups/ups-config.ts';

t.test('the factor of the budget, and what telemetry, debounce and forwarding take', async (t) => {
  const rows: readonly [string, Parameters<typeof upsConfig>[1], number, number, number][] = [
    ['as by default', {}, 120_000, 30_000, 132_000 + 30_000 + 15_000],
    ['forwarded', { forwardingLatencyMs: 3000 }, 120_000, 30_000, 132_000 + 30_000 + 15_000 + 3000],
    ['another factor', { runtimeSafetyFactor: 1.5 }, 100_000, 10_000, 150_000 + 10_000 + 15_000],
    ['looked at more seldom than it refreshes', { pollIntervalMs: 10_000 }, 0, 2000, 10_000 + 30_000],
    ['longer debounce', { debouncePolls: 6 }, 0, 30_000, 30_000 + 30_000],
    ['so long that the factor counts in it', { debouncePolls: 20 }, 0, 30_000, 30_000 + 1.1 * 19 * 5000],
  ];
  for (const [name, declared, budgetMs, refreshMs, expected] of rows) {
    const { thresholdMs } = thresholdOf(upsConfig('a', declared), budgetMs, refreshMs);
    t.equal(Math.round(thresholdMs), expected, name);
  }
});

t.test('its parts add up to it', async (t) => {
  const config = upsConfig('a', { forwardingLatencyMs: 2000 });
  const { thresholdMs, factor, budgetMs, refreshMs, debounceMs, forwardingMs } = thresholdOf(
    config,
    60_000,
    1000,
  );
  t.equal(thresholdMs, factor * budgetMs + refreshMs + debounceMs + forwardingMs);
});

t.test('looks in a row: counted under it, kept up to a tenth above it, cleared there', async (t) => {
  const threshold = thresholdOf(upsConfig('a'), 120_000, 30_000);
  const { thresholdMs } = threshold;
  t.equal(looksBelow(0, thresholdMs - 1, threshold), 1);
  t.equal(looksBelow(1, thresholdMs - 50_000, threshold), 2);
  t.equal(looksBelow(2, thresholdMs, threshold), 2);
  t.equal(looksBelow(2, thresholdMs * 1.09, threshold), 2);
  t.equal(looksBelow(2, thresholdMs * 1.1, threshold), 0);
  const small = thresholdOf(upsConfig('a', { pollIntervalMs: 1000 }), 1000, 1000);
  t.equal(looksBelow(2, small.thresholdMs + 9999, small), 2, 'and by ten seconds at least');
  t.equal(looksBelow(2, small.thresholdMs + 10_000, small), 0);
});
