/** Small files that are there whole or not at all, at whatever moment the power goes. */
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, fileError } from './file-errors.ts';

/** What marks a file that was being written; a leftover of a crash may be deleted at any time. */
export const temporarySuffix = '.writing';

let writes = 0;

/** Makes creations, renames and removals in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** @returns undefined when there is no such file. @throws HEC_STATE when it cannot be read */
export async function readFileIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined;
    throw fileError('read it', path, thrown);
  }
}

/** Durably gone when it resolves; it need not have been there. @throws HEC_STATE */
export async function removeFileDurably(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
    await syncDirectory(dirname(path));
  } catch (thrown) {
    throw fileError('remove it', path, thrown);
  }
}

/** Writes all of it: a single write may take less than it was given. */
export async function writeFully(file: FileHandle, data: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < data.length) {
    const { bytesWritten } = await file.write(data, done, data.length - done, position + done);
    done += bytesWritten;
  }
}

/**
 * Replaces a file: a new one beside it, fsync, rename, fsync of the directory. When this resolves, the new text
 * survives a power cut; when it rejects or the machine dies, the old one or the new one is there, whole.
 *
 * @param mode permissions, whatever the umask is
 * @throws HEC_STATE naming the file, the reason and the remedy
 */
export async function writeFileAtomically(
  path: string,
  data: string | Uint8Array,
  mode = 0o600,
): Promise<void> {
  writes += 1;
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${writes}${temporarySuffix}`);
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.chmod(mode);
      await writeFully(file, bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (thrown) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError('write it', path, thrown);
  }
}
