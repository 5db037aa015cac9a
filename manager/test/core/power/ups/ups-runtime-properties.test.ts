/** What is promised of a UPS that tells no runtime, or no more: by its charge, in steps of any size, and by time. */
import fc from 'fast-check';
import t from 'tap';
import { assertProperty } from '../../../../../test/support/property-runs.ts';
import { estimateOf, thresholdFor } from '../../../../src/core/power/ups/ups-estimate.ts';
import type { UpsReading } from '../../../../src/core/power/ups/ups-sample.ts';
import { bootedMs, readingOf, UpsWorld } from '../support/ups-world.ts';

const onlineMs = 60_000;
const neverMs = 4_000_000_000;

const anyCharge = fc
  .record({
    budgetMs: fc.integer({ min: 10_000, max: 600_000 }),
    /** Until the battery is low, over the threshold and the time that the fall needs to show itself. */
    spareMs: fc.nat(1_200_000),
    refreshMs: fc.integer({ min: 1000, max: 300_000 }),
    pollIntervalMs: fc.integer({ min: 200, max: 60_000 }),
    debouncePolls: fc.integer({ min: 2, max: 20 }),
    phaseMs: fc.nat(300_000),
    lowPercent: fc.integer({ min: 5, max: 40 }),
    grainPercent: fc.constantFrom<number>(1, 1, 2, 5, 10, 20, 25),
    rounding: fc.constantFrom(Math.floor, Math.round, Math.ceil),
  })
  // More looks say nothing more, and take long.
  .map((each) => ({
    ...each,
    pollIntervalMs: Math.max(each.pollIntervalMs, (each.budgetMs + each.spareMs) / 500),
  }));
type Charge = typeof anyCharge extends fc.Arbitrary<infer Value> ? Value : never;

/** A battery whose charge falls steadily until it is low, which is the end: nothing may be left to do then. */
class ChargeWorld extends UpsWorld {
  readonly charge: Charge;
  readonly lowAtMs: number;

  constructor(charge: Charge, onBatteryTimerMs = neverMs) {
    const { budgetMs, pollIntervalMs, debouncePolls, refreshMs, lowPercent, grainPercent, spareMs } = charge;
    super({ budgetMs, pollIntervalMs, debouncePolls, onBatteryTimerMs });
    this.charge = charge;
    this.sample(this.readingAt(0));
    const { thresholdMs } = thresholdFor(this.state, this.config);
    // To begin with, to see a step, to believe it, and in which it may have been anywhere.
    const shownMs = 30_000 + 3 * (refreshMs + 2 * pollIntervalMs);
    const shares = (100 - lowPercent) / (100 - lowPercent - grainPercent);
    this.lowAtMs = onlineMs + shares * (thresholdMs + shownMs) + spareMs;
  }

  percentAt(atMs: number): number {
    const { lowPercent, refreshMs, phaseMs, grainPercent, rounding } = this.charge;
    const readMs = Math.max(onlineMs, Math.floor((atMs + phaseMs) / refreshMs) * refreshMs - phaseMs);
    const truth = 100 - ((100 - lowPercent) * (readMs - onlineMs)) / (this.lowAtMs - onlineMs);
    return Math.max(0, rounding(truth / grainPercent) * grainPercent);
  }

  readingAt(atMs: number): UpsReading {
    const { lowPercent: lowChargePercent, refreshMs: refreshIntervalMs } = this.charge;
    if (atMs < onlineMs) return readingOf('OL', { chargePercent: 100, lowChargePercent, refreshIntervalMs });
    return readingOf('OB', { chargePercent: this.percentAt(atMs), lowChargePercent, refreshIntervalMs });
  }

  /** Until it triggers, or is low. */
  play(
    change: (reading: UpsReading, look: number) => UpsReading = (reading) => reading,
    untilMs = this.lowAtMs,
  ) {
    for (let look = 0; this.triggerAtMs === undefined && this.nowMs < untilMs; look += 1)
      this.looks(1, () => change(this.readingAt(this.nowMs), look));
  }

  slackMs(): number {
    return this.lowAtMs - (this.triggerAtMs ?? this.lowAtMs) - this.charge.budgetMs;
  }
}

