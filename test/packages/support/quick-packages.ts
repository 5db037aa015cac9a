import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { execute } from '../../nodes/execute.ts';
import { repositoryFolder } from '../../nodes/user-node.ts';

/** A folder with the packages of the checkout as it is, packed fast and large; gone with the test. */
export async function quickPackages(
  t: Test,
  version?: string,
  format: 'deb' | 'rpm' = 'deb',
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-packages-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const script = join(repositoryFolder, 'scripts/package.ts');
  const release = version === undefined ? [] : ['--version', version];
  const argv = [process.execPath, script, '--format', format, '--quick', '--output', folder, ...release];
  const { exitCode, stdout, stderr } = await execute(argv, { timeoutMs: 300_000 });
  if (exitCode !== 0) throw new Error(`no packages: ${stderr}${stdout}`);
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
