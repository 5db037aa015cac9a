/**
 * Crash points of a cluster of seven hosts: two servers, three agents, storage, and the coordinator. They are too many to
 * try all, and pairs and triples of them even more so: a sample, out of a seed. `HECATE_CRASH_SEED=NUMBER` plays another
 * one, `HECATE_CRASHES=NUMBER` a larger one.
 */
import t from 'tap';
import { seededRandom } from '../../proto/test/support/simulated-link.ts';
import type { CrashKeeps } from './runs-disk.ts';
import { type Crash, type ExhaustiveCase, runWithCrashes } from './runs-exhaustive.ts';
import { caseOf, maintenance, named, siteOf } from './runs-exhaustive-cases.ts';

t.setTimeout(process.env.HECATE_CRASHES ? 0 : 300_000);

const seed = Number(process.env.HECATE_CRASH_SEED ?? '1');
const samplesCount = Number(process.env.HECATE_CRASHES ?? '250');
const keepings: readonly CrashKeeps[] = ['nothing', 'everything', 'a torn line'];

const large = siteOf(['coordinator', 'storage', 'server', 'server', 'agent', 'agent', 'agent']);
const cases: Readonly<Record<string, ExhaustiveCase>> = {
  'a sequence of three stages': caseOf(large, maintenance(large), { isOn: true, state: 'active' }),
  'a shutdown': caseOf(large, named(large, 'shutdown'), { isOn: true, state: 'active' }),
  'a startup from off': caseOf(large, named(large, 'startup'), { isOn: false, state: 'inactive' }),
};

for (const [name, each] of Object.entries(cases)) {
  t.test(name, async (t) => {
    const undisturbed = runWithCrashes(each);
    t.equal(undisturbed.violation, undefined);
    t.equal(undisturbed.outcome, 'done');
    const { firstEvent, lastEvent } = undisturbed;
    const random = seededRandom(seed);
    const below = (count: number): number => Math.floor(random() * count);
    const draw = (): Crash => {
      const of = random() < 0.5 ? 'manager' : below(each.fleet.inventory.nodes.length);
      return { of, afterEvent: firstEvent + 1 + below(lastEvent - firstEvent) };
    };
    const outcomes: Record<string, number> = {};
    for (let count = 0; count < samplesCount; count += 1) {
      const crashes = Array.from({ length: 1 + below(3) }, draw);
      const keeps = keepings[below(keepings.length)] ?? 'nothing';
      const { outcome, why, violation } = runWithCrashes(each, crashes, keeps);
      const what = `seed ${seed}: ${JSON.stringify(crashes)}, ${keeps} kept`;
      if (violation) t.fail(`${what}: ${violation}`);
      if (outcome === 'failed') t.fail(`${what}: ${why}`);
      outcomes[outcome ?? 'not begun'] = (outcomes[outcome ?? 'not begun'] ?? 0) + 1;
    }
    t.ok(outcomes.done, 'it is done after all');
    t.comment(`${lastEvent - firstEvent} crash points, ${JSON.stringify(outcomes)}`);
  });
}
