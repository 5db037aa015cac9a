/** Prints one run: `node test/sim/operations-replay.ts model|core SEED`. Ends with 1 when a promise was broken. */
import { coreBrain } from './operations-core-agent.ts';
import { modelBrain } from './operations-model-agent.ts';
import { simulateOperations } from './operations-simulation.ts';

const [name, seed] = process.argv.slice(2);
if ((name !== 'model' && name !== 'core') || !Number.isInteger(Number(seed))) {
  console.error('node test/sim/operations-replay.ts model|core SEED');
  process.exit(2);
}
const { log, violation } = simulateOperations(Number(seed), name === 'core' ? coreBrain : modelBrain);
console.log(log);
if (violation) {
  console.error(violation);
  process.exitCode = 1;
}
