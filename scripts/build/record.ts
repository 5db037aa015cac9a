/** What a bundle was made of, so that the next build knows whether it is stale. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

interface BuildRecord {
  /** Source file, relative to the repository → its stamp at the build. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Files made, relative to dist. */
  readonly outputs: readonly string[];
}

const recordFile = (dist: string, name: string): string => join(dist, `.${name}.build.json`);

/** The build itself counts as an input of every bundle. */
const builders = [
  'scripts/build.ts',
  ...['bundle', 'program', 'record'].map((name) => `scripts/build/${name}.ts`),
];
const describers = ['agent', 'manager', 'ctl'].flatMap((folder) => [
  `${folder}/build.json`,
  `${folder}/package.json`,
]);

function stamp(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs} ${stat.size}` : 'missing';
}

export function readRecord(dist: string, name: string): BuildRecord | undefined {
  try {
    return JSON.parse(readFileSync(recordFile(dist, name), 'utf8')) as BuildRecord;
  } catch {
    return undefined;
  }
}

export function isStale(root: string, dist: string, record: BuildRecord): boolean {
  if (record.outputs.some((output) => !existsSync(join(dist, output)))) return true;
  return Object.entries(record.inputs).some(([input, before]) => stamp(join(root, input)) !== before);
}

/** Each file is complete or old at any moment: two builds, or a build and a start, may run at once. */
async function writeAtomically(path: string, contents: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, contents);
  await rename(temporary, path);
}

export async function writeOutputs(files: readonly { path: string; contents: Uint8Array }[]): Promise<void> {
  for (const file of files) await writeAtomically(file.path, file.contents);
}

export async function writeRecord(
  root: string,
  dist: string,
  name: string,
  made: { inputs: readonly string[]; outputs: readonly string[] },
): Promise<void> {
  const inputs: Record<string, string> = {};
  for (const input of [...made.inputs, ...builders, ...describers]) inputs[input] = stamp(join(root, input));
  await writeAtomically(recordFile(dist, name), `${JSON.stringify({ inputs, outputs: made.outputs })}\n`);
}
