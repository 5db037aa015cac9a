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

/** After the first line of a program. */
const faults = {
  ends: 'process.stderr.write("broken: it ends"); process.exit(1);',
  deaf: `if (process.argv[2] === 'run') {
    const { spawnSync } = await import('node:child_process');
    spawnSync('systemd-notify', ['--ready', '--status=deaf']);
    for (;;) await new Promise((resolve) => setTimeout(resolve, 1000));
  }`.replaceAll(/\s*\n\s*/g, ' '),
  spoils: `if (process.argv[2] === '--config') {
    const { writeFileSync } = await import('node:fs');
    writeFileSync('/var/lib/hecate/journal/operations.records', 'of a newer release\\\\n'.repeat(2));
    process.exit(1);
  }`.replaceAll(/\s*\n\s*/g, ' '),
};

/**
 * Packages of a release that is broken: those of another one, called so. Made in a moment, where a whole release takes
 * many; gone with the test.
 * @param fault the agent `ends` at once, or is `deaf`: it says that it is ready, and dials nobody; the manager `spoils`
 *   its state, as the one before sees it, and ends
 */
export async function brokenRelease(
  t: Test,
  like: string,
  version: string,
  fault: keyof typeof faults = 'ends',
): Promise<string> {
  const folder = releaseFolder(t);
  const broken = fault === 'spoils' ? 'hecate-manager' : 'hecate-agent';
  const names = ['hecate-runtime', 'hecate-agent', ...(fault === 'spoils' ? ['hecatectl', broken] : [])];
  const script = `folder=$1 like=$2 version=$3 fault=$4 broken=$5; shift 5
for name; do
  dpkg-deb -R "$like/$name"_*.deb "$folder/tree"
  sed -i "s/^Version: .*/Version: $version/; s/(= [^)]*)/(= $version)/g" "$folder/tree/DEBIAN/control"
  rm "$folder/tree/DEBIAN/md5sums"
  program=$folder/tree/usr/lib/hecate/bin/$broken.mjs
  [ ! -e "$program" ] || sed -i "1a $fault" "$program"
  dpkg-deb --root-owner-group -Znone -b "$folder/tree" "$folder"
  rm -r "$folder/tree"
done`;
  await runScript(script, folder, like, version, faults[fault], broken, ...names);
  return folder;
}

/** Makes the folder a repository of apt, too, whose list a key has signed (apt-secure(8)). */
export async function makeAptRepository(folder: string, keyHome: string): Promise<void> {
  await runScript(
    `cd "$1"
for file in *.deb; do
  dpkg-deb -f "$file"
  size=$(wc -c <"$file")
  sum=$(sha256sum <"$file")
  printf 'Filename: ./%s\\nSize: %d\\nSHA256: %s\\n\\n' "$file" "$size" "\${sum%% *}"
done >Packages
{
  date -u '+Date: %a, %d %b %Y %H:%M:%S UTC'
  echo 'SHA256:'
  sum=$(sha256sum <Packages)
  printf ' %s %d Packages\\n' "\${sum%% *}" "$(wc -c <Packages)"
} >Release
rm -f InRelease
GNUPGHOME=$2 gpg --batch --quiet --clearsign --output InRelease Release`,
    folder,
    keyHome,
  );
}
