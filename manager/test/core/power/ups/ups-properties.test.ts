/** What the decision promises, for any discharge of a declared range (support/discharge.ts). */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { assertProperty } from '../../../../../test/support/property-runs.ts';
import type { LookFailure, UpsReading } from '../../../../src/core/power/ups/ups-sample.ts';
import { anyDischarge, DischargeWorld, lastingDischarge, thresholdMsOf } from '../support/discharge.ts';
import { readingOf, UpsWorld } from '../support/ups-world.ts';

/** Too optimistic by no more than the safety factor of 1.10, too pessimistic by anything. */
const withinFactor = fc.oneof(fc.constantFrom(1, 1.1), fc.double({ min: 0.3, max: 1.1, noNaN: true }));
const exact = fc.constant(1);

t.test('the budget is left when the run begins', async (t) => {
  let worst = { slackMs: Number.POSITIVE_INFINITY, text: '' };
  assertProperty(
    fc.property(anyDischarge(withinFactor), (discharge) => {
      const played = new DischargeWorld(discharge);
      played.play();
      const slackMs = played.slackMs();
      if (slackMs === undefined) return false;
      if (slackMs < worst.slackMs) worst = { slackMs, text: JSON.stringify(discharge) };
      return slackMs >= 0;
    }),
    800,
  );
  t.comment(`worst slack ${Math.round(worst.slackMs)} ms: ${worst.text}`);
  t.ok(worst.slackMs >= 0);
});

t.test('also when the load rises, unless that takes the battery faster than telemetry can say', async (t) => {
  const load = fc.record({
    afterShare: fc.double({ min: 0, max: 0.9, noNaN: true }),
    factor: fc.double({ min: 1.2, max: 3, noNaN: true }),
  });
  let worstMs = Number.POSITIVE_INFINITY;
  assertProperty(
    fc.property(anyDischarge(withinFactor, load), (discharge) => {
      // A load that rises between two looks that are further apart may be seen one look too late.
      const pollIntervalMs = Math.min(discharge.pollIntervalMs, 15_000);
      const silence = { fromMs: 0, forMs: 0 };
      const played = new DischargeWorld(lastingDischarge({ ...discharge, pollIntervalMs, silence }));
      played.play();
      const slackMs = played.slackMs() ?? Number.NEGATIVE_INFINITY;
      worstMs = Math.min(worstMs, slackMs);
      return !played.diedTooFast() && slackMs >= 0;
    }),
    500,
  );
  t.comment(`worst slack ${Math.round(worstMs)} ms`);
});

const flagWords = ['LB', 'RB', 'BYPASS', 'ALARM', 'OVER', 'CAL', 'CHRG', 'DISCHRG', 'OFF', 'TEST', 'BOOST'];
const anyNumber = (max: number) => fc.option(fc.nat(max), { nil: undefined });

const readingWith = (main: fc.Arbitrary<string>): fc.Arbitrary<UpsReading> =>
  fc
    .record({
      main,
      flags: fc.subarray(flagWords),
      runtimeMs: anyNumber(2_000_000),
      chargePercent: anyNumber(100),
      lowChargePercent: anyNumber(100),
      loadPercent: anyNumber(200),
      inputVoltage: anyNumber(250),
      refreshIntervalMs: anyNumber(600_000),
    })
    .map(({ main, flags, ...values }) => readingOf([main, ...flags].filter(Boolean).join(' '), values));

const anyFailure = fc.constantFrom<LookFailure>('data-stale', 'server-lost', 'driver-not-connected');

t.test('with mains and without FSD it never triggers, whatever else is told', async () => {
  const look = fc.oneof({ weight: 4, arbitrary: readingWith(fc.constant('OL')) }, anyFailure);
  const afterMs = fc.oneof(fc.constantFrom(1000, 5000), fc.nat(400_000));
  assertProperty(
    fc.property(fc.array(fc.tuple(look, afterMs, fc.boolean(), fc.boolean()), { maxLength: 40 }), (looks) => {
      const world = new UpsWorld();
      for (const [reading, waitMs, isTicked, isRestarted] of looks) {
        world.nowMs += waitMs;
        world.sample(reading);
        if (isTicked) world.tick(20_000);
        if (isRestarted) world.restart();
      }
      return world.triggers().length === 0;
    }),
    500,
  );
});

