import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Benchmarks are not tests; fixtures are tests of the test command that must fail. */
const left = /(^|\/)(node_modules|dist|fixtures|\.[^/]+)(\/|$)|^test\/bench\//;
/** What boots whole systems takes longest, so it begins first. */
const slowFirst = ['test/e2e/', 'test/nodes/'];

function rank(file: string): number {
  const index = slowFirst.findIndex((folder) => file.startsWith(folder));
  return index < 0 ? slowFirst.length : index;
}

/**
 * @param paths files or folders relative to the repository; none: everything. What is named itself is found
 *   even where discovery does not look.
 * @returns test files relative to the repository, in the order to run them
 */
export function findTestFiles(root: string, paths: readonly string[]): string[] {
  const all = paths.length === 0 ? filesIn(root, '') : paths.flatMap((path) => filesIn(root, path));
  return [...new Set(all)].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function filesIn(root: string, path: string): string[] {
  if (path !== '' && statSync(join(root, path), { throwIfNoEntry: false })?.isFile()) return [path];
  const cwd = join(root, path);
  const exclude = (name: string): boolean => left.test(path === '' ? name : `x/${name}`);
  return globSync('**/*.test.ts', { cwd, exclude }).map((name) => join(path, name));
}
