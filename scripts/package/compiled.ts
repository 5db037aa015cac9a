/**
 * A program compiled by Bun into one executable that needs nothing else: it starts in a third of the time, and is 40 MB
 * packed. Only for who builds packages for hosts of their own: Bun is linked with parts under the LGPL and others whose
 * texts do not come with it, and who passes it on has to give them along (docs/packages.md).
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleProgram } from '../build/bundle.ts';
import { componentsOf } from './components.ts';
import type { Component } from './package-file.ts';
import { type InstalledProgram, linkTo, programFolder, programOf } from './programs.ts';

export interface CompileOptions {
  readonly root: string;
  readonly version: string;
  /** The program `bun`. */
  readonly bun: string;
  /** A folder for what is made on the way. */
  readonly scratch: string;
}

/** What is in the folder where a command is typed must not decide what the command does. */
const flags = [
  ...['--compile', '--bytecode', '--format=cjs', '--target=bun'],
  ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
];

function bunComponent(bun: string): Component {
  const version = execFileSync(bun, ['--version'], { encoding: 'utf8' }).trim();
  const url = `pkg:npm/bun@${version}`;
  return { name: 'bun', version, licence: 'MIT', licenceText: 'https://bun.com/docs/project/license', url };
}

/** The same bundle and the same Bun give the same bytes. @throws Error when Bun cannot compile it */
export async function compileProgram(folder: string, options: CompileOptions): Promise<InstalledProgram> {
  const { root, version, bun, scratch } = options;
  const program = programOf(root, folder);
  const result = await bundleProgram(program, { root, outdir: scratch, version });
  const [bundle] = result.outputFiles;
  if (program.format !== 'cjs' || !bundle) throw new Error(`${program.name} is not one file of CommonJS`);
  writeFileSync(join(scratch, `${program.name}.cjs`), bundle.contents);
  // The names are in what comes out: relative ones, which are the same wherever it is built.
  const argv = ['build', ...flags, `--outfile=${program.name}`, `${program.name}.cjs`];
  execFileSync(bun, argv, { cwd: scratch, stdio: ['ignore', 'ignore', 'inherit'] });
  const target = `${programFolder}/${program.name}`;
  return {
    files: [
      { target, source: { path: join(scratch, program.name) }, mode: 0o755 },
      linkTo(program.name, program.name),
    ],
    components: [bunComponent(bun), ...componentsOf(root, Object.keys(result.metafile.inputs))],
  };
}
