import { parseNodeName } from '@hecate/proto/core/names.ts';
import fc from 'fast-check';
import t from 'tap';
import {
  boundOf,
  expectedOf,
  keptAt,
  keptSteps,
  rungsOf,
  stepBoundMs,
  stepExpectedMs,
  stepLimitMs,
  stepsOf,
} from '../../../src/core/plan/bounds.ts';
import { type Action, type Plan, type Rung, rungs, type Step } from '../../../src/core/plan/plan.ts';
import { anyStep, anyTimedPlan, plainStep } from './support/arbitrary-plans.ts';
import { names } from './support/plan-fixtures.ts';

fc.configureGlobal({ seed: 1, numRuns: 500 });

const alpha = parseNodeName('alpha');

t.test('limits of a step at each rung', async (t) => {
  const times = { timeoutMs: 100, expectedMs: 40, minimumMs: 10 };
  const limits = (step: Step) => rungs.map((rung) => stepLimitMs(step, rung));
  t.same(limits(plainStep(times)), [100, 40, 10, 10]);
  t.same(limits(plainStep({ ...times, minimumMs: 60 })), [100, 60, 60, 60]);
  t.same(limits(plainStep({ ...times, expectedMs: 300 })), [100, 100, 10, 10]);
  t.same(limits(plainStep({ ...times, minimumMs: 300 })), [100, 100, 100, 100]);
});

t.test('every method has its own time; a learnt duration counts up to the bound', async (t) => {
  const wait: Action = { type: 'wait', durationMs: 1 };
  const step = plainStep({ timeoutMs: 100, expectedMs: 40, minimumMs: 10, methods: [wait, wait, wait] });
  t.equal(stepBoundMs(step, 'full'), 300);
  t.equal(stepBoundMs(step, 'forced'), 30);
  t.equal(stepExpectedMs(step, 'full'), 40);
  t.equal(stepExpectedMs(step, 'full', { [step.id]: 250 }), 250);
  t.equal(stepExpectedMs(step, 'forced', { [step.id]: 250 }), 30);
  t.equal(stepExpectedMs(step, 'full', { toString: 1 }), 40);
});

t.test('what is kept', async (t) => {
  const gate = (id: string, state: 'online' | 'powered-off'): Step =>
    plainStep({
      id,
      methods: [
        {
          type: 'gate',
          gate: {
            sentence: id,
            condition: {
              type: 'node',
              node: alpha,
              state,
              address: undefined,
              probePort: 22,
            },
            intervalMs: 1,
            consecutive: 2,
          },
        },
      ],
    });
  const plan = {
    stages: [
      {
        name: 'a',
        steps: [
          plainStep({ id: '1.1' }),
          plainStep({ id: '1.2', dropAt: 'short' }),
          gate('1.3', 'powered-off'),
        ],
      },
      {
        name: 'b',
        steps: [
          plainStep({ id: '2.1', powersOff: names('alpha') }),
          gate('2.2', 'online'),
          gate('2.3', 'online'),
        ],
      },
      {
        name: 'c',
        steps: [gate('3.1', 'online'), plainStep({ id: '3.2', powersOff: names('b'), dropAt: 'panic' })],
      },
    ],
  };
  const kept = (rung: Rung) => keptSteps(plan, rung).map(({ step }) => step.id);
  t.same(kept('full'), ['1.1', '1.2', '1.3', '2.1', '2.2', '2.3', '3.1', '3.2']);
  t.same(kept('short'), ['1.1', '1.3', '2.1', '2.2', '2.3', '3.1', '3.2']);
  t.same(kept('forced'), kept('short'));
  t.same(kept('panic'), ['1.3', '2.1', '2.2']);
  t.equal(keptAt(plan, { stage: 9, step: 0 }, 'full'), false);
  t.same(
    stepsOf(plan, { stage: 1, step: 2 }).map(({ step }) => step.id),
    ['2.3', '3.1', '3.2'],
  );
});

