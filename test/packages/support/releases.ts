/** Releases in a folder as hecate-update reads it: packages, SHA256SUMS, and the signature of a key of the test. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { execute } from '../../nodes/execute.ts';

async function run(script: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await execute(['sh', '-euc', script, 'sh', ...args], {
    timeoutMs: 120_000,
  });
  if (exitCode !== 0) throw new Error(`it ended with ${exitCode}: ${stderr}${stdout}`);
  return stdout;
}

export class SigningKey {
  readonly home: string;
  /** The public key as `gpg --export` writes it. */
  readonly keyring: string;

  private constructor(home: string) {
    this.home = home;
    this.keyring = join(home, 'keyring.gpg');
  }

  static async make(t: Test): Promise<SigningKey> {
    // gpg's agent has its socket in it: a short path.
    const key = new SigningKey(mkdtempSync(join(tmpdir(), 'hecate-key-')));
    t.teardown(async () => {
      await execute(['gpgconf', '--homedir', key.home, '--kill', 'all']);
      rmSync(key.home, { recursive: true, force: true });
    });
    await run(
      `export GNUPGHOME=$1
gpg --batch --quiet --passphrase '' --quick-generate-key 'Release <release@hecate.invalid>' ed25519 sign never
gpg --batch --quiet --export >"$1/keyring.gpg"`,
      key.home,
    );
    return key;
  }

  /** Lists what is in the folder, and signs the list. */
  async sign(folder: string): Promise<void> {
    await run(
      `cd "$2"
sha256sum *.deb >SHA256SUMS
rm -f SHA256SUMS.gpg
GNUPGHOME=$1 gpg --batch --quiet --detach-sign --output SHA256SUMS.gpg SHA256SUMS`,
      this.home,
      folder,
    );
  }
}

/** Packages of several folders in one; gone with the test. */
export function releaseFolder(t: Test, ...folders: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-releases-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const each of folders) cpSync(each, folder, { recursive: true });
  return folder;
}

/** Makes the program of a package one that ends at once. */
export async function breakProgram(folder: string, name: string): Promise<void> {
  await run(
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
