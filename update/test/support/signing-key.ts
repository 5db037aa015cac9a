/** A key of GPG, made for one test, and release folders that it signs. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { execute } from '../../../test/nodes/execute.ts';

/** A script of sh. @throws Error unless it ends with 0 */
export async function runScript(script: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await execute(['sh', '-euc', script, 'sh', ...args], {
    timeoutMs: 120_000,
  });
  if (exitCode !== 0) throw new Error(`it ended with ${exitCode}: ${stderr}${stdout}`);
  return stdout;
}

const needed = ['gpg', 'gpg-agent', 'gpgv', 'git'];

/** For tap's `skip` option: false when releases can be signed and verified here, else why not. */
export function skipWithoutGpg(): false | string {
  const missing = needed.filter((name) => !existsSync(`/usr/bin/${name}`));
  return missing.length === 0
    ? false
    : `missing ${missing.join(', ')} (as root: apt-get install ${missing.join(' ')})`;
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
    await runScript(
      `export GNUPGHOME=$1
gpg --batch --quiet --passphrase '' --quick-generate-key 'Release <release@hecate.invalid>' ed25519 sign never
gpg --batch --quiet --export >"$1/keyring.gpg"`,
      key.home,
    );
    return key;
  }

  /** Lists what is in the folder, and signs the list. @param expires a day, such as 2027-01-31 */
  async sign(folder: string, expires = ''): Promise<void> {
    await runScript(
      `cd "$2"
ls | grep -E '[.](deb|rpm)$' | xargs sha256sum >SHA256SUMS
rm -f SHA256SUMS.gpg
[ -z "$3" ] || echo "# expires $3" >>SHA256SUMS
GNUPGHOME=$1 gpg --batch --quiet --detach-sign --output SHA256SUMS.gpg SHA256SUMS`,
      this.home,
      folder,
      expires,
    );
  }
}
