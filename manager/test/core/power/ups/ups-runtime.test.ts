/** What a look tells of how long the battery lasts: by its runtime, by its charge, or no more. */
import t from 'tap';
import { explainUps } from '../../../../src/core/power/ups/power-sentence.ts';
import { estimateOf } from '../../../../src/core/power/ups/ups-estimate.ts';
import type { UpsReading } from '../../../../src/core/power/ups/ups-sample.ts';
import { bootedMs, readingOf, UpsWorld } from '../support/ups-world.ts';

const estimate = ({ state, config, nowMs }: UpsWorld) => estimateOf(state, config, bootedMs + nowMs);

/** An hour is told with mains; on battery, which lasts for 15 min, what `told` says after so many milliseconds. */
function played(told: (onBatteryMs: number) => Partial<UpsReading>): UpsWorld {
  const world = new UpsWorld();
  world.looks(8, readingOf('OL', { runtimeMs: 3_600_000, chargePercent: 100 }));
  const beganMs = world.nowMs;
  while (world.triggerAtMs === undefined && world.nowMs < beganMs + 900_000)
    world.looks(1, () => readingOf('OB', told(world.nowMs - beganMs)));
  return world;
}
const chargeAt = (onBatteryMs: number): number => Math.ceil(100 - onBatteryMs / 9000);
const afterS = (world: UpsWorld): number => ((world.triggerAtMs ?? Number.NaN) - 40_000) / 1000;

t.test('no runtime on battery: the fall of the charge counts', async (t) => {
  const world = played((onBatteryMs) => ({ chargePercent: chargeAt(onBatteryMs) }));
  t.equal(world.triggers()[0]?.effect.cause, 'runtime');
  t.match(world.triggers()[0]?.effect.sentence, /by the fall of its charge to \d+ %/);
  t.ok(afterS(world) < 900 - 90 - 120, `${afterS(world)} s: the budget is left before the charge is low`);
  t.ok(afterS(world) > 300, `${afterS(world)} s: and not before it is time`);
});

t.test('neither runtime nor charge on battery: the timer, from where they were last told', async (t) => {
  t.equal(afterS(played(() => ({}))), 140, 'two minutes, and three looks');
  const world = played((onBatteryMs) => (onBatteryMs <= 300_000 ? { runtimeMs: 3_000_000 } : {}));
  t.equal(afterS(world), 305 + 120 + 15);
  t.match(world.triggers()[0]?.effect, { cause: 'timer', sentence: /neither runtime nor charge/ });
  const charged = played((onBatteryMs) => (onBatteryMs <= 300_000 ? { chargePercent: 99 } : {}));
  t.equal(afterS(charged), 305 + 120 + 15);
});

t.test('what was told last is the most that there can be', async (t) => {
  const world = played((onBatteryMs) =>
    onBatteryMs < 60_000 ? { runtimeMs: 260_000 - onBatteryMs } : { chargePercent: 100 },
  );
  t.ok(afterS(world) < 260 - 120, `${afterS(world)} s`);
  t.match(world.triggers()[0]?.effect.sentence, /told 3 min 2\d s|counted down/);
  const given = new UpsWorld({ budgetMs: 60_000 });
  given.looks(8, readingOf('OL', { runtimeMs: 3_600_000 }));
  given.looks(3, readingOf('OB', { runtimeMs: 190_000 }));
  given.looks(14, readingOf('OB'));
  t.match(estimate(given), { source: 'runtime' });
  const { state, config, nowMs } = given;
  t.match(explainUps(state, config, bootedMs + nowMs), 'counted down from the last one that was told');
});

t.test('one look without it is no news, and it may come back', async (t) => {
  const world = played((onBatteryMs) =>
    onBatteryMs % 15_000 === 0 ? {} : { runtimeMs: 3_600_000 - onBatteryMs },
  );
  t.equal(world.triggerAtMs, undefined);
  const back = played((onBatteryMs) =>
    onBatteryMs > 100_000 && onBatteryMs < 200_000 ? {} : { runtimeMs: 3_600_000 - onBatteryMs },
  );
  t.equal(back.triggerAtMs, undefined);
  t.equal(back.state.outage?.missing, undefined);
  t.equal(estimate(back).source, 'runtime');
});

t.test('a charge that has fallen to what the UPS calls low counts like LB', async (t) => {
  const world = new UpsWorld();
  const told = { runtimeMs: 3_600_000, lowChargePercent: 20 };
  world.looks(8, readingOf('OL', { ...told, chargePercent: 100 }));
  world.looks(20, readingOf('OB', { ...told, chargePercent: 40 }));
  world.looks(1, readingOf('OB', { ...told, chargePercent: 3 }));
  world.looks(20, readingOf('OB', { ...told, chargePercent: 40 }));
  world.looks(6, readingOf('OB', { ...told, chargePercent: 3 }));
  world.looks(1, readingOf('OB', { ...told, chargePercent: 39 }));
  t.equal(world.triggerAtMs, undefined, 'not one that is wrong, in one look or for a refresh');
  world.looks(10, readingOf('OB', { ...told, chargePercent: 20 }));
  const [first] = world.triggers();
  t.equal(first?.effect.cause, 'low-battery');
  t.match(first?.effect.sentence, 'battery low (OB, charge 20 %, low at 20 %) in 2 looks in a row');
});
