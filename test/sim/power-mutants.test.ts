/** Some of the planted bugs of power, those that few seeds find: that the simulator is able to fail. All: npm run sim:mutants. */
import t from 'tap';
import { powerMutants } from './power-mutants.ts';
import { simulatePower } from './power-simulation.ts';

t.setTimeout(300_000);

const seedsMax = 20;
const some = [
  'the threshold is half of what is needed',
  'a trigger is not persisted',
  'nothing is taken back',
  'the end of a run is not heard of',
];

for (const name of some) {
  t.test(name, async (t) => {
    const mutation = powerMutants[name];
    if (!mutation) throw new Error(`no planted bug ${name}`);
    let found: string | undefined;
    for (let seed = 1; seed <= seedsMax && !found; seed += 1)
      found = (await simulatePower(seed, { mutation })).violation;
    t.ok(found, `found within ${seedsMax} seeds`);
    t.comment(found?.split('\n')[0]);
  });
}
