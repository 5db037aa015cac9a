/**
 * Whole runs over hundreds of random sites, plans and faults: safety while anything fails, an end when nothing does any
 * more, the same twice. A seed that fails prints how to repeat it; it belongs into corpus/ then.
 */
import t from 'tap';
import { corpusSeeds } from './runs-corpus.ts';
import { simulateRuns } from './runs-simulation.ts';

t.setTimeout(300_000);

const seedsCount = 400;
/** What the seeds must bring about, or they are not wild enough to prove anything. */
const sometimes = [
  'abort',
  'crash between intent and apply',
  "dead man's order carried out",
  'disk full',
  'job ended while the agent was down',
  'join',
  'lost operation asked for again',
  'order begun',
  'order withdrawn late',
  'pre-emption',
  'refused HEC_NO_RETURN',
  'refused HEC_RUN_ACTIVE',
  'resumed on another boot',
  'rung chosen',
  'rung forced',
  'rung panic',
  'rung short',
  'shutdown degraded',
  'shutdown done',
  'stale epoch refused',
  'startup done',
  "the coordinator's own poweroff done",
  'torn tail cut',
];

const repeat = (seed: number): string => `npm run sim -- --seeds 1 --seed ${seed} --verbose`;

t.test(`${seedsCount} seeds, each twice`, async (t) => {
  const happened = new Set<string>();
  for (let seed = 1; seed <= seedsCount; seed += 1) {
    const first = simulateRuns(seed);
    if (first.violation) t.fail(`seed ${seed}: ${first.violation.split('\n')[0]}`, { repeat: repeat(seed) });
    const second = simulateRuns(seed);
    if (second.trace !== first.trace)
      t.fail(`seed ${seed} does not give the same twice`, { repeat: repeat(seed) });
    for (const what of first.happened.keys()) happened.add(what);
  }
  for (const what of sometimes) t.ok(happened.has(what), `it came up: ${what}`);
});

t.test('another seed gives another trace', async (t) => {
  t.not(simulateRuns(1).trace, simulateRuns(2).trace);
});

t.test('seeds that once failed', async (t) => {
  for (const { seed, why } of corpusSeeds())
    t.equal(simulateRuns(seed).violation?.split('\n')[0], undefined, `${seed}: ${why}`, {
      repeat: repeat(seed),
    });
});
