/** The budget: what past runs have taught, and the hosts that nobody waits for. */
import t from 'tap';
import { powerBudget } from '../../../../src/core/power/site/power-budget.ts';
import type { PastRun, PastStep } from '../../../../src/core/runs/past-run.ts';
import { gate, operations, planOf, poweroff, step, stopAll } from '../../../support/run-plans.ts';

const plan = planOf(
  [
    [step(stopAll('a', 'b'))],
    [step(operations([poweroff('a')])), step(gate(['a'], 'powered-off'))],
    [step(operations([poweroff('pi')]))],
  ],
  { coordinator: 'pi' },
);
const declaredMs = 300_000;

const pastStep = (id: string, durationMs: number): PastStep => ({
  id,
  learnKey: `key ${id}`,
  name: '',
  stage: '',
  outcome: 'done',
  durationMs,
  hasTimedOut: false,
});

const pastRun = (index: number, durations: Readonly<Record<string, number>>): PastRun => ({
  id: `run-${index}`,
  plan: plan.name,
  kind: 'shutdown',
  mode: 'poweroff',
  outcome: 'done',
  isDryRun: false,
  isRehearsal: false,
  startedWallMs: index,
  durationMs: 0,
  steps: Object.entries(durations).map(([id, durationMs]) => pastStep(id, durationMs)),
});

/** What its next boot finds of the coordinator's own poweroff: hours. */
const usual = { '1.1': 20_000, '2.1': 1000, '2.2': 9000, '3.1': 9_000_000 };
const many = (count: number, durations: Readonly<Record<string, number>> = usual) =>
  Array.from({ length: count }, (_, index) => pastRun(index, durations));

t.test('learnt: the steps, and the coordinator as slow as the slowest host that was measured', async (t) => {
  const coordinatorMs = plan.stages[2]?.steps[0]?.expectedMs ?? 0;
  t.same(powerBudget({ plan, history: many(3), declaredMs }), {
    budgetMs: 20_000 + 1000 + 9000 + coordinatorMs + 10_000,
    source: 'learnt',
    samples: 3,
    tails: [{ node: 'pi', tailMs: 10_000, isMeasured: true }],
    warning: '',
  });
});

t.test(
  'nobody has taught it, and its plan takes longer than was declared: that is an estimate',
  async (t) => {
    const { budgetMs, source } = powerBudget({ plan, history: [], declaredMs: 1000 });
    t.equal(source, 'estimated');
    t.ok(budgetMs > 1000);
  },
);

t.test('under three runs never less than what is declared, and a warning', async (t) => {
  for (const count of [0, 1, 2]) {
    const budget = powerBudget({ plan, history: many(count), declaredMs });
    t.equal(budget.budgetMs, declaredMs, `${count}`);
    t.equal(budget.source, 'declared');
    t.equal(budget.samples, count);
    t.match(
      budget.warning,
      /^(no run has|one run has|2 runs have) taught it: the declared budget counts, 5 min; /,
    );
  }
});

t.test('under three runs more than what is declared, where one took longer', async (t) => {
  const budget = powerBudget({ plan, history: many(1, { ...usual, '1.1': 25_000 }), declaredMs: 20_000 });
  t.ok(budget.budgetMs > 35_000);
  t.equal(budget.source, 'learnt');
  t.match(budget.warning, /^one run has taught it: what is known of its steps counts/);
});

t.test('a step that no run has carried out is not known', async (t) => {
  const history = many(5, { '1.1': 20_000 });
  t.equal(powerBudget({ plan, history, declaredMs }).samples, 0);
});

t.test('nobody measured: half a minute for the last host', async (t) => {
  const { tails } = powerBudget({ plan, history: [], declaredMs });
  t.same(tails, [{ node: 'pi', tailMs: 30_000, isMeasured: false }]);
});

t.test('without a plan: as declared', async (t) => {
  const { budgetMs, source, warning } = powerBudget({ plan: undefined, history: [], declaredMs });
  t.same([budgetMs, source], [declaredMs, 'declared']);
  t.match(warning, /no plan/);
});
