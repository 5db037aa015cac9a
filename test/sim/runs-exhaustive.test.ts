/** Every crash point of manager and agents, in plans of up to three nodes and three stages. */
import t from 'tap';
import type { CrashKeeps } from './runs-disk.ts';
import { type ExhaustiveCase, runWithCrashes } from './runs-exhaustive.ts';
import { caseOf, maintenance, named, siteOf } from './runs-exhaustive-cases.ts';

t.setTimeout(300_000);

const three = siteOf(['coordinator', 'other', 'other']);
const cluster = siteOf(['coordinator', 'server', 'agent']);
const cases: Readonly<Record<string, ExhaustiveCase>> = {
  'a sequence of three stages on three nodes': caseOf(three, maintenance(three), {
    isOn: true,
    state: 'active',
  }),
  'a shutdown of three nodes': caseOf(three, named(three, 'shutdown'), { isOn: true, state: 'active' }),
  'a shutdown of a cluster': caseOf(cluster, named(cluster, 'shutdown'), { isOn: true, state: 'active' }),
  'a startup from off': caseOf(cluster, named(cluster, 'startup'), { isOn: false, state: 'inactive' }),
};
/** What is on its way to the manager's disk decides most; of an agent's the beginnings of operations. */
const crashesOf = (of: 'manager' | number): readonly CrashKeeps[] =>
  of === 'manager' ? ['nothing', 'everything', 'a torn line'] : ['nothing'];

for (const [name, each] of Object.entries(cases)) {
  t.test(name, async (t) => {
    const undisturbed = runWithCrashes(each);
    t.equal(undisturbed.violation, undefined);
    t.equal(undisturbed.outcome, 'done');
    const { firstEvent, lastEvent } = undisturbed;
    const outcomes: Record<string, number> = {};
    for (const of of ['manager', ...each.fleet.inventory.nodes.keys()] as const) {
      for (let afterEvent = firstEvent + 1; afterEvent <= lastEvent; afterEvent += 1) {
        for (const kept of crashesOf(of)) {
          const { outcome, why, violation } = runWithCrashes(each, [{ of, afterEvent }], kept);
          if (violation) t.fail(`${of} killed after event ${afterEvent}, ${kept} kept: ${violation}`);
          if (outcome === 'failed') t.fail(`${of} killed after event ${afterEvent}, ${kept} kept: ${why}`);
          outcomes[outcome ?? 'not begun'] = (outcomes[outcome ?? 'not begun'] ?? 0) + 1;
        }
      }
    }
    t.ok(outcomes.done, 'it is done after all');
    t.comment(`${lastEvent - firstEvent} crash points, ${JSON.stringify(outcomes)}`);
  });
}
