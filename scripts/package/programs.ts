/** The programs as they are installed: the bundle under /usr/lib/hecate/bin, and a name for it in /usr/bin. */
import { existsSync, readFileSync } from 'node:fs';
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

const endingOf = (program: Program): string => (program.format === 'cjs' ? 'cjs' : 'mjs');

/** What is run in place of the bundle, and starts it; undefined for most. */
function launcher(root: string, program: Program): Buffer | undefined {
  const path = join(root, 'packaging/launcher', `${program.name}.${endingOf(program)}`);
  return existsSync(path) ? readFileSync(path) : undefined;
}

/** The bundle, with a first line that makes it a program. @throws Error when the package has no program */
export async function installProgram(
  root: string,
  folder: string,
  version: string,
): Promise<InstalledProgram> {
  const program = programOf(root, folder);
  const result = await bundleProgram(program, { root, outdir: programFolder, version });
  const entry = `${program.name}.${endingOf(program)}`;
  const starter = launcher(root, program);
  const executable = (contents: Uint8Array): PackageFile => ({
    target: `${programFolder}/${entry}`,
    source: { contents: withFirstLine(root, folder, program, contents) },
    mode: 0o755,
  });
  const files = result.outputFiles.map(({ path, contents }): PackageFile => {
    if (relative(programFolder, path) !== entry) return { target: path, source: { contents } };
    if (starter === undefined) return executable(contents);
    return { target: `${programFolder}/${program.name}-bundle.${endingOf(program)}`, source: { contents } };
  });
  return {
    files: [...files, ...(starter ? [executable(starter)] : []), linkTo(program.name, entry)],
    components: componentsOf(root, Object.keys(result.metafile.inputs)),
  };
}

export function programOf(root: string, folder: string): Program {
  const program = readProgram(root, folder);
  if (program) return program;
  throw new Error(`${folder} has no program`);
}

export const linkTo = (name: string, file: string): PackageFile => ({
  target: `/usr/bin/${name}`,
  source: { link: `../lib/hecate/bin/${file}` },
});

function withFirstLine(root: string, folder: string, program: Program, contents: Uint8Array): Buffer {
  const line = `#!${runtimePath}${nodeOptions(root, folder, program.name)}\n`;
  return Buffer.concat([Buffer.from(line), contents]);
}
