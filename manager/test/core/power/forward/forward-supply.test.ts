import t from 'tap';
import { ownSupply } from '../../../../src/core/power/forward/forward-supply.ts';
import { upsConfig } from '../../../../src/core/power/ups/ups-config.ts';
import { thresholdFor } from '../../../../src/core/power/ups/ups-estimate.ts';
import { bootedMs, readingOf, UpsWorld } from '../support/ups-world.ts';

const config = upsConfig('ups', { forwardingLatencyMs: 3000 });

function onBattery(runtimeMs: number): UpsWorld {
  const world = new UpsWorld({ budgetMs: 300_000 });
  world.looks(3, () => readingOf('OL', { runtimeMs: 3_600_000 }));
  world.looks(4, () => readingOf('OB', { runtimeMs }));
  return world;
}

t.test('on battery: as far as the own threshold, which has no way to go', async (t) => {
  const { state, nowMs: atMs } = onBattery(900_000);
  const nowMs = bootedMs + atMs;
  const own = ownSupply(state, config, 60_000, undefined, nowMs);
  const { thresholdMs } = thresholdFor({ ...state, budgetMs: 60_000 }, { ...config, forwardingLatencyMs: 0 });
  t.equal(own.slackMs, (own.leftMs ?? 0) - thresholdMs);
  t.equal(own.isOnMains, false);
});

t.test('what the trigger says of the battery counts where it is less', async (t) => {
  const { state, nowMs: atMs } = onBattery(900_000);
  const nowMs = bootedMs + atMs;
  const own = ownSupply(state, config, 60_000, nowMs + 66_000, nowMs);
  t.equal(own.leftMs, 66_000);
  t.equal(Math.round(own.slackMs ?? 1), 0);
});

t.test('what has stayed up goes by its own threshold, and not by the deadline of the hosts', async (t) => {
  const { state, nowMs: atMs } = onBattery(900_000);
  const nowMs = bootedMs + atMs;
  const off = { ...state, phase: 'hosts-off' as const };
  const own = ownSupply(off, { ...config, remainingMs: 120_000 }, 150_000, nowMs + 10_000, nowMs);
  const { thresholdMs } = thresholdFor(
    { ...state, budgetMs: 120_000 },
    { ...config, forwardingLatencyMs: 0 },
  );
  t.equal(own.slackMs, (own.leftMs ?? 0) - thresholdMs);
  t.ok((own.slackMs ?? 0) > 0);
  const none = ownSupply(off, config, 150_000, nowMs + 10_000, nowMs);
  t.ok((none.slackMs ?? 0) < 0, 'where nothing stays up, this host is one of those it was for');
});

t.test('with mains there is nothing to wait for, and after a minute it counts as back', async (t) => {
  const world = onBattery(900_000);
  world.looks(1, () => readingOf('OL', { runtimeMs: 900_000 }));
  const nowMs = bootedMs + world.nowMs;
  t.same(ownSupply(world.state, config, 60_000, undefined, nowMs), {
    slackMs: undefined,
    leftMs: undefined,
    isOnMains: false,
  });
  t.equal(ownSupply(world.state, config, 60_000, undefined, nowMs + 61_000).isOnMains, true);
});
