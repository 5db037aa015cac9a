/** How long a supply is believed to last, by what there is to tell it. */
import t from 'tap';
import { estimateOf, isOutputOff, thresholdFor } from '../../../../src/core/power/ups/ups-estimate.ts';
import type { UpsReading } from '../../../../src/core/power/ups/ups-sample.ts';
import { bootedMs, readingOf, UpsWorld } from '../support/ups-world.ts';

const estimate = (world: UpsWorld) => estimateOf(world.state, world.config, bootedMs + world.nowMs);
const onBattery = (more: Partial<UpsReading>, looks = 3): UpsWorld => {
  const world = new UpsWorld();
  world.looks(2, readingOf('OL', more));
  world.looks(looks, readingOf('OB', more));
  return world;
};

t.test('by runtime, by charge, by the timer, by an output that is off', async (t) => {
  t.same(estimate(onBattery({ runtimeMs: 600_000, chargePercent: 50 })), {
    source: 'runtime',
    leftMs: 585_000,
    slackMs: 585_000 - 177_000,
  });
  t.equal(estimate(onBattery({ chargePercent: 50 }, 20)).source, 'charge');
  t.same(estimate(onBattery({})), { source: 'timer', leftMs: undefined, slackMs: 110_000 });
  const off = onBattery({ runtimeMs: 600_000 });
  off.looks(3, readingOf('OB OFF'));
  t.equal(isOutputOff(off.state, bootedMs + off.nowMs), false);
  off.nowMs += 20_000;
  t.same(estimate(off), { source: 'output', leftMs: 0, slackMs: -177_000 });
});

t.test('with mains nothing is counted down', async (t) => {
  const world = onBattery({ runtimeMs: 600_000 }, 0);
  world.looks(100, readingOf('OL', { runtimeMs: 600_000 }));
  t.equal(estimate(world).leftMs, 600_000);
});

t.test(
  'in silence a tenth faster, and to the last value once a refresh has not contradicted it',
  async (t) => {
    const world = onBattery({ runtimeMs: 600_000 });
    world.looks(1, readingOf('OB', { runtimeMs: 300_000 }));
    t.equal(estimate(world).leftMs, 464_000, 'one value alone: by a step');
    world.looks(1, 'data-stale');
    world.nowMs += 30_000;
    t.equal(estimate(world).leftMs, 464_000 - 35_000 - 3000);
    world.nowMs += 1000;
    t.equal(estimate(world).leftMs, 300_000 - 41_000 - 3100);
  },
);

t.test('the threshold goes by what the driver says of its refresh', async (t) => {
  const world = onBattery({ runtimeMs: 600_000, refreshIntervalMs: 60_000 });
  t.equal(thresholdFor(world.state, world.config).refreshMs, 60_000);
  t.equal(thresholdFor(new UpsWorld().state, world.config).refreshMs, 30_000);
});
