/** When a site may be started again, and when a shutdown may be reversed. */
import t from 'tap';
import { judgeReverse, judgeStartup } from '../../../../src/core/power/ups/recovery.ts';
import { thresholdFor } from '../../../../src/core/power/ups/ups-estimate.ts';
import type { UpsReading } from '../../../../src/core/power/ups/ups-sample.ts';
import { bootedMs, readingOf, UpsWorld } from '../support/ups-world.ts';

/** 1.1 × 120 s + 30 s + 3 × 5 s; × 1.5: 265.5 s. */
const after = (mainsS: number, more: Partial<UpsReading>, status = 'OL', first = 'OB'): UpsWorld => {
  const world = new UpsWorld();
  world.looks(2, readingOf(first, more));
  world.looks(1, readingOf(status, more));
  for (let second = 0; second < mainsS; second += 5) world.looks(1, readingOf(status, more));
  return world;
};

const startup = (world: UpsWorld, liveIntent?: string) =>
  judgeStartup({
    upses: [{ state: world.state, threshold: thresholdFor(world.state, world.config) }],
    liveIntent,
    stableMainsMs: 300_000,
    startupChargePercent: 80,
    nowMs: bootedMs + world.nowMs,
  });

t.test('startup', async (t) => {
  const full = { runtimeMs: 900_000, chargePercent: 100 };
  const rows: readonly [string, ReturnType<typeof startup>, boolean, RegExp][] = [
    [
      'mains for 5 min, runtime',
      startup(after(300, full)),
      true,
      /mains for 5 min, 15 min of runtime, of 4 min 26 s/,
    ],
    ['mains too short', startup(after(295, full)), false, /mains for 4 min 55 s, of 5 min/],
    [
      'not enough runtime',
      startup(after(400, { runtimeMs: 260_000 })),
      false,
      /4 min 20 s of runtime, of 4 min 26 s/,
    ],
    ['no runtime, charged', startup(after(300, { chargePercent: 80 })), true, /a charge of 80 %/],
    [
      'no runtime, not charged',
      startup(after(900, { chargePercent: 79 })),
      false,
      /a charge of 79 %, of 80 % needed/,
    ],
    ['tells nothing', startup(after(300, {})), true, /tells nothing of its battery/],
    ['no mains', startup(after(300, full, 'OB')), false, /mains is not back/],
    ['output off', startup(after(300, full, 'OL OFF')), false, /its output is off/],
    [
      'an old FSD',
      startup(after(300, full, 'OL FSD', 'OL FSD')),
      true,
      /an old forced shutdown \(FSD\) is ignored/,
    ],
    [
      'a live intent',
      startup(after(300, full), 'a shutdown runs on titan'),
      false,
      /^a shutdown runs on titan$/,
    ],
  ];
  for (const [name, verdict, isAllowed, sentence] of rows) {
    t.equal(verdict.isAllowed, isAllowed, name);
    t.match(verdict.sentence, sentence, name);
  }
  const early = after(100, full);
  t.equal(startup(early).askAgainAtMs, (early.state.mainsSinceMs ?? 0) + 300_000);
});

t.test('every UPS has to allow it; without any there is nothing to wait for', async (t) => {
  const [good, bad] = [after(300, { runtimeMs: 900_000 }), after(300, { runtimeMs: 60_000 })];
  const upses = [good, bad].map((world) => ({
    state: world.state,
    threshold: thresholdFor(world.state, world.config),
  }));
  t.equal(
    judgeStartup({
      upses,
      liveIntent: undefined,
      stableMainsMs: 300_000,
      startupChargePercent: 80,
      nowMs: bootedMs + good.nowMs,
    }).isAllowed,
    false,
  );
  t.equal(
    judgeStartup({
      upses: [],
      liveIntent: undefined,
      stableMainsMs: 300_000,
      startupChargePercent: 80,
      nowMs: 0,
    }).isAllowed,
    true,
  );
});

t.test('what has not begun is taken back with mains, however small the battery is', async (t) => {
  const world = new UpsWorld();
  world.sample(readingOf('OL', { runtimeMs: 100_000 }));
  world.looks(3, readingOf('OB', { runtimeMs: 90_000 }));
  t.equal(world.state.phase, 'triggered');
  world.looks(12, readingOf('OL', { runtimeMs: 100_000 }));
  t.equal(world.told.filter(({ effect }) => effect.type === 'reverse').length, 0, 'mains for 55 s');
  world.looks(1, readingOf('OL', { runtimeMs: 100_000 }));
  t.match(world.told.find(({ effect }) => effect.type === 'reverse')?.effect, {
    sentence: /no shutdown has begun/,
  });
});

t.test('reverse', async (t) => {
  const verdict = (world: UpsWorld) =>
    judgeReverse(world.state, thresholdFor(world.state, world.config), bootedMs + world.nowMs);
  const rows: readonly [string, UpsWorld, boolean][] = [
    ['mains for a minute and runtime', after(60, { runtimeMs: 900_000 }), true],
    ['mains too short', after(55, { runtimeMs: 900_000 }), false],
    ['just above the threshold, and not where it clears', after(60, { runtimeMs: 180_000 }), false],
    ['half charged', after(60, { chargePercent: 50 }), true],
    ['less', after(60, { chargePercent: 49 }), false],
    ['tells nothing: five minutes', after(300, {}), true],
    ['tells nothing, earlier', after(295, {}), false],
    ['FSD', after(900, { runtimeMs: 900_000 }, 'OL FSD'), false],
    ['on battery', after(900, { runtimeMs: 900_000 }, 'OB'), false],
  ];
  for (const [name, world, isAllowed] of rows) t.equal(verdict(world).isAllowed, isAllowed, name);
});
