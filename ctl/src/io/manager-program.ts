/** Where the manager's program is on this host. */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';

const name = 'hecate-manager';

/**
 * Beside this program, in PATH, or in the tree that both were unpacked into.
 * @param self this program, as it was called
 * @returns its command line; undefined: it is not installed
 */
export function managerProgram(self: string, path: string): readonly string[] | undefined {
  const real = realOrSame(self);
  const folders = [dirname(self), dirname(real), ...path.split(delimiter).filter(Boolean)];
  const found = folders.map((folder) => resolve(folder, name)).find(isProgram);
  if (found !== undefined) return [found];
  const script = join(dirname(real), `../../manager/bin/${name}.js`);
  return isFile(script) ? [process.execPath, script] : undefined;
}

function realOrSame(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return isFile(path);
  } catch {
    return false;
  }
}
