/** The files of the repository, as the tidy tests look at them. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { transformSync } from 'esbuild';

export const root = resolve(import.meta.dirname, '../..');

const left = /(^|\/)(node_modules|dist|results|golden|\.(?!ci\b)[^/]+)(\/|$)/;
const packages = ['proto', 'agent', 'manager', 'ctl', 'update'] as const;
export type PackageName = (typeof packages)[number];

/** Paths relative to the repository, sorted, of the files with these endings. */
export function files(...endings: readonly string[]): string[] {
  const patterns = endings.map((ending) => `**/*${ending}`);
  const found = globSync(patterns, { cwd: root, exclude: (name) => left.test(name) });
  return found.filter((file) => !file.endsWith('.d.ts') && statSync(join(root, file)).isFile()).toSorted();
}

/** Written for people: README and docs/. */
export const documents: readonly string[] = files('.md').filter((file) =>
  /^(README|docs\/[\w-]+)\.md$/.test(file),
);

export const read = (file: string): string => readFileSync(join(root, file), 'utf8');

export const isGenerated = (file: string): boolean => file.includes('/generated/');
export const isTest = (file: string): boolean => file.endsWith('.test.ts');
/** Files of tests that run as programs of their own, on purpose. */
export const isFixture = (file: string): boolean => file.includes('/fixtures/');

/** The package a file belongs to; undefined for the repository's own scripts and tests. */
export function packageOf(file: string): PackageName | undefined {
  return packages.find((name) => file.startsWith(`${name}/`));
}

export const packageNames: readonly PackageName[] = packages;

/** Code without comments and types; texts stay. */
export function codeOf(file: string): string {
  return transformSync(read(file), { loader: 'ts', minifyWhitespace: true, legalComments: 'none' }).code;
}

const specifierPattern = /\b(?:from\s+|import\s+|import\s*\(\s*)'([^'\n]+)'/g;

/** What a file imports, as it is written there, types included. */
export function specifiersOf(file: string): string[] {
  return [...read(file).matchAll(specifierPattern)].map((match) => match[1] ?? '');
}

/** The repository's file behind a specifier; undefined for packages and Node's own modules. */
export function fileOf(importer: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return normalize(join(dirname(importer), specifier));
  const match = /^@hecate\/([a-z]+)\/(.+)$/.exec(specifier);
  return match ? `${match[1]}/src/${match[2]}` : undefined;
}

/** The npm package behind a specifier: `@peculiar/x509`, `ws`; undefined for files and Node's own modules. */
export function dependencyOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined;
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}
