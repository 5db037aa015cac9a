import t from 'tap';
import { judgeStartup } from '../../../../src/core/power/ups/recovery.ts';
import { loadAtTrigger, runtimeUnderLoad } from '../../../../src/core/power/ups/runtime-under-load.ts';
import { thresholdFor } from '../../../../src/core/power/ups/ups-estimate.ts';
import type { UpsReading } from '../../../../src/core/power/ups/ups-sample.ts';
import { bootedMs, readingOf, UpsWorld } from '../support/ups-world.ts';

const told = (loadPercent?: number, chargePercent?: number) => ({ loadPercent, chargePercent });

t.test('in proportion to the load, and never more', async (t) => {
  const load = loadAtTrigger(told(40, 20), 200_000);
  t.same(load, { loadPercent: 40, perChargeMs: 10_000 });
  t.equal(runtimeUnderLoad(1_600_000, told(4, 10), load), 160_000);
  t.equal(runtimeUnderLoad(1_600_000, told(80), load), 1_600_000);
  t.equal(
    runtimeUnderLoad(1_600_000, told(0, 10), load),
    100_000,
    'a load of 0 is no measure: the charge is',
  );
  t.equal(runtimeUnderLoad(1_600_000, told(), load), undefined);
  t.equal(runtimeUnderLoad(1_600_000, told(4, 10), undefined), undefined);
  t.same(loadAtTrigger(told(0, 4), 200_000), { loadPercent: undefined, perChargeMs: undefined });
  t.same(loadAtTrigger(undefined, undefined), { loadPercent: undefined, perChargeMs: undefined });
});

/** Ten minutes of mains, after an outage that took the site down, and another boot. */
const started = (atTrigger: Partial<UpsReading>, now: Partial<UpsReading>) => {
  const world = new UpsWorld();
  world.looks(2, readingOf('OL', { ...atTrigger, runtimeMs: 150_000 }));
  world.looks(3, readingOf('OB', { ...atTrigger, runtimeMs: 150_000 }));
  for (const event of ['started', 'past-no-return', 'ended'] as const) world.run(event);
  world.restart('boot-2');
  world.looks(130, readingOf('OL', now));
  const upses = [{ state: world.state, threshold: thresholdFor(world.state, world.config) }];
  const nowMs = bootedMs + world.nowMs;
  const question = { liveIntent: undefined, stableMainsMs: 300_000, startupChargePercent: 80, nowMs };
  return judgeStartup({ ...question, upses });
};

t.test('a battery at a tenth of its charge, with nothing on it, starts no site', async (t) => {
  const idle = { runtimeMs: 1_800_000, chargePercent: 10 };
  const byLoad = started({ loadPercent: 50, chargePercent: 60 }, { ...idle, loadPercent: 3 });
  t.match(byLoad, {
    isAllowed: false,
    sentence: /1 min 48 s of runtime at the load of the site that is up \(30 min/,
  });
  const byCharge = started({ chargePercent: 20 }, idle);
  t.match(byCharge, { isAllowed: false, sentence: /1 min 8 s of runtime at the load/ });
  t.match(started({}, idle), {
    isAllowed: false,
    sentence: /a charge of 10 %, of 80 % needed: what it carries/,
  });
});

t.test('one that is good for it does', async (t) => {
  const full = { runtimeMs: 6_000_000, chargePercent: 80 };
  t.equal(started({ loadPercent: 50, chargePercent: 20 }, { ...full, loadPercent: 3 }).isAllowed, true);
  t.equal(started({ chargePercent: 20 }, full).isAllowed, true);
  t.equal(started({}, full).isAllowed, true);
  t.equal(started({}, { runtimeMs: 1_800_000 }).isAllowed, true, 'no charge is told');
});
