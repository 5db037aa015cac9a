import fc from 'fast-check';
import t from 'tap';
import { expectedOf, rungsOf, stepsOf } from '../../../src/core/plan/bounds.ts';
import { chooseRung } from '../../../src/core/plan/choose-rung.ts';
import { rungs } from '../../../src/core/plan/plan.ts';
import { anyTimedPlan, plainStep } from './support/arbitrary-plans.ts';
import { names } from './support/plan-fixtures.ts';

fc.configureGlobal({ seed: 1, numRuns: 500 });

const from = { stage: 0, step: 0 };

/** full 70 s, short 70 s (as expected), forced 25 s, panic 5 s. */
const plan = {
  stages: [
    {
      name: 'a',
      steps: [plainStep({ id: '1.1', timeoutMs: 120_000, expectedMs: 50_000, minimumMs: 20_000 })],
    },
    {
      name: 'b',
      steps: [
        plainStep({
          id: '2.1',
          timeoutMs: 60_000,
          expectedMs: 20_000,
          minimumMs: 5000,
          powersOff: names('a'),
        }),
      ],
    },
  ],
};

t.test('the first that fits', async (t) => {
  const choose = (leftMs: number, current: (typeof rungs)[number] = 'full', learntMs = {}) =>
    chooseRung({ plan, from, learntMs, leftMs, current });
  t.match(choose(70_000), { rung: 'full', expectedMs: 70_000 });
  t.match(choose(69_999), { rung: 'forced', expectedMs: 25_000 });
  t.match(choose(24_999), { rung: 'panic', expectedMs: 5000 });
  t.match(choose(4999), { rung: 'panic', expectedMs: 5000 }, 'none fits');
  t.match(choose(-1), { rung: 'panic' });
  t.match(choose(Number.POSITIVE_INFINITY, 'forced'), { rung: 'forced' }, 'never up');
  t.match(choose(90_000, 'full', { '1.1': 100_000 }), { rung: 'short', expectedMs: 70_000 }, 'learnt');
});

t.test('why, with the figures that decided', async (t) => {
  const why = (leftMs: number) => chooseRung({ plan, from, learntMs: {}, leftMs, current: 'full' }).why;
  t.equal(
    why(30_000),
    '30 s left; full takes 1 min 10 s, short takes 1 min 10 s, forced takes 25 s: forced fits',
  );
  t.equal(
    why(1000),
    '1 s left; full takes 1 min 10 s, short takes 1 min 10 s, forced takes 25 s, panic takes 5 s: none fits, so panic',
  );
});

t.test('what is behind does not count', async (t) => {
  t.match(chooseRung({ plan, from: { stage: 1, step: 0 }, learntMs: {}, leftMs: 20_000, current: 'full' }), {
    rung: 'full',
    expectedMs: 20_000,
  });
});

const question = fc.record({
  plan: anyTimedPlan,
  learntMs: fc.dictionary(fc.constantFrom('1.1', '1.2', '2.1', '3.1'), fc.nat(1000)),
  current: fc.constantFrom(...rungs),
  pick: fc.nat(),
});

t.test('only downwards, never lower with more time, and lower only when it does not fit', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        question,
        fc.integer({ min: -10, max: 3000 }),
        fc.nat(3000),
        ({ plan, learntMs, current, pick }, leftMs, moreMs) => {
          const all = stepsOf(plan);
          const from = all[all.length === 0 ? 0 : pick % all.length]?.address ?? { stage: 0, step: 0 };
          const choose = (ms: number) => chooseRung({ plan, from, learntMs, leftMs: ms, current });
          const index = (ms: number) => rungs.indexOf(choose(ms).rung);
          const { rung, expectedMs } = choose(leftMs);
          const higher = rungsOf(plan).filter(
            (each) =>
              rungs.indexOf(each) >= rungs.indexOf(current) && rungs.indexOf(each) < rungs.indexOf(rung),
          );
          return (
            index(leftMs) >= rungs.indexOf(current) &&
            index(leftMs + moreMs) <= index(leftMs) &&
            expectedMs === expectedOf(plan, learntMs, rung, from) &&
            higher.every((each) => expectedOf(plan, learntMs, each, from) > leftMs)
          );
        },
      ),
    ),
  );
});
