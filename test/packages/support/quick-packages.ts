import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { cacheFolder } from '../../nodes/base-image.ts';
import { execute } from '../../nodes/execute.ts';
import { repositoryFolder } from '../../nodes/user-node.ts';

/** All that packages are made of. */
const ingredients = [
  ...['proto', 'agent', 'manager', 'ctl', 'update', 'packaging', 'systemd', 'docs', 'scripts'],
  ...['package.json', 'package-lock.json', 'lerna.json', 'LICENSE'],
];

/** Those of two checkouts, in the formats and the releases that tests ask for (I14). */
const keptMax = 12;

/** The time that all files bear: what is kept is of contents, not of commits. */
const epochSeconds = '1700000000';

/** Arguments: where packages are kept, which of them, how many, and the command that builds them into a folder. */
const script = `set -eu
cache=$1 key=$2 kept=$3
shift 3
if [ ! -d "$cache/$key" ]; then
  rm -rf "$cache/building"
  "$@" --output "$cache/building" >&2
  mv -T "$cache/building" "$cache/$key"
fi
touch "$cache/$key"
ls -1t "$cache" | tail -n "+$((kept + 1))" | while read -r name; do rm -rf "$cache/$name"; done`;

/** A file that is removed and not committed yet counts as none. */
async function contentsKey(argv: readonly string[]): Promise<string> {
  const list = ['git', '-C', repositoryFolder, 'ls-files', '-z', '--cached', '--others'];
  const { exitCode, stdout, stderr } = await execute([
    ...list,
    '--exclude-standard',
    '--',
    ...ingredients,
    ':!*.test.ts',
  ]);
  if (exitCode !== 0) throw new Error(`which files the checkout has is not known: ${stderr}`);
  const key = createHash('sha256').update(argv.join('\n'));
  for (const file of [...new Set(stdout.split('\0'))].toSorted()) {
    const path = join(repositoryFolder, file);
    if (file === '' || !existsSync(path)) continue;
    key.update(`\n${file}\n`).update(readFileSync(path));
  }
  return key.digest('hex').slice(0, 16);
}

/**
 * A folder with the packages of the checkout as it is, packed fast and large; gone with the test. They are built once
 * for all tests of the same contents; what a test does to its own is nobody else's affair.
 */
export async function quickPackages(
  t: Test,
  version?: string,
  format: 'deb' | 'rpm' = 'deb',
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-packages-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const lerna = JSON.parse(readFileSync(join(repositoryFolder, 'lerna.json'), 'utf8')) as { version: string };
  const options = ['--format', format, '--quick', '--version', version ?? lerna.version];
  const build = [
    'env',
    `SOURCE_DATE_EPOCH=${epochSeconds}`,
    process.execPath,
    join(repositoryFolder, 'scripts/package.ts'),
    ...options,
  ];
  const cache = join(cacheFolder(), 'packages');
  mkdirSync(cache, { recursive: true });
  const key = await contentsKey([process.version, ...options]);
  const locked = ['flock', `${cache}.lock`, 'sh', '-c', script, 'sh', cache, key, String(keptMax), ...build];
  const { exitCode, stdout, stderr } = await execute(locked, {
    timeoutMs: 300_000,
  });
  if (exitCode !== 0) throw new Error(`no packages: ${stderr}${stdout}`);
  cpSync(join(cache, key), folder, { recursive: true });
  return folder;
}

/**
 * The same package with another default configuration: as a release has it whose defaults have changed.
 * @param file inside, such as etc/hecate/hecate.yaml
 * @param line what it ends with
 */
export async function withChangedDefault(
  folder: string,
  name: string,
  file: string,
  line: string,
): Promise<void> {
  const script = `set -eu
deb=$(echo "$1/$2"_*.deb)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
dpkg-deb -R "$deb" "$tree"
printf '%s\\n' "$4" >>"$tree/$3"
rm "$tree/DEBIAN/md5sums"
dpkg-deb --root-owner-group -Zgzip -z1 -b "$tree" "$deb"`;
  const { exitCode, stderr } = await execute(['sh', '-c', script, 'sh', folder, name, file, line]);
  if (exitCode !== 0) throw new Error(`cannot change ${name}: ${stderr}`);
}
