/** Signatures, by gpgv: it trusts the keys of one keyring and nothing else, and is on every Debian. */
import { existsSync } from 'node:fs';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { lastLines, runCommand } from './run-command.ts';

/** @throws HEC_CONFIG without a keyring, HEC_POLICY when no key of it has signed the file */
export async function verifySignature(file: string, signature: string, keyring: string): Promise<void> {
  if (!existsSync(keyring))
    throw new HecateError(
      'HEC_CONFIG',
      `${keyring} is not there: nobody's signature counts`,
      'gpg --export KEY > the file that Keyring= names',
    );
  const argv = ['gpgv', '--keyring', keyring, signature, file];
  const { exitCode, stderr } = await runCommand(argv).catch((thrown: unknown) => {
    if (!(thrown instanceof HecateError) || thrown.code !== 'HEC_UNSUPPORTED') throw thrown;
    const why = 'gpgv is not there: no signature can be verified, and nothing was installed';
    throw new HecateError('HEC_UNSUPPORTED', why, 'apt-get install gpgv, or dnf install gnupg2', thrown);
  });
  if (exitCode === 0) return;
  throw new HecateError(
    'HEC_POLICY',
    `the signature is not good, nothing was installed: ${lastLines(stderr)}`,
    `who has signed it? the keys that count are in ${keyring}`,
  );
}
