/**
 * Bundles the programs into dist/: one unminified file each.
 * Usage: node scripts/build.ts [--if-stale]
 *
 * A bundle starts in half the time of the loose sources, and is what the packages ship. Unminified, so that a
 * stack trace in a log can be read.
 */
import { rm } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { bundleProgram } from './build/bundle.ts';
import { readProgram } from './build/program.ts';
import { isStale, readRecord, writeOutputs, writeRecord } from './build/record.ts';

const root = resolve(import.meta.dirname, '..');
const dist = resolve(root, 'dist');

async function buildProgram(folder: string, onlyIfStale: boolean): Promise<void> {
  const program = readProgram(root, folder);
  if (!program) return;
  const record = readRecord(dist, program.name);
  if (onlyIfStale && record && !isStale(root, dist, record)) return;
  const result = await bundleProgram(program, { root, outdir: dist });
  await writeOutputs(result.outputFiles);
  const outputs = result.outputFiles.map((file) => relative(dist, file.path));
  for (const old of record?.outputs ?? []) {
    if (!outputs.includes(old)) await rm(resolve(dist, old), { force: true });
  }
  await writeRecord(root, dist, program.name, { inputs: Object.keys(result.metafile.inputs), outputs });
  for (const file of result.outputFiles) {
    console.log(`built ${relative(root, file.path)} ${(file.contents.length / 1024).toFixed(0)} KiB`);
  }
}

for (const folder of ['agent', 'manager', 'ctl']) {
  await buildProgram(folder, process.argv.includes('--if-stale'));
}
