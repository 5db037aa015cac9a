/**
 * The type checks: the whole, and the core folders once more without Node's types, so that a `node:` import, a
 * timer or `process` in a core folder does not compile.
 */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const tsc = resolve(root, 'node_modules/typescript/bin/tsc');

for (const project of ['tsconfig.json', 'tsconfig.core.json']) {
  const { status, error } = spawnSync(process.execPath, [tsc, '-p', project], {
    cwd: root,
    stdio: 'inherit',
  });
  if (error) throw error;
  if (status !== 0) {
    console.error(`${project}: the type check failed`);
    process.exitCode = 1;
  }
}
