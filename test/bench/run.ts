/**
 * `npm run bench [-- NAME…]`: runs benchmarks one after the other, prints their ratios, and keeps the raw figures
 * under bench/results/. Nothing here passes or fails: machines differ, ratios of one run are what can be compared.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { operationLatency } from './operation-latency.ts';
import type { BenchResult } from './result.ts';

const benches: Record<string, () => Promise<BenchResult>> = {
  'operation-latency': operationLatency,
};

const folder = join(import.meta.dirname, '..', '..', 'bench', 'results');

function keep(result: BenchResult): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${result.name}.json`);
  const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, node: process.version };
  writeFileSync(file, `${JSON.stringify({ ...result, at: new Date().toISOString(), machine })}\n`);
  return file;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(`no benchmark ${unknown.join(', ')}; there are: ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stdout.write(`${name} …\n`);
  const result = await bench();
  const file = keep(result);
  for (const line of result.lines) process.stdout.write(`  ${line}\n`);
  const ratios = Object.entries(result.ratios).map(([key, value]) => `${key} ${value}`);
  process.stdout.write(`  ratios: ${ratios.join(', ')} (aim: ${result.aim})\n  raw figures: ${file}\n`);
}
