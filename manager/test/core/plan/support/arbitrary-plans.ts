/** Plans for property tests: what bounds and rungs look at, in any combination. */
import fc from 'fast-check';
import type { Timed } from '../../../../src/core/plan/bounds.ts';
import { type Action, rungs, type Step } from '../../../../src/core/plan/plan.ts';
import { names } from './plan-fixtures.ts';

export const plainStep = (more: Partial<Step>): Step => ({
  id: '1.1',
  name: 'a step',
  learnKey: 'a/step',
  methods: [{ type: 'wait', durationMs: 1 }],
  parallelism: 1,
  timeoutMs: 100,
  expectedMs: 50,
  minimumMs: 10,
  onFailure: 'abort',
  dropAt: undefined,
  powersOff: [],
  ...more,
});

const nodes = names('a', 'b', 'c', 'd', 'e');

const operations = (count: number): Action => ({
  type: 'operations',
  operations: nodes
    .slice(0, count)
    .map((node) => ({ node, verb: 'stop', unit: 'x.service', options: undefined })),
  successBy: 'outcome',
  isMissingUnitDone: false,
});

const [first = 'a'] = nodes;
const gate: Action = {
  type: 'gate',
  gate: {
    sentence: 'it answers',
    condition: { type: 'tcp', host: first, port: 1 },
    intervalMs: 1,
    consecutive: 1,
  },
};

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  fc.integer({ min: 1, max: 5 }).map(operations),
  fc.constant(gate),
);

export const anyStep: fc.Arbitrary<Step> = fc
  .record({
    methods: fc.array(anyAction, { minLength: 1, maxLength: 3 }),
    parallelism: fc.integer({ min: 1, max: 5 }),
    timeoutMs: fc.integer({ min: 1, max: 300 }),
    expectedMs: fc.integer({ min: 1, max: 400 }),
    minimumMs: fc.integer({ min: 1, max: 400 }),
    onFailure: fc.constantFrom('abort' as const, 'continue' as const, 'retry' as const),
    dropAt: fc.option(fc.constantFrom(...rungs), { nil: undefined, freq: 5 }),
    powersOff: fc.constantFrom([], [], names('a'), names('b')),
  })
  .map(plainStep);

export const anyTimedPlan: fc.Arbitrary<Timed> = fc
  .array(fc.array(anyStep, { minLength: 1, maxLength: 4 }), { maxLength: 4 })
  .map((stages) => ({
    stages: stages.map((steps, stage) => ({
      name: `s${stage + 1}`,
      steps: steps.map((step, index) => ({ ...step, id: `${stage + 1}.${index + 1}` })),
    })),
  }));
