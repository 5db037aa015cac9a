/** One program, bundled by esbuild: in memory, for the build and for the packages. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type BuildResult, build, type Plugin } from 'esbuild';
import type { Program } from './program.ts';

/**
 * CommonJS packages in a bundle ask for `require` and `__dirname`; in an ES module both must be made.
 * The names are ours so that they cannot collide with an import of the sources.
 */
const banner = [
  "import { createRequire as hecateCreateRequire } from 'node:module';",
  'const require = hecateCreateRequire(import.meta.url);',
  'const __filename = import.meta.filename;',
  'const __dirname = import.meta.dirname;',
].join('\n');

export type Bundle = BuildResult<{ write: false; metafile: true }>;

export interface BundleOptions {
  /** The repository. */
  readonly root: string;
  /** Where its files would be written. */
  readonly outdir: string;
  /** The release it says it is; that of the sources when not given. */
  readonly version?: string;
}

/** A test or a trial needs two releases out of one commit: the number is all that differs. */
function otherVersion(version: string): Plugin {
  return {
    name: 'other-version',
    setup(setup) {
      setup.onLoad({ filter: /proto\/src\/core\/version\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const contents = text.replace(/(softwareVersion = )'[^']*'/, `$1${JSON.stringify(version)}`);
        return { contents, loader: 'ts' };
      });
    },
  };
}

/**
 * One file, with what is imported lazily in it (and run only then): an upgrade takes the files of a release away beneath
 * programs that still run, and what they had not read by then would be missing.
 * @throws BuildFailure of esbuild, which has said on stderr what is wrong
 */
export function bundleProgram(program: Program, options: BundleOptions): Promise<Bundle> {
  const isCommonJs = program.format === 'cjs';
  return build({
    absWorkingDir: options.root,
    entryPoints: { [program.name]: resolve(options.root, program.entry) },
    outdir: options.outdir,
    outExtension: { '.js': isCommonJs ? '.cjs' : '.mjs' },
    bundle: true,
    format: program.format,
    alias: { ...program.alias },
    define: isCommonJs ? { 'import.meta.main': 'false' } : {},
    platform: 'node',
    target: 'node24',
    minify: false,
    sourcemap: false,
    external: [...program.external],
    banner: isCommonJs ? {} : { js: banner },
    footer: program.footer === '' ? {} : { js: program.footer },
    plugins: options.version === undefined ? [] : [otherVersion(options.version)],
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
}
