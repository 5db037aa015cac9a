/** Some of the planted bugs, those that few seeds find: that the simulator is able to fail. All: npm run sim:mutants. */
import t from 'tap';
import { mutants } from './runs-mutants.ts';
import { simulateRuns } from './runs-simulation.ts';

t.setTimeout(120_000);

const seedsMax = 150;
const some = [
  'skips fsync',
  'effects before their record',
  'a gate counts "sent" as done',
  'unknown is read as stopped',
  'powered off without a probe',
  'the order of stages is turned round',
  'the manager keeps its epoch',
  'a resume repeats operations under new ids',
  'the intent is not removed',
  'a withdrawal is not repeated',
  'the dead man is too early',
  'an abort past the point of no return',
  'a second trigger starts a second run',
  'a step never times out',
];

for (const name of some) {
  t.test(name, async (t) => {
    const mutation = mutants[name];
    if (!mutation) throw new Error(`no planted bug ${name}`);
    let found: string | undefined;
    for (let seed = 1; seed <= seedsMax && !found; seed += 1)
      found = simulateRuns(seed, { mutation }).violation;
    t.ok(found, `found within ${seedsMax} seeds`);
    t.comment(found?.split('\n')[0]);
  });
}