t.test('no look with mains triggers, whatever was before it', async () => {
  const main = fc.constantFrom('OL', 'OB', 'OB LB', 'OB OL', 'OB DISCHRG');
  const look = fc.oneof({ weight: 5, arbitrary: readingWith(main) }, anyFailure);
  assertProperty(
    fc.property(fc.array(look, { maxLength: 40 }), (looks) => {
      const world = new UpsWorld();
      return looks.every((reading) => {
        world.nowMs += 5000;
        const isAsked = world.sample(reading).some(({ type }) => type === 'trigger');
        if (isAsked) world.run('started');
        const isOnMains = typeof reading !== 'string' && !reading.flags.includes('OB');
        return !(isAsked && isOnMains);
      });
    }),
    500,
  );
});

t.test('one wrong look never triggers', async () => {
  const wrong = readingWith(fc.constantFrom('', 'OL', 'OB', 'OB LB', 'OL OB', 'OFF'));
  assertProperty(
    fc.property(anyDischarge(exact), wrong, fc.nat(200), (discharge, reading, place) => {
      const calm = { ...discharge, silence: { fromMs: 0, forMs: 0 }, spareMs: discharge.spareMs + 300_000 };
      const played = new DischargeWorld(calm);
      // Mains is back before the runtime that is told comes near the threshold.
      const margin =
        0.1 * thresholdMsOf(calm) + 10_000 + 2 * (calm.refreshMs + calm.pollIntervalMs) + calm.grainMs;
      const untilMs = played.emptyAtMs - thresholdMsOf(calm) - margin;
      played.play({ untilMs, change: (right, look) => (look === place ? reading : right) });
      return played.world.triggers().length === 0;
    }),
    400,
  );
});

t.test(
  'nor where nothing is known before it: after a start, a boot or a silence, with mains or on battery',
  async () => {
    const wrong = readingWith(fc.constantFrom('', 'OL', 'OB', 'OB LB', 'OL OB', 'OFF'));
    const anyBefore = fc.record({
      atMs: fc.integer({ min: -60_000, max: 120_000 }),
      what: fc.constantFrom('start' as const, 'boot' as const, 'silence' as const),
      silentMs: fc.integer({ min: 31_000, max: 200_000 }),
    });
    assertProperty(
      fc.property(anyDischarge(exact), wrong, anyBefore, (discharge, reading, { atMs, what, silentMs }) => {
        const isSilent = what === 'silence';
        const silence = { fromMs: Math.max(16_000, atMs), forMs: isSilent ? silentMs : 0 };
        const played = new DischargeWorld({ ...discharge, silence, spareMs: discharge.spareMs + 900_000 });
        const { outageAtMs, world } = played;
        const wrongAtMs = outageAtMs + (isSilent ? silence.fromMs + silence.forMs : atMs);
        let wrongs = 0;
        const change = (right: UpsReading): UpsReading => {
          if (world.nowMs < wrongAtMs || wrongs > 0) return right;
          wrongs += 1;
          if (!isSilent) world.restart(what === 'boot' ? 'boot-2' : world.bootId);
          return reading;
        };
        played.play({ untilMs: wrongAtMs + 200_000, change });
        return world.triggers().length === 0;
      }),
      300,
    );
  },
);

const diskOf = ({ world }: DischargeWorld): unknown => JSON.parse(world.disk ?? 'null');
const outcomeOf = ({ world }: DischargeWorld) => JSON.stringify(world.triggers());

