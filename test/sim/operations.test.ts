/**
 * The promises about operations, over hundreds of random runs of the manager's machine: once with an agent in the
 * words of its promises, once with the agent's own core. A seed that fails prints how to replay it.
 */
import t from 'tap';
import type { MakeBrain } from './operations-agent.ts';
import { coreBrain } from './operations-core-agent.ts';
import { modelBrain } from './operations-model-agent.ts';
import { simulateOperations } from './operations-simulation.ts';

const seedsCount = 200;
const brains: Readonly<Record<string, MakeBrain>> = { model: modelBrain, core: coreBrain };

for (const [name, makeBrain] of Object.entries(brains)) {
  t.test(`${seedsCount} seeds with the ${name} agent`, async (t) => {
    const answers: Record<string, number> = {};
    for (let seed = 1; seed <= seedsCount; seed += 1) {
      const { violation, answersByStatus } = simulateOperations(seed, makeBrain);
      if (violation) {
        t.fail(`seed ${seed}: ${violation.split('\n')[0]}`, {
          replay: `node test/sim/operations-replay.ts ${name} ${seed}`,
        });
      }
      for (const [status, count] of Object.entries(answersByStatus))
        answers[status] = (answers[status] ?? 0) + count;
    }
    t.comment(`answers: ${JSON.stringify(answers)}`);
    for (const status of ['done', 'failed', 'timeout', 'refused', 'offline', 'unknown'])
      t.ok((answers[status] ?? 0) > 10, `the runs are wild enough to bring answers of ${status}`);
  });

  t.test(`the same seed twice with the ${name} agent gives the same log`, async (t) => {
    const first = simulateOperations(7, makeBrain);
    t.ok(first.log.length > 1000);
    t.equal(simulateOperations(7, makeBrain).log, first.log);
    t.not(simulateOperations(8, makeBrain).log, first.log);
  });
}
