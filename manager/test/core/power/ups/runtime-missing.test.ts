/** A runtime that was told, and is told no more. */
import t from 'tap';
import { believe, noBelief, type RuntimeLook } from '../../../../src/core/power/ups/effective-runtime.ts';
import { lastLeft, missRuntime } from '../../../../src/core/power/ups/runtime-missing.ts';

const refreshMs = 30_000;
const look: RuntimeLook = {
  ...{ source: 'runtime', valueMs: 600_000, atMs: 965_000, refreshMs, silentAfterMs: 15_000 },
  ...{ isFallExplained: false, isDraining: true },
};
const first = believe(noBelief, look);
const told = believe(first, { ...look, atMs: 1_000_000 });

t.test('in one look it is no news; after two refreshes it is given up', async (t) => {
  const first = missRuntime({ belief: told, missing: undefined }, 1_005_000, refreshMs);
  t.same(first, { belief: told, missing: { sinceMs: 1_005_000, last: undefined } });
  t.equal(missRuntime(first, 1_064_999, refreshMs).belief, told);
  const given = missRuntime(first, 1_065_000, refreshMs);
  t.equal(given.belief, noBelief);
  t.equal(lastLeft(given.missing, 1_065_000), 600_000 - 30_000 - 100_000, 'counted down');
  t.equal(lastLeft(given.missing, 1_075_000), 600_000 - 30_000 - 110_000);
  t.equal(lastLeft(given.missing, 9_000_000), 0);
  t.equal(lastLeft(undefined, 0), undefined);
});

t.test('one that was told in one look alone is given up at once', async (t) => {
  t.same(missRuntime({ belief: first, missing: undefined }, 970_000, refreshMs).belief, noBelief);
});

t.test('nothing is believed: nothing is missing', async (t) => {
  t.same(missRuntime({ belief: noBelief, missing: undefined }, 1_000_000, refreshMs), {
    belief: noBelief,
    missing: undefined,
  });
});

t.test('the next best one that goes, too: the smaller of both is the most', async (t) => {
  const missing = { sinceMs: undefined, last: { leftMs: 100_000, atMs: 1_000_000 } };
  const first = missRuntime({ belief: told, missing }, 1_010_000, refreshMs);
  t.same(first.missing, { ...missing, sinceMs: 1_010_000 });
  const given = missRuntime(first, 1_070_000, refreshMs);
  t.equal(lastLeft(given.missing, 1_070_000), 30_000);
});
