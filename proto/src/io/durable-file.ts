import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Writes a file so that after any crash it holds either the old text or the new one, whole (I9).
 * One writer at a time: the half-written neighbour `PATH.new` of a crashed one is replaced.
 * @param mode exact permissions, whatever the umask is
 */
export async function writeFileDurably(path: string, text: string, mode: number): Promise<void> {
  const next = `${path}.new`;
  await rm(next, { force: true });
  await writeNewFile(next, text, mode);
  await rename(next, path);
  await syncFolder(dirname(path));
}

/** Creates a file that must not exist yet and brings it to the disk; its name in the folder is not synced. */
export async function writeNewFile(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes names in a folder durable: created, renamed and removed ones. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** A folder that only its owner may enter, with its name durable; it may exist already. */
export async function makePrivateFolder(path: string): Promise<void> {
  const first = await mkdir(resolve(path), { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = resolve(path); made.length >= first.length; made = dirname(made)) {
    await syncFolder(dirname(made));
  }
}
