/** Releases in a folder as hecate-update reads it. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { runScript } from '../../../update/test/support/signing-key.ts';

/** Packages of several folders in one; gone with the test. */
export function releaseFolder(t: Test, ...folders: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-releases-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const each of folders) cpSync(each, folder, { recursive: true });
  return folder;
}

/** Makes the program of a package one that ends at once. */
export async function breakProgram(folder: string, name: string): Promise<void> {
  await runScript(
    `deb=$(echo "$1/$2"_*.deb)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
dpkg-deb -R "$deb" "$tree"
program=$tree/usr/lib/hecate/bin/$2.mjs
sed -i '1a process.stderr.write("this release is broken\\\\n"); process.exit(1);' "$program"
rm "$tree/DEBIAN/md5sums"
dpkg-deb --root-owner-group -Zgzip -z1 -b "$tree" "$deb"`,
    folder,
    name,
  );
}
