import fc from 'fast-check';
import t from 'tap';
import { compilePlan } from '../../../src/core/plan/compile-plan.ts';
import { defaultSequences, sequencesOf } from '../../../src/core/plan/default-sequences.ts';
import { anyInventory } from './support/arbitrary-inventory.ts';
import { clusterInventory, inventoryOf, node, sequence, stage, step, stop } from './support/plan-fixtures.ts';

t.test('declared ones replace the built-in ones of their name; sorted', async (t) => {
  const own = sequence([stage('x', step(stop(['nas'], 'x.service')))], 'shutdown');
  const other = { ...own, name: 'maintenance' };
  const all = sequencesOf(clusterInventory(), [own, other]);
  t.same(
    all.map(({ name }) => name),
    ['maintenance', 'shutdown', 'startup'],
  );
  t.equal(all[1], own);
});

t.test('nothing is made up where there is nothing to do', async (t) => {
  t.same(defaultSequences(inventoryOf([])), []);
  t.same(
    defaultSequences(inventoryOf([node('pi', 'coordinator')])).map(({ name }) => name),
    ['shutdown'],
  );
});

t.test(
  'whatever the site is: both compile in both modes without a word, and power everything off once',
  async (t) => {
    const check = (inventory: ReturnType<typeof inventoryOf>): boolean =>
      defaultSequences(inventory).every((declared) =>
        (['poweroff', 'cluster-only'] as const).every((mode) => {
          const { plan, findings } = compilePlan({ inventory, sequence: declared, mode });
          const isEmpty = plan?.stages.length === 0;
          if (plan === undefined || (findings.length > 0 && !isEmpty)) return false;
          const off = plan.stages.flatMap(({ steps }) => steps.flatMap(({ powersOff }) => powersOff)).sort();
          const isAll =
            off.join() ===
            inventory.nodes
              .map(({ name }) => name)
              .sort()
              .join();
          return declared.name === 'shutdown' && mode === 'poweroff' ? isAll : off.length === 0;
        }),
      );
    t.doesNotThrow(() => fc.assert(fc.property(anyInventory, check), { seed: 1, numRuns: 300 }));
  },
);