t.test('a plan that powers nothing off has no panic', async (t) => {
  t.same(rungsOf({ stages: [{ name: 'a', steps: [plainStep({})] }] }), ['full', 'short', 'forced']);
  t.same(rungsOf({ stages: [{ name: 'a', steps: [plainStep({ powersOff: names('x') })] }] }), rungs);
});

/**
 * The contract read word by word: each method runs its operations in turns of `parallelism`, tries failed ones again
 * until its time is over, and ends at its limit at the latest; the next method begins when it has failed.
 */
function elapsedMs(step: Step, limitMs: number, durations: () => { ms: number; isGood: boolean }): number {
  let nowMs = 0;
  for (const method of step.methods) {
    const endMs = nowMs + limitMs;
    let waiting = method.type === 'operations' ? method.operations.map((_, index) => index) : [0];
    let isGood = true;
    while (waiting.length > 0 && nowMs < endMs) {
      const batch = waiting.slice(0, step.parallelism);
      const results = batch.map(durations);
      const failed = batch.filter((_, index) => results[index]?.isGood === false);
      nowMs = Math.min(endMs, nowMs + Math.max(1, ...results.map(({ ms }) => ms)));
      waiting = [...waiting.slice(step.parallelism), ...(step.onFailure === 'retry' ? failed : [])];
      if (failed.length > 0 && step.onFailure !== 'retry') isGood = false;
    }
    if (isGood && waiting.length === 0) return nowMs;
  }
  return nowMs;
}

t.test('no reading of a step takes longer than its bound, and the worst takes all of it', async (t) => {
  const outcome = fc.record({ ms: fc.nat(200), isGood: fc.boolean() });
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        anyStep,
        fc.constantFrom(...rungs),
        fc.array(outcome, { minLength: 1, maxLength: 30 }),
        (step, rung, outcomes) => {
          let next = 0;
          const taken = elapsedMs(
            step,
            stepLimitMs(step, rung),
            () => outcomes[next++ % outcomes.length] ?? { ms: 0, isGood: true },
          );
          const worst = elapsedMs(step, stepLimitMs(step, rung), () => ({
            ms: Number.MAX_SAFE_INTEGER,
            isGood: false,
          }));
          return taken <= stepBoundMs(step, rung) && worst === stepBoundMs(step, rung);
        },
      ),
    ),
  );
});

/** The sum, step by step, without any of the functions under test but those for one step. */
function bruteForce(
  plan: Pick<Plan, 'stages'>,
  rung: Rung,
  from: number,
  each: (step: Step) => number,
): number {
  let total = 0;
  let index = 0;
  plan.stages.forEach(({ steps }, stage) => {
    steps.forEach((step, position) => {
      if (index >= from && keptAt(plan, { stage, step: position }, rung)) total += each(step);
      index += 1;
    });
  });
  return total;
}

t.test('plans: the sum of what is kept, from any step on; lower rungs are never longer', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        anyTimedPlan,
        fc.dictionary(fc.constantFrom('1.1', '1.2', '2.1'), fc.nat(500)),
        fc.nat(),
        (plan, learntMs, pick) => {
          const all = stepsOf(plan);
          const from = all.length === 0 ? 0 : pick % all.length;
          const address = all[from]?.address;
          return rungs.every((rung, index) => {
            const bound = boundOf(plan, rung, address);
            const expected = expectedOf(plan, learntMs, rung, address);
            const lower = rungs[index + 1] ?? rung;
            return (
              bound === bruteForce(plan, rung, from, (step) => stepBoundMs(step, rung)) &&
              expected === bruteForce(plan, rung, from, (step) => stepExpectedMs(step, rung, learntMs)) &&
              expected <= bound &&
              boundOf(plan, lower, address) <= bound &&
              expectedOf(plan, learntMs, lower, address) <= expected
            );
          });
        },
      ),
    ),
  );
});
