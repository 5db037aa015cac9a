/** The runtime that is believed, look by look. */
import t from 'tap';
import {
  believe,
  believedLeft,
  isAlone,
  noBelief,
  type RuntimeLook,
} from '../../../../src/core/power/ups/effective-runtime.ts';

const refreshMs = 30_000;

type Look = readonly [atS: number, valueS: number, more?: Partial<RuntimeLook>];

/** What is believed at the last look, in seconds. */
function believedS(...looks: readonly Look[]): number {
  let belief = noBelief;
  let nowMs = 0;
  for (const [atS, valueS, more] of looks) {
    nowMs = 1_000_000 + atS * 1000;
    belief = believe(belief, {
      source: 'runtime',
      valueMs: valueS * 1000,
      atMs: nowMs,
      refreshMs,
      silentAfterMs: 15_000,
      isFallExplained: false,
      isDraining: true,
      ...more,
    });
  }
  return Math.round((believedLeft(belief, nowMs) ?? Number.NaN) / 1000);
}

const mains: Partial<RuntimeLook> = { isDraining: false };
const start: readonly Look[] = [
  [0, 600, mains],
  [5, 600, mains],
];

t.test('with mains nothing is counted down', async (t) => {
  t.equal(believedS(...start, [500, 600, mains]), 600);
});

t.test('the last changed value, counted down from the look before it was there', async (t) => {
  t.equal(believedS(...start, [10, 600], [15, 600]), 590, 'the same value again is no news');
  t.equal(believedS(...start, [10, 600], [15, 580]), 575);
  t.equal(believedS(...start, [10, 600], [15, 580], [25, 580]), 565);
  t.equal(believedS([0, 600]), 570, 'the very first: it may be a refresh old');
});

t.test('a cliff takes it down by a step, a second value all the way', async (t) => {
  const before: readonly Look[] = [...start, [10, 595]];
  t.equal(believedS(...before, [15, 100]), 468, 'a fifth less');
  t.equal(believedS(...before, [15, 100], [20, 100]), 463, 'the same look again is the same value');
  t.equal(believedS(...before, [15, 100], [20, 98]), 93, 'another value supports it');
  const standing = [20, 25, 30, 35, 40, 45, 50].map((atS): Look => [atS, 100]);
  t.equal(
    believedS(...before, [15, 100], ...standing),
    60,
    'it stands longer than a refresh: it was read twice',
  );
});

t.test('a cliff with its reason at once: battery low, or a load that rose', async (t) => {
  t.equal(believedS(...start, [10, 595], [15, 100, { isFallExplained: true }]), 95);
  t.equal(
    believedS(...start, [10, 595], [15, 100], [20, 100, { isFallExplained: true }]),
    90,
    'also when the reason comes later',
  );
});

t.test('back from one wrong value at once', async (t) => {
  t.equal(believedS(...start, [10, 595], [15, 1], [20, 595]), 580, 'the same value as before it');
  t.equal(believedS(...start, [10, 595], [15, 1], [20, 581]), 576, 'a newer one');
  t.equal(believedS(...start, [10, 595], [15, 9000], [20, 581]), 576, 'up and back');
});

t.test('a rise is believed after 30 s, to the lowest that was told meanwhile', async (t) => {
  const before: readonly Look[] = [...start, [10, 595]];
  t.equal(believedS(...before, [15, 900]), 590, 'up to where the value before the last one leads');
  t.equal(believedS(...before, [15, 900], [40, 880]), 565, 'after 25 s: not yet');
  t.equal(believedS(...before, [15, 900], [30, 700], [46, 880]), 669, 'the lowest: 700, counted down');
  t.equal(believedS(...before, [15, 900], [30, 900], [44, 900], [45, 900]), 865, 'also when it stands');
  t.equal(believedS(...before, [15, 900], [30, 560], [46, 880]), 559, 'one low value begins it anew');
});

t.test('after a silence what is told counts at once', async (t) => {
  t.equal(believedS(...start, [10, 595], [50, 900]), 870);
  t.equal(believedS(...start, [10, 595], [50, 90]), 60);
});

t.test('back to a value that was held for wrong: it was not, where the load has risen with it', async (t) => {
  const held: readonly Look[] = [...start, [10, 600], [40, 100], [70, 580]];
  t.equal(believedS(...held, [100, 100, { isFallExplained: true }]), 70);
  t.equal(believedS(...held, [100, 100]), 392, 'else to where it was then');
});

t.test('back from a high value: nothing rises to that any more', async (t) => {
  const high: readonly Look[] = [...start, [10, 600], [15, 900], [20, 900], [25, 600]];
  t.equal(believedS(...high, [50, 600], [60, 600]), 545);
});

t.test('a rise goes on where two values take turns: neither was believed yet', async (t) => {
  const low: readonly Look[] = [
    [-40, 60, mains],
    [0, 60, mains],
    [10, 600, mains],
    [15, 601, mains],
    [20, 600, mains],
  ];
  t.equal(believedS(...low), 60);
  t.equal(believedS(...low, [45, 600, mains]), 600);
  t.equal(
    believedS([-40, 60], [0, 60], [10, 600], [15, 601], [20, 600], [45, 600]),
    555,
    'on battery as well',
  );
});

t.test(
  'the first value after a start or a silence: a higher one replaces it, and either may be followed',
  async (t) => {
    t.equal(believedS([0, 20], [5, 595]), 590, 'at once');
    t.equal(believedS([0, 20], [5, 595], [10, 590]), 585);
    t.equal(believedS([0, 20], [5, 600], [10, 15]), 10, 'the higher one was wrong');
    t.equal(believedS([0, 20], [5, 600], [10, 598], [15, 10]), 468, 'what comes later is held, as ever');
    t.equal(believedS([0, 600], [5, 20]), 452, 'a lower one is held, as ever');
    t.equal(believedS([0, 20], [31, 20], [36, 595]), 0, 'it was read twice');
    t.equal(believedS(...start, [10, 595], [50, 20], [55, 550]), 545);
    t.equal(believedS([0, 20, mains], [5, 595, mains], [500, 595, mains]), 595);
  },
);

t.test('one value alone, until another one comes or it has been read twice', async (t) => {
  const look: RuntimeLook = {
    ...{ source: 'runtime', valueMs: 20_000, atMs: 1_000_000, refreshMs, silentAfterMs: 15_000 },
    ...{ isFallExplained: false, isDraining: true },
  };
  const first = believe(noBelief, look);
  t.equal(isAlone(noBelief, 1_000_000, refreshMs), false);
  t.equal(isAlone(first, 1_030_000, refreshMs), true);
  t.equal(isAlone(first, 1_030_001, refreshMs), false);
  const second = believe(first, { ...look, valueMs: 19_000, atMs: 1_005_000 });
  t.equal(isAlone(second, 1_005_000, refreshMs), false);
  const later = believe(second, { ...look, valueMs: 500_000, atMs: 1_051_000 });
  t.equal(isAlone(later, 1_051_000, refreshMs), true, 'a silence');
  const other = believe(second, { ...look, valueMs: 500_000, atMs: 1_051_000, silentAfterMs: 180_000 });
  t.equal(isAlone(other, 1_051_000, refreshMs), false, 'nobody has looked since: no silence');
});
