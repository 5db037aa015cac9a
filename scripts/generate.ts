/**
 * Writes everything that is generated; with --check writes nothing and fails when a file is not current.
 * Each entry: the file, and the function that gives its text.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { completions } from './generate/completion.ts';
import { generateConfigReference } from './generate/config-reference.ts';
import { generateConfigSchema } from './generate/config-schema.ts';
import { exitCodesPage } from './generate/exit-codes.ts';
import { manPages } from './generate/man.ts';
import { managerPage } from './generate/manager-man.ts';
import { protocolPage } from './generate/protocol-tables.ts';
import { runsPage } from './generate/runs-tables.ts';
import { generateWire } from './generate/wire.ts';

const root = resolve(import.meta.dirname, '..');

/** File (relative to the repository) → its text. */
export const generated: Record<string, () => string | Promise<string>> = {
  'docs/config.md': generateConfigReference,
  'docs/exit-codes.md': exitCodesPage,
  'docs/protocol.md': protocolPage,
  'docs/runs.md': runsPage,
  'manager/config.schema.json': generateConfigSchema,
  'packaging/man/hecate-manager.8': managerPage,
  'proto/src/generated/wire.ts': generateWire,
  ...completions,
  ...manPages,
};

function current(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const check = process.argv.includes('--check');
  let stale = 0;
  for (const [name, generate] of Object.entries(generated)) {
    const file = resolve(root, name);
    const text = await generate();
    if (current(file) === text) continue;
    stale += 1;
    if (check) {
      console.error(`${name} is not current: run npm run generate`);
      continue;
    }
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.error(`generated ${name}`);
  }
  if (check && stale > 0) process.exitCode = 1;
}
