/** A folder with packages, SHA256SUMS of them, and a signature of that. Everything is copied before it is verified. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { errnoOf } from '@hecate/proto/io/file-errors.ts';
import type { PackageFormat } from '../core/package-name.ts';
import { parseSums, requireNotExpired } from '../core/release-sums.ts';
import { verifySignature } from './signature.ts';
import type { UpdateSource } from './update-source.ts';

export interface DirectorySourceOptions {
  readonly folder: string;
  readonly format: PackageFormat;
  /** A folder of this program alone, for what is looked at. */
  readonly scratch: string;
  /** undefined: the folder has been verified as a whole. */
  readonly keyring: string | undefined;
}

const sums = 'SHA256SUMS';
/** As `gpg --detach-sign` and `gpg --armor --detach-sign` name what they make. */
const signatures = ['SHA256SUMS.gpg', 'SHA256SUMS.sig', 'SHA256SUMS.asc'];

export function directorySource(options: DirectorySourceOptions): UpdateSource {
  const { folder, scratch, keyring, format } = options;
  const copy = async (name: string): Promise<string | undefined> => {
    const target = join(scratch, name);
    await rm(target, { force: true });
    try {
      await copyFile(join(folder, name), target);
    } catch (thrown) {
      if (errnoOf(thrown) === 'ENOENT') return undefined;
      throw unreadable(join(folder, name), thrown);
    }
    return target;
  };
  return {
    async offered() {
      await mkdir(scratch, { recursive: true, mode: 0o700 });
      const list = await copy(sums);
      if (list === undefined) throw unreadable(join(folder, sums), 'there is no such file');
      if (keyring !== undefined)
        await verifySignature(list, await firstOf(signatures, copy, folder), keyring);
      const found = parseSums(await readFile(list, 'utf8'), format);
      requireNotExpired(found, Date.now());
      return found.packages;
    },
    async fetch({ file, sha256 }, into) {
      const target = join(into, file);
      try {
        await copyFile(join(folder, file), target);
      } catch (thrown) {
        throw unreadable(join(folder, file), thrown);
      }
      if ((await digestOf(target)) === sha256) return target;
      await rm(target, { force: true });
      throw new HecateError(
        'HEC_STATE',
        `${join(folder, file)} is not the file that was signed: its SHA-256 is another`,
        'get the release anew; if that does not help, somebody has changed it',
      );
    },
  };
}

async function firstOf(
  names: readonly string[],
  copy: (name: string) => Promise<string | undefined>,
  folder: string,
): Promise<string> {
  for (const name of names) {
    const path = await copy(name);
    if (path !== undefined) return path;
  }
  throw new HecateError(
    'HEC_CONFIG',
    `${folder} has no signature: expected one of ${names.join(', ')}`,
    'gpg --detach-sign SHA256SUMS, with a key of the keyring',
  );
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

const unreadable = (path: string, thrown: unknown): HecateError =>
  new HecateError(
    'HEC_STATE',
    `${path} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    'look at Source= in update.conf, and whether it is mounted',
    thrown,
  );
