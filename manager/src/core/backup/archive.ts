/**
 * A backup is one tar file (ustar), so that any tar can list and unpack it. It is written in one way only, and what is
 * not byte for byte as it would have been written is refused: a flipped bit in a header or in the padding is found, too.
 */
import { HecateError } from '@hecate/proto/core/errors.ts';

export interface ArchiveMember {
  /** Relative, of `a-z A-Z 0-9 . _ - /`, without `.` and `..`; at most 100 characters. */
  readonly path: string;
  /** Permissions, such as 0o600. */
  readonly mode: number;
  readonly bytes: Uint8Array;
}

const blockBytes = 512;
/** Journals are compacted at 8 MiB, the history of runs has 200 reports: far above any of them (I14). */
export const archiveBytesMax = 512 * 1024 * 1024;
const membersMax = 1000;
const pathPattern = /^(?!.*(^|\/)\.{1,2}(\/|$))[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/;
const pathLengthMax = 100;

/** Field → where it begins, and how long it is (POSIX.1-1988, ustar). */
const fields = {
  path: [0, 100],
  mode: [100, 8],
  owner: [108, 8],
  group: [116, 8],
  size: [124, 12],
  time: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
} as const;
type Field = keyof typeof fields;

/** @throws HEC_STATE for a path that the format cannot hold */
export function encodeArchive(members: readonly ArchiveMember[]): Uint8Array {
  const sizes = members.map(({ bytes }) => blockBytes + padded(bytes.length));
  const archive = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0) + 2 * blockBytes);
  let at = 0;
  members.forEach(({ path, mode, bytes }, index) => {
    archive.set(headerOf(path, mode, bytes.length), at);
    archive.set(bytes, at + blockBytes);
    at += sizes[index] ?? 0;
  });
  return archive;
}

const padded = (bytes: number): number => Math.ceil(bytes / blockBytes) * blockBytes;

/** The time of each file is 0 and its owner is root: the manifest says when the backup was made. */
function headerOf(path: string, mode: number, size: number): Uint8Array {
  if (!pathPattern.test(path) || path.length > pathLengthMax)
    throw new HecateError('HEC_STATE', `a backup cannot hold a file of the name ${JSON.stringify(path)}`);
  const header = new Uint8Array(blockBytes);
  const put = (field: Field, text: string): void =>
    [...text].forEach((character, index) => {
      header[fields[field][0] + index] = character.charCodeAt(0);
    });
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
  put('path', path);
  put('mode', octal(mode & 0o777, 7));
  put('owner', octal(0, 7));
  put('group', octal(0, 7));
  put('size', octal(size, 11));
  put('time', octal(0, 11));
  put('type', '0');
  put('magic', 'ustar\u000000');
  put('checksum', ' '.repeat(8));
  const sum = header.reduce((total, byte) => total + byte, 0);
  put('checksum', `${octal(sum, 6)}\0 `);
  return header;
}

/** @throws HEC_STATE when it is not, byte for byte, what `encodeArchive` writes */
export function decodeArchive(archive: Uint8Array): ArchiveMember[] {
  if (archive.length > archiveBytesMax) throw damaged(`more than ${archiveBytesMax} bytes`);
  const members: ArchiveMember[] = [];
  let at = 0;
  while (at + 2 * blockBytes < archive.length && members.length < membersMax) {
    const member = memberAt(archive, at);
    members.push(member);
    at += blockBytes + padded(member.bytes.length);
  }
  const isWhole = members.length > 0 && isSame(encodeArchive(members), archive);
  if (!isWhole) throw damaged('bytes that no backup has');
  return members;
}

function memberAt(archive: Uint8Array, at: number): ArchiveMember {
  const text = (field: Field): string => {
    const [offset, length] = fields[field];
    const bytes = archive.subarray(at + offset, at + offset + length);
    const end = bytes.indexOf(0);
    return String.fromCharCode(...(end < 0 ? bytes : bytes.subarray(0, end)));
  };
  const path = text('path');
  const size = Number.parseInt(text('size'), 8);
  const mode = Number.parseInt(text('mode'), 8);
  const begin = at + blockBytes;
  const isMember = pathPattern.test(path) && size >= 0 && mode >= 0 && begin + size <= archive.length;
  if (!isMember) throw damaged(`no header of a file at byte ${at}`);
  return { path, mode, bytes: archive.subarray(begin, begin + size) };
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, index) => byte === other[index]);

const damaged = (found: string): HecateError =>
  new HecateError(
    'HEC_STATE',
    `this is no backup, or a damaged one: found ${found}, expected a file that hecatectl backup wrote`,
    'take another copy of it, or an older backup; nothing was changed',
  );
