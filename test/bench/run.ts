/**
 * `npm run bench [-- NAME…]`: runs benchmarks one after the other, prints their ratios, and keeps the raw figures
 * under bench/results/. Nothing here passes or fails: machines differ, ratios of one run are what can be compared. On a
 * machine that has other things to do: `chrt -r 5 npm run bench` (sched(7)); that is said with the result, too.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { commands } from './commands.ts';
import { journalAppend } from './journal-append.ts';
import { memory } from './memory.ts';
import { operationLatency } from './operation-latency.ts';
import { powerLatency } from './power-latency.ts';
import type { BenchResult } from './result.ts';
import { runs } from './runs.ts';
import { simulatedAgents } from './simulated-agents.ts';

const benches: Record<string, () => Promise<BenchResult>> = {
  'operation-latency': operationLatency,
  'journal-append': journalAppend,
  commands,
  memory,
  'simulated-agents': simulatedAgents,
  runs,
  'power-latency': powerLatency,
};

const folder = join(import.meta.dirname, '..', '..', 'bench', 'results');

/** Others on the machine make every figure worse: said with the result, as the mean of the run's two ends. */
let loadBefore = 0;

/** Whether its turn comes before everybody's with an ordinary policy: field 41 of proc_pid_stat(5). */
function isRealTime(): boolean {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
  return [1, 2].includes(Number(fields[38]));
}

function keep(result: BenchResult): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${result.name}.json`);
  const load = Math.round((loadBefore + (loadavg()[0] ?? 0)) * 50) / 100;
  const machine = {
    cpu: cpus()[0]?.model ?? '',
    cores: cpus().length,
    node: process.version,
    load,
    isRealTime: isRealTime(),
  };
  writeFileSync(file, `${JSON.stringify({ ...result, at: new Date().toISOString(), machine })}\n`);
  return file;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(`no benchmark ${unknown.join(', ')}; there are: ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}
// The bundles are what is installed, and what is measured.
const built = spawnSync(process.execPath, [
  join(import.meta.dirname, '../../scripts/build.ts'),
  '--if-stale',
]);
if (built.status !== 0) {
  process.stderr.write(`the programs could not be built: ${built.stderr}\n`);
  process.exit(1);
}
// Costs a Node program up to 37 ms of start-up, and is nothing of ours.
delete process.env.NODE_EXTRA_CA_CERTS;
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stdout.write(`${name} …\n`);
  loadBefore = loadavg()[0] ?? 0;
  const result = await bench();
  const file = keep(result);
  for (const line of result.lines) process.stdout.write(`  ${line}\n`);
  const ratios = Object.entries(result.ratios).map(([key, value]) => `${key} ${value}`);
  process.stdout.write(`  ratios: ${ratios.join(', ')} (aim: ${result.aim})\n  raw figures: ${file}\n`);
}
