/** A package as a tree of files on disk, ready for what packs it: every mode and time as it is to be. */
import {
  chmodSync,
  copyFileSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { PackageFile } from './package-file.ts';

function place(root: string, file: PackageFile): void {
  const path = join(root, file.target);
  mkdirSync(dirname(path), { recursive: true });
  const { source } = file;
  if ('link' in source) {
    symlinkSync(source.link, path);
    return;
  }
  if ('path' in source) copyFileSync(source.path, path);
  else writeFileSync(path, source.contents);
  chmodSync(path, file.mode ?? 0o644);
}

/** Folders last, because what is put into one changes its time. The same for whoever's umask it is. */
function setTimes(folder: string, epochSeconds: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) setTimes(path, epochSeconds);
    else lutimesSync(path, epochSeconds, epochSeconds);
  }
  chmodSync(folder, 0o755);
  lutimesSync(folder, epochSeconds, epochSeconds);
}

/** Writes the files under `root`, which must be new. */
export function stage(root: string, files: readonly PackageFile[], epochSeconds: number): void {
  for (const file of files) place(root, file);
  setTimes(root, epochSeconds);
}
