/**
 * Every planted bug against the simulator of runs, of power, and of two sites:
 * `npm run sim:mutants -- [--power] [--seeds N] [--only TEXT]`; with `--power`, those of power alone. Prints the seed that
 * found each; ends with 1 when one lives through all seeds.
 */
import { parseArgs } from 'node:util';
import { forwardMutants } from '../test/sim/forward-mutants.ts';
import { simulateForward } from '../test/sim/forward-simulation.ts';
import { powerMutants } from '../test/sim/power-mutants.ts';
import { simulatePower } from '../test/sim/power-simulation.ts';
import { mutants } from '../test/sim/runs-mutants.ts';
import { simulateRuns } from '../test/sim/runs-simulation.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5000' },
    only: { type: 'string', default: '' },
    power: { type: 'boolean', default: false },
  },
});
const seedsMax = Number(values.seeds);
let living = 0;
let count = 0;
console.log(`${'seeds'.padStart(6)}  ${'planted bug'.padEnd(50)}  found by`);
const ofPower = Object.entries(powerMutants).map(([name, mutation]) => ({
  name,
  mutation,
  simulate: simulatePower,
}));
const others = [
  ...Object.entries(mutants).map(([name, mutation]) => ({ name, mutation, simulate: simulateRuns })),
  ...Object.entries(forwardMutants).map(([name, mutation]) => ({
    name,
    mutation,
    simulate: simulateForward,
  })),
];
for (const { name, mutation, simulate } of values.power ? ofPower : [...ofPower, ...others]) {
  if (!name.includes(values.only)) continue;
  count += 1;
  const found = await firstViolation(simulate, mutation);
  if (!found) living += 1;
  const what = found?.violation.split('\n')[0]?.replace('Error: ', '') ?? 'NOT FOUND';
  console.log(`${String(found?.seed ?? seedsMax).padStart(6)}  ${name.padEnd(50)}  ${what}`);
}
console.log(`${count - living} of ${count} planted bugs were found, each within ${seedsMax} seeds`);
if (living > 0) process.exitCode = 1;

async function firstViolation(
  simulate: typeof simulateRuns | typeof simulatePower | typeof simulateForward,
  mutation: (typeof mutants)[string],
): Promise<{ seed: number; violation: string } | undefined> {
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    const { violation } = await simulate(seed, { mutation });
    if (violation) return { seed, violation };
  }
  return undefined;
}
