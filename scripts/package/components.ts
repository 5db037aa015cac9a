/** Which npm packages are in a bundle, by what esbuild really read: their versions and licences. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Component } from './package-file.ts';

const packageFolder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string | { readonly type: string };
}

/** What these name in another way than SPDX, or not at all: read off their LICENSE. */
const spdxNames: Readonly<Record<string, string>> = { jsbi: 'Apache-2.0', '@nornagon/put': 'MIT' };

function licenceOf({ name, license }: Manifest): string {
  const spdx = spdxNames[name] ?? license;
  if (typeof spdx === 'string') return spdx;
  throw new Error(
    `${name} does not name its licence: look at its LICENSE, and add it to ${import.meta.filename}`,
  );
}

/** @throws Error without one: a part whose terms are unknown is not shipped */
function licenceText(folder: string, name: string): string {
  const [file] = globSync('{LICENSE,LICENCE,license,licence,COPYING}{,.md,.txt}', { cwd: folder }).toSorted();
  if (!file) throw new Error(`${name} comes without the text of its licence`);
  return readFileSync(join(folder, file), 'utf8');
}

/**
 * The components of a bundle, sorted by name.
 * @param inputs of the metafile: files relative to the repository
 */
export function componentsOf(root: string, inputs: readonly string[]): Component[] {
  const folders = new Set(inputs.flatMap((input) => packageFolder.exec(input)?.[1] ?? []));
  const components = [...folders]
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => {
      const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
      return {
        name: manifest.name,
        version: manifest.version,
        licence: licenceOf(manifest),
        licenceText: licenceText(join(root, folder), manifest.name),
        url: `pkg:npm/${manifest.name.replace('@', '%40')}@${manifest.version}`,
      };
    });
  return components.toSorted((a, b) => (a.url < b.url ? -1 : 1));
}
