/**
 * `npm run package`: the packages of this commit into dist/, and their sizes.
 * Usage: node scripts/package.ts [--format deb|rpm]… [--output DIR] [--version 1.2.3] [--quick]
 *                                [--compile-hecatectl BUN]
 *
 * The same commit gives the same bytes. --quick packs them fast and large, for tests; --version makes another release
 * out of the same sources, for trials of an update.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { packDeb } from './package/deb.ts';
import type { PackOptions } from './package/pack-options.ts';
import type { PackageContents } from './package/package-file.ts';
import { describePackages } from './package/packages.ts';
import { type Release, readRelease } from './package/release.ts';
import { packRpm } from './package/rpm.ts';

type Pack = (contents: PackageContents, release: Release, options: PackOptions) => string;

const formats: Readonly<Record<string, Pack>> = { deb: packDeb, rpm: packRpm };

/** What packs a format, and Debian's package of it. */
const packerPrograms: Readonly<Record<string, readonly [string, string]>> = {
  deb: ['dpkg-deb', 'dpkg'],
  rpm: ['rpmbuild', 'rpm'],
};

/** Before minutes are spent on what cannot be packed. @throws Error that says what to install */
function demand([program, debianPackage]: readonly [string, string]): void {
  const { error } = spawnSync(program, ['--version'], { stdio: 'ignore' });
  if (error)
    throw new Error(`${program} cannot be run: apt-get install ${debianPackage}, or choose with --format`);
}

const { values: options } = parseArgs({
  options: {
    format: { type: 'string', multiple: true, default: Object.keys(formats) },
    output: { type: 'string', default: 'dist' },
    version: { type: 'string' },
    quick: { type: 'boolean', default: false },
    /** A program `bun`: hecatectl becomes an executable of its own (scripts/package/compiled.ts). */
    'compile-hecatectl': { type: 'string' },
  },
});

function packerOf(format: string): Pack {
  const pack = formats[format];
  const program = packerPrograms[format];
  if (!pack || !program)
    throw new Error(`${format} is no format: there are ${Object.keys(formats).join(' and ')}`);
  demand(program);
  return pack;
}

const root = resolve(import.meta.dirname, '..');
demand(['strip', 'binutils']);
const release = readRelease(root, options.version);
const packers = options.format.map((format) => [format, packerOf(format)] as const);
const output = resolve(options.output);
mkdirSync(output, { recursive: true });
const scratch = mkdtempSync(join(tmpdir(), 'hecate-package-'));
const bun = options['compile-hecatectl'];
const describe = { scratch, ...(bun === undefined ? {} : { bun }) };
try {
  for (const contents of await describePackages(root, release, describe)) {
    for (const [format, pack] of packers) {
      const own = join(scratch, `${contents.name}-${format}`);
      mkdirSync(own);
      const path = pack(contents, release, { root, output, scratch: own, isQuick: options.quick });
      const megabytes = (statSync(path).size / 1e6).toFixed(2);
      console.log(`packed ${relative(process.cwd(), path)} ${megabytes} MB`);
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
