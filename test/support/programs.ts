/**
 * The programs as tests start them: those of the checkout, or with HECATE_PACKAGED_PROGRAMS, a folder below the checkout,
 * those that were unpacked there out of packages (`npm run test:packaged`).
 */
import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';

const repository = join(import.meta.dirname, '../..');
const folders = { 'hecate-agent': 'agent', 'hecate-manager': 'manager', hecatectl: 'ctl' } as const;
export type ProgramName = keyof typeof folders;

/** Relative to the repository, which nodes have elsewhere; undefined: the checkout's own programs. */
function packagedFolder(): string | undefined {
  const folder = process.env.HECATE_PACKAGED_PROGRAMS;
  if (folder === undefined || folder === '') return undefined;
  const inside = relative(repository, folder);
  if (inside.startsWith('..') || isAbsolute(inside))
    throw new Error(`HECATE_PACKAGED_PROGRAMS is ${folder}: nodes see only what is below ${repository}`);
  return inside;
}

/** Whether what is tested came out of packages. */
export const isPackaged = (): boolean => packagedFolder() !== undefined;

/** The script of a package, with the options of its first line; undefined: it is a program of its own. */
function script(folder: string, name: ProgramName): string[] | undefined {
  const file = ['mjs', 'cjs']
    .map((ending) => `${name}.${ending}`)
    .find((each) => existsSync(join(repository, folder, each)));
  if (file === undefined) return undefined;
  const [firstLine = ''] = readFileSync(join(repository, folder, file), 'utf8').split('\n', 1);
  const options = firstLine.startsWith('#!') ? firstLine.split(' ').slice(1) : [];
  return [...options, join(folder, file)];
}

/**
 * What starts a program.
 * @param root where the repository is, for who starts it
 */
export function programCommand(name: ProgramName, root = repository): string[] {
  const folder = packagedFolder();
  if (folder === undefined)
    return [join(root, 'node_modules/.bin/node'), join(root, folders[name], 'bin', `${name}.js`)];
  const packaged = script(folder, name);
  if (packaged === undefined) return [join(root, folder, name)];
  const options = packaged.slice(0, -1);
  return [join(root, folder, 'node'), ...options, join(root, packaged.at(-1) ?? '')];
}
