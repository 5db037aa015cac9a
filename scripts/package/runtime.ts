/** The Node.js that all programs of the packages run on: stripped, so that a package is 27 MB instead of 33. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Component } from './package-file.ts';

export interface Runtime {
  /** The stripped program. */
  readonly path: string;
  readonly components: readonly Component[];
}

/** Keys of process.versions that are numbers of interfaces, not parts. */
const notParts = new Set(['modules', 'napi', 'node']);

/**
 * Strips the Node.js of the lock file.
 * @param folder where to put it
 * @throws Error when the lock file brings none for this machine, or `strip` (binutils) is missing
 */
export function makeRuntime(root: string, architecture: string, folder: string): Runtime {
  const source = join(root, 'node_modules', `node-linux-${architecture}`);
  if (!existsSync(source)) throw new Error(`${source} is not there: npm ci`);
  const path = join(folder, 'node');
  execFileSync('strip', ['--strip-unneeded', '-o', path, join(source, 'bin/node')]);
  const said = execFileSync(path, ['-p', 'JSON.stringify(process.versions)'], { encoding: 'utf8' });
  const versions = JSON.parse(said) as Record<string, string>;
  const node: Component = {
    name: 'node',
    version: versions.node ?? '',
    licence: 'MIT',
    licenceText: readFileSync(join(source, 'LICENSE'), 'utf8'),
    url: `pkg:npm/node-linux-${architecture}@${versions.node}`,
  };
  const parts = Object.entries(versions)
    .filter(([name, version]) => !notParts.has(name) && version !== '')
    .map(([name, version]) => ({
      name,
      version,
      licence: 'NOASSERTION',
      licenceText: '',
      url: `pkg:generic/${name}@${encodeURIComponent(version)}`,
    }));
  return { path, components: [node, ...parts] };
}
