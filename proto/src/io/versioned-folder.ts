import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from './atomic-file.ts';
import { makePrivateFolder, writeNewFile } from './new-file.ts';

/**
 * Files that are only good together, such as a key and its certificate, replaced in one step.
 *
 * `DIR/current` is a symbolic link to `DIR/version-…`; a new version is written beside the old one, and then the
 * link is renamed over. A reader that takes the link once sees one version whole; so does a reboot after a crash.
 */
export interface VersionedFile {
  readonly text: string;
  readonly mode: number;
}

const link = 'current';
const versionPattern = /^version-[0-9a-f]{16}$/;

/** @returns the folder that holds the current version, or undefined when there never was one */
export function currentVersionFolder(dir: string): string | undefined {
  try {
    const target = readlinkSync(join(dir, link));
    return versionPattern.test(target) ? join(dir, target) : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Replaces the whole version. One writer at a time. The version before stays for a reader that is just about to
 * open it; all older ones, and what a crash left half made, are removed.
 */
export async function replaceVersion(
  dir: string,
  files: Readonly<Record<string, VersionedFile>>,
): Promise<void> {
  await makePrivateFolder(dir);
  const previous = currentVersionFolder(dir);
  const version = `version-${randomBytes(8).toString('hex')}`;
  const folder = join(dir, version);
  await mkdir(folder, { mode: 0o700 });
  for (const [name, file] of Object.entries(files))
    await writeNewFile(join(folder, name), file.text, file.mode);
  await syncDirectory(folder);
  const nextLink = join(dir, `${link}.new`);
  await rm(nextLink, { force: true });
  await symlink(version, nextLink);
  // The version must be on the disk before the link can point to it.
  await syncDirectory(dir);
  await rename(nextLink, join(dir, link));
  await syncDirectory(dir);
  await removeOthers(dir, [folder, previous]);
}

async function removeOthers(dir: string, kept: readonly (string | undefined)[]): Promise<void> {
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    if (versionPattern.test(name) && !kept.includes(path)) await rm(path, { recursive: true, force: true });
  }
}
