/**
 * Writes the golden frames of a version that is about to be released: proto/test/golden/vVERSION/NAME.bin, the
 * bytes on the wire, and NAME.json, what they mean. A later version must read the same out of the same bytes.
 * Usage: node scripts/add-golden-frames.ts VERSION [--missing | --replace]
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { encodeFrame } from '../proto/src/core/codec.ts';
import { toGoldenJson } from '../proto/test/support/golden-json.ts';
import { sampleFrames } from '../proto/test/support/sample-frames.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Only for a version that was never released. */
    replace: { type: 'boolean', default: false },
    /** Of what can be said since the version's frames were written; those that are there stay as they are. */
    missing: { type: 'boolean', default: false },
  },
});
const [version] = positionals;

function addFrames(folder: string): number {
  mkdirSync(folder, { recursive: true });
  const frames = [...sampleFrames()].filter(([name]) => !existsSync(join(folder, `${name}.bin`)));
  for (const [name, body] of frames) {
    writeFileSync(join(folder, `${name}.bin`), encodeFrame(body));
    writeFileSync(join(folder, `${name}.json`), toGoldenJson(body));
  }
  return frames.length;
}

if (!version || !/^\d+\.\d+\.\d+$/.test(version)) {
  console.error('expected a version such as 0.2.0');
  process.exitCode = 2;
} else {
  const folder = resolve(import.meta.dirname, `../proto/test/golden/v${version}`);
  if (existsSync(folder) && !values.replace && !values.missing) {
    console.error(`${folder} exists: the frames of a released version are never changed`);
    process.exitCode = 1;
  } else {
    if (!values.missing) rmSync(folder, { recursive: true, force: true });
    console.log(`${addFrames(folder)} frames in ${folder}`);
  }
}
