/** What has stayed up when the hosts are off goes down in time, for any discharge of a declared range. */
import fc from 'fast-check';
import t from 'tap';
import { assertProperty } from '../../../../../test/support/property-runs.ts';
import { settleMs } from '../../../../src/core/power/ups/ups-decision.ts';
import { thresholdFor } from '../../../../src/core/power/ups/ups-estimate.ts';
import { readingOf, UpsWorld } from '../support/ups-world.ts';

const anyRest = fc.record({
  remainingMs: fc.integer({ min: 10_000, max: 600_000 }),
  budgetMs: fc.integer({ min: 10_000, max: 900_000 }),
  refreshMs: fc.integer({ min: 1000, max: 60_000 }),
  pollIntervalMs: fc.integer({ min: 1000, max: 15_000 }),
  /** Over the threshold, when the load has settled, and what has risen with that is believed. */
  spareMs: fc.integer({ min: 45_000, max: 1_200_000 }),
  /** Too optimistic by the safety factor at most. */
  optimism: fc.array(fc.double({ min: 0.3, max: 1.1, noNaN: true }), { minLength: 1, maxLength: 8 }),
  phaseMs: fc.nat(60_000),
  silence: fc.record({ fromMs: fc.integer({ min: 60_000, max: 900_000 }), forMs: fc.nat(30_000) }),
  restartEvery: fc.option(fc.integer({ min: 2, max: 9 }), { nil: undefined }),
});
type Rest = typeof anyRest extends fc.Arbitrary<infer Value> ? Value : never;

/** @returns what was left over `remainingMs` when it asked; undefined: it never did */
function play(rest: Rest): number | undefined {
  const { remainingMs, budgetMs, refreshMs, pollIntervalMs, optimism, phaseMs, silence } = rest;
  const world = new UpsWorld({ remainingMs, budgetMs, pollIntervalMs });
  const told = (status: string, runtimeMs: number) =>
    readingOf(status, { runtimeMs, refreshIntervalMs: refreshMs });
  world.looks(2, told('OL', 3_600_000));
  world.looks(2, told('OB LB', 20_000));
  for (const event of ['started', 'past-no-return', 'ended'] as const) world.run(event);
  const offAtMs = world.nowMs;
  const emptyAtMs = offAtMs + settleMs + thresholdFor(world.state, world.config).thresholdMs + rest.spareMs;
  for (let look = 1; world.nowMs < emptyAtMs; look += 1) {
    world.nowMs += world.state.isFast ? 1000 : pollIntervalMs;
    const refreshes = Math.floor((world.nowMs + phaseMs) / refreshMs);
    const leftMs = emptyAtMs - Math.max(offAtMs, refreshes * refreshMs - phaseMs);
    const sinceMs = world.nowMs - offAtMs;
    const isSilent = sinceMs >= silence.fromMs && sinceMs < silence.fromMs + silence.forMs;
    const runtimeMs = leftMs * (optimism[refreshes % optimism.length] ?? 1);
    world.sample(isSilent ? 'data-stale' : told('OB', Math.max(0, runtimeMs)));
    if (world.state.trigger?.isLast) return emptyAtMs - world.nowMs - remainingMs;
    if (rest.restartEvery !== undefined && look % rest.restartEvery === 0) world.restart();
  }
  return undefined;
}

t.test('so long as it takes is left when it is asked for', async (t) => {
  let worst = { slackMs: Number.POSITIVE_INFINITY, text: '' };
  assertProperty(
    fc.property(anyRest, (rest) => {
      const slackMs = play(rest) ?? Number.NEGATIVE_INFINITY;
      if (slackMs < worst.slackMs) worst = { slackMs, text: JSON.stringify(rest) };
      return slackMs >= 0;
    }),
    500,
  );
  t.comment(`worst slack ${Math.round(worst.slackMs)} ms: ${worst.text}`);
  t.ok(worst.slackMs >= 0);
});