t.test('a UPS that tells its charge alone: the budget is left before it is low', async (t) => {
  let worst = { slackMs: Number.POSITIVE_INFINITY, text: '' };
  assertProperty(
    fc.property(anyCharge, (charge) => {
      const world = new ChargeWorld(charge);
      world.play();
      const slackMs = world.slackMs();
      if (slackMs < worst.slackMs) worst = { slackMs, text: JSON.stringify(charge) };
      return slackMs >= 0;
    }),
    400,
  );
  t.comment(`worst slack ${Math.round(worst.slackMs)} ms: ${worst.text}`);
});

t.test('one charge that is wrong never triggers, in one look or for a whole refresh', async (t) => {
  let played = 0;
  const anyWrong = fc.record({
    percent: fc.nat(100),
    place: fc.nat(120),
    isForRefresh: fc.boolean(),
    isStarted: fc.boolean(),
  });
  assertProperty(
    fc.property(anyCharge, anyWrong, (charge, { percent, place, isForRefresh, isStarted }) => {
      // One that says less of the first minutes is taken for one that falls as fast as it may have fallen.
      const refreshMs = Math.min(charge.refreshMs, 60_000);
      const grainPercent = Math.min(charge.grainPercent, 5);
      const spareMs = 3 * charge.spareMs + 600_000;
      const world = new ChargeWorld({ ...charge, refreshMs, grainPercent, spareMs });
      const { pollIntervalMs } = charge;
      const looks = isForRefresh ? Math.max(1, Math.floor(refreshMs / pollIntervalMs)) : 1;
      const change = (right: UpsReading, look: number): UpsReading => {
        if (look === place && isStarted) world.restart();
        const isWrong = look >= place && look < place + looks && right.flags.includes('OB');
        return isWrong ? { ...right, chargePercent: percent } : right;
      };
      const calm = new ChargeWorld(world.charge);
      let untilMs = Math.min(calm.lowAtMs, onlineMs + (place + looks + 40) * pollIntervalMs);
      // While nothing is wrong it is not near: what is held for a wrong one is counted down meanwhile.
      const nearMs = (looks + 3) * pollIntervalMs + 3 * refreshMs;
      const watched = (right: UpsReading): UpsReading => {
        const { slackMs } = estimateOf(calm.state, calm.config, bootedMs + calm.nowMs);
        // A right value counts up to a refresh earlier where a wrong one supports it.
        if (slackMs < nearMs) untilMs = Math.min(untilMs, calm.nowMs - refreshMs - 3 * pollIntervalMs);
        return right;
      };
      calm.play(watched, untilMs);
      world.play(change, untilMs);
      if (untilMs > onlineMs + (place + looks) * pollIntervalMs) played += 1;
      return world.triggers().length === 0;
    }),
    200,
  );
  t.ok(played > 0, `${played} of them were played to the end`);
});

t.test(
  'a runtime that is missing on battery, whatever it was: the charge, or the timer, in time',
  async (t) => {
    const anyTold = fc.record({
      toldForMs: fc.nat(400_000),
      optimism: fc.double({ min: 1, max: 20, noNaN: true }),
      hasCharge: fc.boolean(),
      timerMs: fc.integer({ min: 30_000, max: 600_000 }),
    });
    let [charged, timed] = [0, 0];
    assertProperty(
      fc.property(anyCharge, anyTold, (each, { toldForMs, optimism, hasCharge, timerMs }) => {
        const spareMs = each.spareMs + toldForMs + 2 * each.refreshMs;
        const world = new ChargeWorld({ ...each, spareMs }, hasCharge ? undefined : timerMs);
        const missingAtMs = onlineMs + toldForMs;
        world.play((right) => {
          const isTold = world.nowMs < missingAtMs;
          const runtimeMs = isTold ? optimism * (world.lowAtMs - Math.max(world.nowMs, onlineMs)) : undefined;
          return { ...right, runtimeMs, chargePercent: hasCharge ? right.chargePercent : undefined };
        });
        if (hasCharge) {
          charged += 1;
          return world.slackMs() >= 0;
        }
        timed += 1;
        const { pollIntervalMs, refreshMs, debouncePolls } = each;
        const waitedMs = Math.max(timerMs, 2 * refreshMs) + (debouncePolls + 3) * pollIntervalMs;
        return (world.triggerAtMs ?? world.nowMs) <= missingAtMs + waitedMs;
      }),
      200,
    );
    t.comment(`${charged} by their charge, ${timed} by the timer`);
  },
);