t.test('a restart of the manager between any two looks on battery changes nothing', async () => {
  assertProperty(
    fc.property(anyDischarge(withinFactor), fc.infiniteStream(fc.boolean()), (discharge, coins) => {
      const [calm, restarted] = [new DischargeWorld(discharge), new DischargeWorld(discharge)];
      calm.play();
      const between = (): void => {
        const isOnBattery = restarted.world.state.outage !== undefined;
        if (isOnBattery && coins.next().value) restarted.world.restart();
      };
      restarted.play({ between });
      return outcomeOf(calm) === outcomeOf(restarted) && isDeepStrictEqual(diskOf(calm), diskOf(restarted));
    }),
    150,
  );
});

/**
 * Without one, the last look with mains is what is counted down from: up to a look earlier than the outage. Who was
 * restarted in between has not seen that look.
 */
t.test(
  'a restart with mains is in time, and apart by no more than a look and the age of telemetry',
  async () => {
    assertProperty(
      fc.property(anyDischarge(exact), fc.nat(120), (discharge, place) => {
        const [calm, restarted] = [new DischargeWorld(discharge), new DischargeWorld(discharge)];
        calm.play();
        const between = (look: number): void => {
          if (look === place && restarted.world.state.phase === 'online') restarted.world.restart();
        };
        restarted.play({ between });
        const [calmAt = 0, restartedAt = 0] = [calm, restarted].map(({ world }) => world.triggerAtMs);
        const refreshMs = discharge.isRefreshTold ? discharge.refreshMs : 30_000;
        const { pollIntervalMs } = discharge;
        // A value that is told in steps is as old as a step.
        const { grainMs } = discharge;
        const earliestMs = calmAt - Math.max(refreshMs, pollIntervalMs, grainMs) - pollIntervalMs;
        const isInTime = restarted.leftMs(restartedAt) >= discharge.budgetMs;
        return isInTime && restartedAt <= calmAt + pollIntervalMs && restartedAt >= earliestMs;
      }),
      300,
    );
  },
);

/** A fall from look to look that is nowhere slower than time, and another that is nowhere above it. */
const fallingPair = fc
  .array(fc.record({ fallMs: fc.nat(120_000), belowMs: fc.nat(200_000) }), { minLength: 5, maxLength: 40 })
  .map((steps) => {
    let [upper, lower] = [900_000, 900_000];
    const pairs = steps.map(({ fallMs, belowMs }) => {
      upper = Math.max(0, upper - refreshMs - fallMs);
      lower = Math.max(0, Math.min(upper - belowMs, lower - refreshMs));
      return { upper, lower };
    });
    // 0 again and again is no new value.
    return pairs.filter((pair) => pair.lower > 0);
  });
const refreshMs = 5000;

t.test('less runtime never triggers later', async () => {
  const triggerAt = (values: readonly number[]): number => {
    const world = new UpsWorld();
    world.sample(readingOf('OL', { runtimeMs: 900_000 }));
    for (const runtimeMs of values)
      world.looks(1, readingOf('OB', { runtimeMs, refreshIntervalMs: refreshMs }));
    return world.triggerAtMs ?? Number.POSITIVE_INFINITY;
  };
  assertProperty(
    fc.property(
      fallingPair,
      (pair) => triggerAt(pair.map(({ lower }) => lower)) <= triggerAt(pair.map(({ upper }) => upper)),
    ),
    800,
  );
});

t.test('whatever was told before: less runtime in the last look never takes a trigger back', async () => {
  const look = readingWith(fc.constantFrom('OB', 'OL', 'OB DISCHRG'));
  assertProperty(
    fc.property(fc.array(look, { maxLength: 12 }), fc.nat(900_000), fc.nat(900_000), (looks, one, other) => {
      const triggered = [Math.min(one, other), Math.max(one, other)].map((runtimeMs) => {
        const world = new UpsWorld();
        for (const reading of looks) world.looks(1, reading);
        world.looks(1, readingOf('OB', { runtimeMs }));
        return world.triggers().length > 0;
      });
      return triggered[0] === true || triggered[1] === false;
    }),
    800,
  );
});
