/** The programs as they are installed: the bundle under /usr/lib/hecate/bin, and a name for it in /usr/bin. */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { bundleProgram } from '../build/bundle.ts';
import { type Program, readProgram } from '../build/program.ts';
import { componentsOf } from './components.ts';
import type { Component, PackageFile } from './package-file.ts';

/** A folder called bin: what SELinux's policies of Fedora and its kin take programs to be in. */
export const programFolder = '/usr/lib/hecate/bin';
export const runtimePath = `${programFolder}/node`;

export interface InstalledProgram {
  readonly files: readonly PackageFile[];
  readonly components: readonly Component[];
}

/** The options of Node.js that a program's first line gives it, such as `--max-semi-space-size=1`. */
function nodeOptions(root: string, folder: string, name: string): string {
  const [firstLine = ''] = readFileSync(join(root, folder, 'bin', `${name}.js`), 'utf8').split('\n', 1);
  return / -S node( .*)$/.exec(firstLine)?.[1] ?? '';
}

/** The bundle, with a first line that makes it a program. @throws Error when the package has no program */
export async function installProgram(
  root: string,
  folder: string,
  version: string,
): Promise<InstalledProgram> {
  const program = readProgram(root, folder);
  if (!program) throw new Error(`${folder} has no program`);
  const result = await bundleProgram(program, { root, outdir: programFolder, version });
  const entry = `${program.name}.${program.format === 'cjs' ? 'cjs' : 'mjs'}`;
  const files = result.outputFiles.map(({ path, contents }): PackageFile => {
    const name = relative(programFolder, path);
    if (name !== entry) return { target: path, source: { contents } };
    return {
      target: path,
      source: { contents: withFirstLine(root, folder, program, contents) },
      mode: 0o755,
    };
  });
  const link: PackageFile = {
    target: `/usr/bin/${program.name}`,
    source: { link: `../lib/hecate/bin/${entry}` },
  };
  return {
    files: [...files, link],
    components: componentsOf(root, Object.keys(result.metafile.inputs)),
  };
}

function withFirstLine(root: string, folder: string, program: Program, contents: Uint8Array): Buffer {
  const line = `#!${runtimePath}${nodeOptions(root, folder, program.name)}\n`;
  return Buffer.concat([Buffer.from(line), contents]);
}
