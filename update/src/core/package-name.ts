/** Hecate's packages, by the names of their files, and how their versions compare. */

/** All that a release may have. */
export const packageNames: readonly string[] = [
  'hecate-runtime',
  'hecatectl',
  'hecate-agent',
  'hecate-manager',
];

export type PackageFormat = 'deb' | 'rpm';

export interface PackageIdentity {
  readonly name: string;
  /** Of the release, as package managers write it: 1.2.3, or 1.2.3~beta.1 for what comes before 1.2.3. */
  readonly version: string;
}

/** `hecate-agent_1.2.3_amd64.deb`, and `hecate-agent-1.2.3-1.x86_64.rpm`. */
const patterns: Readonly<Record<PackageFormat, RegExp>> = {
  deb: /^([a-z][a-z-]*)_([0-9][0-9a-z.~]*)_[a-z0-9]+\.deb$/,
  rpm: /^([a-z][a-z-]*)-([0-9][0-9a-z.~]*)-[0-9a-z.]+\.[a-z0-9_]+\.rpm$/,
};

/** @returns undefined for what is no package of ours */
export function parsePackageFile(file: string, format: PackageFormat): PackageIdentity | undefined {
  const [, name = '', version = ''] = patterns[format].exec(file) ?? [];
  return packageNames.includes(name) && isVersion(version) ? { name, version } : undefined;
}

const machines: Readonly<Record<PackageFormat, RegExp>> = {
  deb: /_([a-z0-9]+)\.deb$/,
  rpm: /\.([a-z0-9_]+)\.rpm$/,
};

/**
 * Whether the name of a file says that it is for this machine: one folder may have those of several.
 * @param machine in the words of the package manager: amd64, or x86_64
 */
export function isForMachine(file: string, format: PackageFormat, machine: string): boolean {
  const [, found = ''] = machines[format].exec(file) ?? [];
  return found === machine || found === (format === 'deb' ? 'all' : 'noarch');
}

const versionPattern = /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:~([0-9a-z]+(?:\.[0-9a-z]+)*))?$/;

export const isVersion = (text: string): boolean => versionPattern.test(text);

/** Below zero: `a` is older. As dpkg and rpm do it, for versions of the form that releases have. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (const [index, number] of left.numbers.entries()) {
    const difference = number - (right.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  if (left.before === right.before) return 0;
  // Nothing behind the number is what all before it lead to.
  if (left.before === undefined) return 1;
  if (right.before === undefined) return -1;
  return compareWords(left.before.split('.'), right.before.split('.'));
}

function partsOf(version: string) {
  const [, major, minor, patch, before] = versionPattern.exec(version) ?? [];
  return { numbers: [major, minor, patch].map(Number), before };
}

function compareWords(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    const isNumeric = /^\d+$/.test(left) && /^\d+$/.test(right);
    const difference = isNumeric ? Number(left) - Number(right) : Number(left > right) - Number(left < right);
    if (difference !== 0) return difference;
  }
  return 0;
}
