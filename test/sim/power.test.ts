/**
 * Sites with UPSes over random outages, telemetry and faults: no host is up when its feed is empty, unless its battery
 * died faster than it told; nothing shuts down without a cause; with mains back, everything comes up again. The same
 * twice. A seed that fails prints how to repeat it; it belongs into power-corpus/ then.
 */
import t from 'tap';
import { simulatePower } from './power-simulation.ts';
import { corpusSeeds } from './runs-corpus.ts';

t.setTimeout(300_000);

const seedsCount = 50;
/** In which comes up what is rare: a shutdown that is taken back while its run goes on. */
const rareSeeds = [75];
const twiceEvery = 6;
/** What the seeds must bring about, or they are not wild enough to prove anything. */
const sometimes = [
  'a UPS is empty',
  'an operator starts the site',
  'bootstrap: startup done',
  'calibration',
  'driver hangs',
  'flap',
  'inhibited',
  'late: the outage was too short',
  'manager killed with a trigger',
  'manager started on battery',
  'power run of all',
  'power run partial',
  'power shutdown aborted',
  'power shutdown done',
  'power startup done',
  'resumed on another boot',
  'restored',
  'rung panic',
  'silent on battery',
  'silent on mains',
  'spared',
  'taken back',
  "the coordinator's own poweroff done",
  'trigger forced-shutdown',
  'trigger runtime',
  'trigger silent',
  'trigger timer',
  'wrong look',
  'wrong runtime',
];

const repeat = (seed: number): string => `npm run sim -- --power --seeds 1 --seed ${seed} --verbose`;

t.test(`${seedsCount} seeds`, async (t) => {
  const happened = new Set<string>();
  const seeds = Array.from({ length: seedsCount }, (_, index) => index + 1);
  for (const seed of [...seeds, ...rareSeeds]) {
    const first = await simulatePower(seed);
    if (first.violation) t.fail(`seed ${seed}: ${first.violation.split('\n')[0]}`, { repeat: repeat(seed) });
    for (const what of first.happened.keys()) happened.add(what);
    if (seed % twiceEvery !== 0) continue;
    const second = await simulatePower(seed);
    if (second.trace !== first.trace)
      t.fail(`seed ${seed} does not give the same twice`, { repeat: repeat(seed) });
  }
  for (const what of sometimes) t.ok(happened.has(what), `it came up: ${what}`);
});

t.test('another seed gives another trace', async (t) => {
  t.not((await simulatePower(1)).trace, (await simulatePower(2)).trace);
});

t.test('seeds that once failed', async (t) => {
  for (const { seed, why } of corpusSeeds('power-corpus'))
    t.equal((await simulatePower(seed)).violation?.split('\n')[0], undefined, `${seed}: ${why}`, {
      repeat: repeat(seed),
    });
});
