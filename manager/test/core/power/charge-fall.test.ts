/** A runtime out of the fall of the charge. */
import fc from 'fast-check';
import t from 'tap';
import { type ChargeFall, chargeFallAfter, chargeRuntimeMs } from '../../../src/core/power/charge-fall.ts';
import '../../../../test/support/property-seed.ts';

const began: ChargeFall = { beganAtMs: 0, beganPercent: 100, percent: 100 };
const refreshMs = 30_000;

t.test('too early to say', async (t) => {
  t.equal(chargeRuntimeMs(began, 59_000, refreshMs, undefined), undefined);
  t.type(chargeRuntimeMs(began, 60_000, refreshMs, undefined), 'number');
});

t.test('as long as the charge above low lasts, at the fastest that it can have fallen', async (t) => {
  const fall = { ...began, percent: 81 };
  // 20 points (19 and a part of one) in the 600 s that are known of 630.
  t.equal(chargeRuntimeMs(fall, 630_000, refreshMs, 21), (60 * 600_000) / 20 - 30_000);
  t.equal(chargeRuntimeMs(fall, 630_000, refreshMs, undefined), (71 * 600_000) / 20 - 30_000, 'low at 10 %');
  t.equal(chargeRuntimeMs({ ...began, percent: 15 }, 630_000, refreshMs, 20), 0, 'under low: nothing');
});

t.test('a charge above the beginning shows that the beginning was wrong', async (t) => {
  const wrong = chargeFallAfter(undefined, 20, 1000, undefined);
  t.same(chargeFallAfter(wrong, 99, 6000, undefined), { beganAtMs: 6000, beganPercent: 99, percent: 99 });
  t.same(chargeFallAfter(undefined, 100, 1000, 60).beganPercent, 60, 'nor above what it was with mains');
  const fell = chargeFallAfter({ ...began, percent: 90 }, 88, 9000, undefined);
  t.same(fell, { ...began, percent: 88 });
});

t.test('any steady discharge: never more than is left until low', async () => {
  const discharge = fc.record({
    emptyMs: fc.integer({ min: 120_000, max: 20_000_000 }),
    lowPercent: fc.integer({ min: 0, max: 50 }),
    beganPercent: fc.integer({ min: 60, max: 100 }),
    atShare: fc.double({ min: 0, max: 1, noNaN: true }),
    ageMs: fc.nat(refreshMs),
  });
  fc.assert(
    fc.property(discharge, ({ emptyMs, lowPercent, beganPercent, atShare, ageMs }) => {
      const nowMs = Math.round(atShare * emptyMs);
      const seenMs = Math.max(0, nowMs - ageMs);
      const percent = Math.floor(beganPercent * (1 - seenMs / emptyMs));
      const told = chargeRuntimeMs({ beganAtMs: 0, beganPercent, percent }, nowMs, refreshMs, lowPercent);
      const untilLowMs = emptyMs * (1 - lowPercent / beganPercent) - nowMs;
      return told === undefined || told <= Math.max(0, untilLowMs) + 1;
    }),
    { numRuns: 1000 },
  );
});
