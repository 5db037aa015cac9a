import { HecateError } from '../core/errors.ts';

/** What the operator can do about an error number of the kernel. */
const remedies: Record<string, string> = {
  ENOSPC: 'free space on this file system (df -h), then try again',
  EDQUOT: 'free space within the quota of this user, then try again',
  EROFS: 'the file system is mounted read-only: look for disk errors (dmesg), then mount it read-write',
  EACCES: 'give the user of this service the right to write there (ls -ld)',
  EPERM: 'give the user of this service the right to write there (ls -ld, lsattr)',
  EIO: 'the disk reports errors (dmesg): replace it, or move the directory',
  ENOTDIR: 'a part of this path is a file: name another directory, or move that file away',
  EISDIR: 'a directory stands where a file is expected: move it away',
  EMFILE: 'raise LimitNOFILE= of the service',
};

/** The error number of the kernel (`ENOSPC`), or an empty text. */
export function errnoOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
}

/** HEC_STATE for a file whose text is not what was expected: the beginning of what was found says more than a reason. */
export function damagedFile(
  path: string,
  { text, expected, remedy, cause }: { text: string; expected: string; remedy: string; cause: unknown },
): HecateError {
  const found = JSON.stringify(text.slice(0, 80));
  return new HecateError(
    'HEC_STATE',
    `${path}: damaged: found ${found}, expected ${expected}`,
    remedy,
    cause,
  );
}

/** HEC_STATE for a file that could not be read or written: which, why, and what to do. */
export function fileError(what: string, path: string, thrown: unknown): HecateError {
  if (thrown instanceof HecateError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const remedy = remedies[errnoOf(thrown)] ?? 'look at the file and at its directory';
  return new HecateError('HEC_STATE', `${path}: cannot ${what}: ${reason}`, remedy, thrown);
}
