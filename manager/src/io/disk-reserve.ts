/**
 * Room for a shutdown on a disk that is full: a file `reserve` in the state directory, given up when a manager could not
 * start otherwise, or a decided run could not be recorded. Made again when there is room; until then no run begins but shutdowns.
 */
import { randomBytes } from 'node:crypto';
import { rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import { syncDirectory, writeFileAtomically } from '@hecate/proto/io/atomic-file.ts';
import { errnoOf } from '@hecate/proto/io/file-errors.ts';

/** Some 2,000 records: a shutdown of 30 nodes writes about 300, and starts of the manager in it a few each. */
const reserveBytes = 1024 * 1024;

/** Whether it came of a disk, or of a quota, that is full. */
export function isDiskFull(error: unknown): boolean {
  const errno = errnoOf(error);
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return true;
  return error instanceof Error && error.cause !== undefined && isDiskFull(error.cause);
}

export class DiskReserve {
  readonly #path: string;
  #isWhole: boolean;
  /** Why it could not be made, where that is not for want of room. */
  #failure: string | undefined;
  /** Told when it was given up, and when it is there again (undefined). */
  onChange: (trouble: HecateError | undefined) => void = () => undefined;

  private constructor(path: string, isWhole: boolean) {
    this.#path = path;
    this.#isWhole = isWhole;
  }

  /** What is there; makes nothing. @param directory the state directory, which the caller holds */
  static async open(directory: string): Promise<DiskReserve> {
    const path = join(directory, 'reserve');
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    return new DiskReserve(path, size >= reserveBytes);
  }

  /** What operators are to know; undefined: it is there. */
  get trouble(): HecateError | undefined {
    if (this.#isWhole) return undefined;
    return new HecateError(
      'HEC_STATE',
      `${this.#failure ?? `${dirname(this.#path)}: its disk is full`}: what is left is for shutdowns, and no startup or sequence begins`,
      'free space on this file system (df -h)',
    );
  }

  /** Carries `work` out; when the disk is full, once more in the room of the reserve. */
  async lendTo<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (!isDiskFull(error) || !(await this.release())) throw error;
      return work();
    }
  }

  /** @returns false when there was nothing to give */
  async release(): Promise<boolean> {
    if (!this.#isWhole) return false;
    this.#isWhole = false;
    await rm(this.#path, { force: true }).catch(() => undefined);
    await syncDirectory(dirname(this.#path)).catch(() => undefined);
    this.onChange(this.trouble);
    return true;
  }

  /** Makes it, where that leaves as much room again. @returns whether it is there */
  async restore(): Promise<boolean> {
    if (this.#isWhole) return true;
    try {
      // A file system that does not count its blocks says 0 of all.
      const { bavail, bsize, blocks } = await statfs(dirname(this.#path));
      if (blocks > 0 && bavail * bsize < 2 * reserveBytes) return false;
      // Random: a file system that compresses would keep no room for zeros.
      await writeFileAtomically(this.#path, randomBytes(reserveBytes));
    } catch (error) {
      this.#failure = isDiskFull(error) ? undefined : asHecateError(error).message;
      return false;
    }
    this.#isWhole = true;
    this.#failure = undefined;
    this.onChange(undefined);
    return true;
  }
}
