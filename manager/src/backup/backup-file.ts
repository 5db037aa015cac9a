/** A backup as a file: written whole or not at all, and read only when every byte is as it was written. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { writeFileAtomically } from '@hecate/proto/io/atomic-file.ts';
import { errnoOf, fileError } from '@hecate/proto/io/file-errors.ts';
import { type ArchiveMember, archiveBytesMax, decodeArchive, encodeArchive } from '../core/backup/archive.ts';
import {
  checkFiles,
  type Manifest,
  manifestFiles,
  manifestPath,
  parseManifest,
  sealPath,
  sealText,
} from '../core/backup/manifest.ts';

export interface Backup {
  readonly manifest: Manifest;
  /** Without the manifest and its seal. */
  readonly members: readonly ArchiveMember[];
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** @returns its size in bytes. @throws HEC_USAGE when the file is there already; HEC_STATE when it cannot be written */
export async function writeBackup(
  path: string,
  members: readonly ArchiveMember[],
  head: Omit<Manifest, 'files'>,
): Promise<number> {
  const there = await stat(path).catch(() => undefined);
  if (there) throw new HecateError('HEC_USAGE', `${path} is there already`, 'name a file that is not');
  const manifest: Manifest = { ...head, files: manifestFiles(members, digestOf) };
  const bytes = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  const archive = encodeArchive([
    { path: manifestPath, mode: 0o600, bytes },
    ...members,
    { path: sealPath, mode: 0o600, bytes: Buffer.from(sealText(digestOf(bytes))) },
  ]);
  // The authority's key is in it.
  await writeFileAtomically(path, archive, 0o600);
  return archive.length;
}

/** @throws HEC_STATE when it cannot be read, is none, or is damaged; HEC_VERSION when it is of a newer release */
export async function readBackup(path: string): Promise<Backup> {
  const archive = await readLimited(path);
  const [first, ...rest] = decodeArchive(archive);
  const seal = rest.pop();
  const isSealed =
    first?.path === manifestPath &&
    seal?.path === sealPath &&
    Buffer.from(seal.bytes).toString() === sealText(digestOf(first.bytes));
  if (!isSealed) throw damaged(path);
  const manifest = parseManifest(parseJson(path, first.bytes));
  checkFiles(manifest, rest, digestOf);
  return { manifest, members: rest };
}

async function readLimited(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size <= archiveBytesMax) return await readFile(path);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT')
      throw new HecateError('HEC_USAGE', `there is no file ${path}`, 'name one that hecatectl backup wrote');
    throw fileError('read it', path, thrown);
  }
  throw damaged(path);
}

function parseJson(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    throw damaged(path);
  }
}

const damaged = (path: string): HecateError =>
  new HecateError(
    'HEC_STATE',
    `${path} is no backup, or a damaged one: its seal does not fit`,
    'take another copy of it, or an older backup; nothing was changed',
  );
