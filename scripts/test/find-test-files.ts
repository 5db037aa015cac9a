import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Benchmarks are not tests; fixtures are tests of the test command that must fail. */
const left = /(^|\/)(node_modules|dist|fixtures|\.[^/]+)(\/|$)|^test\/bench\//;
/**
 * @param paths files or folders relative to the repository; none: everything. What is named itself is found
 *   even where discovery does not look.
 * @returns test files relative to the repository
 */
export function findTestFiles(root: string, paths: readonly string[]): string[] {
  const all = paths.length === 0 ? filesIn(root, '') : paths.flatMap((path) => filesIn(root, path));
  return [...new Set(all)].toSorted();
}

function filesIn(root: string, path: string): string[] {
  if (path !== '' && statSync(join(root, path), { throwIfNoEntry: false })?.isFile()) return [path];
  const cwd = join(root, path);
  const exclude = (name: string): boolean => left.test(path === '' ? name : `x/${name}`);
  return globSync('**/*.test.ts', { cwd, exclude }).map((name) => join(path, name));
}
