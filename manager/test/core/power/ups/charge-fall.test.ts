/** A runtime out of the fall of the charge. */
import fc from 'fast-check';
import t from 'tap';
import {
  type ChargeFall,
  chargeFallAfter,
  chargeRuntimeMs,
  isChargeLow,
} from '../../../../src/core/power/ups/charge-fall.ts';
import '../../../../../test/support/property-seed.ts';

const refreshMs = 30_000;
type Look = readonly [atS: number, percent: number];

/** From the first look of an outage on; 100 % was told with mains, unless another is said. */
function fallen(looks: readonly Look[], onlinePercent: number | undefined = 100): ChargeFall {
  let fall: ChargeFall | undefined;
  for (const [atS, percent] of looks)
    fall = chargeFallAfter(fall, { percent, atMs: atS * 1000, refreshMs, onlinePercent });
  if (fall === undefined) throw new Error('no look');
  return fall;
}

t.test('too early to say', async (t) => {
  const fall = fallen([
    [0, 100],
    [59, 100],
  ]);
  t.equal(chargeRuntimeMs(fall, 59_000, refreshMs, undefined), undefined);
  const next = chargeFallAfter(fall, { percent: 100, atMs: 60_000, refreshMs, onlinePercent: undefined });
  t.type(chargeRuntimeMs(next, 60_000, refreshMs, undefined), 'number');
});

t.test('as long as the charge above low lasts, at the fastest that it can have fallen', async (t) => {
  const fall = fallen([
    [0, 100],
    [600, 100],
    [605, 81],
    [640, 81],
  ]);
  t.match(fall, { percent: 81, fallenAtMs: 570_000, grainPercent: 19 }, 'it fell between two refreshes');
  t.equal(chargeRuntimeMs(fall, 640_000, refreshMs, 21), 60 * (570_000 / 19) - 70_000);
  t.equal(chargeRuntimeMs(fall, 640_000, refreshMs, undefined), 71 * (570_000 / 19) - 70_000, 'low at 10 %');
  const standing = fallen([
    [0, 100],
    [600, 100],
  ]);
  t.equal(chargeRuntimeMs(standing, 630_000, refreshMs, 20), 79 * 570_000 - 60_000, 'a step may be used');
});

t.test('one value that is far off is not believed, until it stands or another one supports it', async (t) => {
  const began: readonly Look[] = [
    [0, 100],
    [100, 98],
    [140, 98],
  ];
  t.match(fallen([...began, [145, 5]]), { percent: 98, held: { percent: 5 } });
  t.match(fallen([...began, [145, 5], [150, 98]]), { percent: 98, held: undefined, grainPercent: 2 });
  t.match(fallen([...began, [145, 5], [150, 97]]), { percent: 97, held: undefined, grainPercent: 2 });
  t.match(fallen([...began, [145, 97], [150, 5]]), { percent: 97, held: { percent: 5 } });
  t.match(fallen([...began, [145, 5], [175, 5]]), { percent: 98 });
  t.match(fallen([...began, [145, 5], [176, 5]]), { percent: 5, held: undefined }, 'it was read twice');
  t.match(fallen([...began, [145, 5], [150, 4]]), { percent: 5, held: { percent: 4 } });
  t.match(fallen([...began, [145, 100], [150, 97]]), { percent: 98, held: { percent: 97 } });
  t.match(fallen([...began, [145, 99], [180, 99]]), {
    percent: 99,
    beganPercent: 100,
    fallenAtMs: undefined,
  });
});

t.test('where it began: what was wrong there is put right', async (t) => {
  const low = fallen([
    [0, 20],
    [5, 99],
  ]);
  t.match(low, { beganAtMs: 5000, beganPercent: 99 }, 'above the beginning');
  t.match(fallen([[0, 100]], 60), { beganPercent: 60, isAlone: false }, 'no more than there was with mains');
  const high = chargeFallAfter(undefined, { percent: 100, atMs: 0, refreshMs, onlinePercent: undefined });
  t.equal(high.isAlone, true);
  const next = chargeFallAfter(high, { percent: 60, atMs: 5000, refreshMs, onlinePercent: undefined });
  t.match(next, { beganPercent: 60, isAlone: false }, 'one look alone is not held against the next');
  const same = chargeFallAfter(high, { percent: 100, atMs: 31_000, refreshMs, onlinePercent: undefined });
  t.match(same, { beganPercent: 100, beganAtMs: 0, isAlone: false }, 'it was read twice');
  t.match(
    fallen(
      [
        [0, 50],
        [100, 50],
        [105, 80],
        [140, 80],
      ],
      50,
    ),
    { percent: 80, beganPercent: 80 },
  );
});

t.test('low by its charge', async (t) => {
  const fall = fallen([
    [0, 100],
    [500, 20],
    [540, 20],
  ]);
  t.equal(isChargeLow(fall, 20), true);
  t.equal(isChargeLow(fall, 19), false);
  t.equal(isChargeLow(fall, undefined), false, 'the UPS does not say what is low');
  t.equal(isChargeLow(undefined, 20), false);
  t.equal(isChargeLow(fallen([[0, 0]], 0), 20), false, 'never above it: it tells nothing else');
});

t.test('any steady discharge, told in any steps: never more than is left until low', async () => {
  const discharge = fc.record({
    emptyMs: fc.integer({ min: 120_000, max: 20_000_000 }),
    lowPercent: fc.integer({ min: 0, max: 50 }),
    beganPercent: fc.integer({ min: 60, max: 100 }),
    pollMs: fc.integer({ min: 1000, max: 60_000 }),
    phaseMs: fc.nat(refreshMs),
    grainPercent: fc.constantFrom(1, 2, 5, 10, 20, 25),
    rounding: fc.constantFrom(Math.floor, Math.round, Math.ceil),
  });
  fc.assert(
    fc.property(
      discharge,
      ({ emptyMs, lowPercent, beganPercent, pollMs, phaseMs, grainPercent, rounding }) => {
        const percentAt = (atMs: number): number => {
          const readMs = Math.max(0, Math.floor((atMs + phaseMs) / refreshMs) * refreshMs - phaseMs);
          return rounding((beganPercent * (1 - readMs / emptyMs)) / grainPercent) * grainPercent;
        };
        const onlinePercent = percentAt(0);
        let fall: ChargeFall | undefined;
        for (let atMs = 0; atMs < emptyMs && atMs < 300 * pollMs; atMs += pollMs) {
          fall = chargeFallAfter(fall, { percent: percentAt(atMs), atMs, refreshMs, onlinePercent });
          const told = chargeRuntimeMs(fall, atMs, refreshMs, lowPercent);
          const untilLowMs = emptyMs * (1 - lowPercent / beganPercent) - atMs;
          // Nobody knows how large the steps are until there has been one.
          if (fall.percent < onlinePercent && told !== undefined && told > Math.max(0, untilLowMs) + 1)
            return false;
        }
        return true;
      },
    ),
    { numRuns: 500 },
  );
});
