/**
 * The simulator of whole runs, seed by seed, each twice: `npm run sim -- --seeds N --seed S [--power] [--verbose]`;
 * with `--power`, of sites with UPSes, and with `--sites 2` of one that forwards to another. Ends with 1 at the first seed that breaks a promise, and prints the command that
 * repeats it. `--update-scenarios` writes the golden output of test/scenarios anew instead.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { simulateForward } from '../test/sim/forward-simulation.ts';
import { simulatePower } from '../test/sim/power-simulation.ts';
import { playScenario } from '../test/sim/runs-scenario.ts';
import { simulateRuns } from '../test/sim/runs-simulation.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
    power: { type: 'boolean', default: false },
    sites: { type: 'string', default: '1' },
    once: { type: 'boolean', default: false },
    'update-scenarios': { type: 'boolean', default: false },
  },
});
const first = Number(values.seed);
const count = Number(values.seeds);
if (!Number.isInteger(first) || !Number.isInteger(count) || count < 1) {
  console.error('npm run sim -- --seeds N --seed S [--power [--sites 2]] [--verbose]');
  process.exit(2);
}

if (values['update-scenarios']) {
  await updateScenarios(join(import.meta.dirname, '../test/scenarios'));
  process.exit(0);
}

async function updateScenarios(folder: string): Promise<void> {
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.txt'))) {
    const path = join(folder, name);
    writeFileSync(path, await playScenario(readFileSync(path, 'utf8')));
    console.log(name);
  }
}

const hasTwoSites = values.power && values.sites === '2';
const simulate = hasTwoSites ? simulateForward : values.power ? simulatePower : simulateRuns;
const startedMs = performance.now();
const happened = new Map<string, number>();
let runs = 0;
let failedSeed: number | undefined;
for (let seed = first; seed < first + count && failedSeed === undefined; seed += 1) {
  const result = await simulate(seed, { isVerbose: values.verbose });
  if (values.verbose) console.log(result.lines.join('\n'));
  for (const [what, times] of result.happened) happened.set(what, (happened.get(what) ?? 0) + times);
  runs += result.runs;
  const again = values.once ? result.trace : (await simulate(seed)).trace;
  if (result.violation) {
    console.error(`seed ${seed}: ${result.violation}`);
    failedSeed = seed;
  } else if (again !== result.trace) {
    console.error(`seed ${seed}: it does not give the same twice`);
    failedSeed = seed;
  }
  const done = seed - first + 1;
  if (done % 1000 === 0) progress(done);
}

function progress(done: number): void {
  const minutes = (performance.now() - startedMs) / 60_000;
  console.log(`${done} seeds, ${runs} runs, ${Math.round(done / minutes)} seeds a minute`);
}

if (failedSeed !== undefined) {
  const kind = hasTwoSites ? '--power --sites 2 ' : values.power ? '--power ' : '';
  console.error(`repeat it: npm run sim -- ${kind}--seeds 1 --seed ${failedSeed} --verbose`);
  process.exitCode = 1;
} else {
  progress(count);
  for (const [what, times] of [...happened].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`${String(times).padStart(9)} ${what}`);
}
