/** What a backup says of itself: `manifest.json`, its first member. Every other member is named there, with its digest. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { ArchiveMember } from './archive.ts';

export const manifestVersion = 1;
export const manifestPath = 'manifest.json';
/** The last member: the manifest's own digest, as `sha256sum --check` reads it; with it, the whole is sealed. */
export const sealPath = 'manifest.json.sha256';

export interface ManifestFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Manifest {
  readonly format: 'hecate-backup';
  readonly version: number;
  /** Of the program that wrote it. */
  readonly softwareVersion: string;
  /** Unix time. */
  readonly madeAtMs: number;
  /** The host that it was made on. */
  readonly host: string;
  readonly site: string;
  /** Where the configuration was, and the state directory that it names. */
  readonly configPath: string;
  readonly stateDirectory: string;
  readonly epoch: number;
  readonly files: readonly ManifestFile[];
}

/** SHA-256, 64 lower-case hexadecimal digits. */
export type DigestOf = (bytes: Uint8Array) => string;

export const manifestFiles = (members: readonly ArchiveMember[], digestOf: DigestOf): ManifestFile[] =>
  members.map(({ path, bytes }) => ({ path, bytes: bytes.length, sha256: digestOf(bytes) }));

export const sealText = (digest: string): string => `${digest}  ${manifestPath}\n`;

/** @throws HEC_VERSION for one of a newer release; HEC_STATE when it is none */
export function parseManifest(value: unknown): Manifest {
  const manifest = value as Partial<Manifest> | null;
  if (manifest?.format !== 'hecate-backup' || !Number.isSafeInteger(manifest.version)) throw damaged('');
  if (manifest.version !== manifestVersion)
    throw new HecateError(
      'HEC_VERSION',
      `this backup has the format ${manifest.version} (Hecate ${manifest.softwareVersion}), and this program reads ${manifestVersion}`,
      'restore it with the release that wrote it, or a newer one',
    );
  const texts = ['softwareVersion', 'host', 'site', 'configPath', 'stateDirectory'] as const;
  const isManifest =
    texts.every((key) => typeof manifest[key] === 'string') &&
    Number.isFinite(manifest.madeAtMs) &&
    Number.isSafeInteger(manifest.epoch) &&
    Array.isArray(manifest.files) &&
    manifest.files.every(isFile);
  if (!isManifest) throw damaged('');
  return manifest as Manifest;
}

const isFile = (value: unknown): boolean => {
  const file = value as Partial<ManifestFile> | null;
  return (
    typeof file?.path === 'string' && typeof file.sha256 === 'string' && Number.isSafeInteger(file.bytes)
  );
};

/** Whether these are the files that the manifest names, all of them, and unharmed. @throws HEC_STATE naming the first that is not */
export function checkFiles(manifest: Manifest, members: readonly ArchiveMember[], digestOf: DigestOf): void {
  const named = new Map(manifest.files.map((file) => [file.path, file]));
  for (const { path, bytes } of members) {
    const file = named.get(path);
    if (file?.bytes !== bytes.length || file.sha256 !== digestOf(bytes)) throw damaged(path);
    named.delete(path);
  }
  for (const path of named.keys()) throw damaged(path);
}

const damaged = (path: string): HecateError =>
  new HecateError(
    'HEC_STATE',
    `this backup is damaged: ${path || manifestPath} is not what was written`,
    'take another copy of it, or an older backup; nothing was changed',
  );
