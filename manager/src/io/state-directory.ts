/** The manager's state directory: created, locked, and with an epoch above all before it (I6). */
import { chmod, mkdir, readdir, realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { syncDirectory, temporarySuffix } from '@hecate/proto/io/atomic-file.ts';
import { type DirectoryLock, type LockHolder, lockDirectory } from '@hecate/proto/io/directory-lock.ts';
import { fileError } from '@hecate/proto/io/file-errors.ts';
import { DiskReserve } from './disk-reserve.ts';
import { type Epochs, nextEpoch, readEpochs, writeEpochs } from './epoch-file.ts';

export interface StateDirectory {
  readonly path: string;
  /** Of this start; durable since before the directory was handed out. */
  readonly epoch: number;
  /** The highest epoch that is not ours and that an agent has seen; 0: none. */
  readonly highestForeignEpoch: number;
  readonly reserve: DiskReserve;
  /** The next start will be above this number. Durable when it resolves. @throws HEC_STATE */
  noteForeignEpoch(epoch: number): Promise<void>;
  /** Where the record file of this name is: `journal/NAME.records`. */
  journalPath(name: string): string;
  /** Lets the next manager in. Idempotent. */
  release(): Promise<void>;
}

class LockedStateDirectory implements StateDirectory {
  readonly path: string;
  readonly epoch: number;
  highestForeignEpoch: number;
  readonly reserve: DiskReserve;
  readonly #lock: DirectoryLock;
  /** What is on disk. */
  #written: number;
  #tail: Promise<void> = Promise.resolve();

  constructor(path: string, lock: DirectoryLock, reserve: DiskReserve, epochs: Epochs) {
    this.path = path;
    this.reserve = reserve;
    this.epoch = epochs.epoch;
    this.highestForeignEpoch = epochs.highestForeignEpoch;
    this.#written = epochs.highestForeignEpoch;
    this.#lock = lock;
  }

  noteForeignEpoch(epoch: number): Promise<void> {
    if (!Number.isSafeInteger(epoch) || epoch < 0) {
      return Promise.reject(new HecateError('HEC_PROTOCOL', `${epoch} is not an epoch`));
    }
    this.highestForeignEpoch = Math.max(this.highestForeignEpoch, epoch);
    const result = this.#tail.then(() => this.#write());
    this.#tail = result.catch(() => undefined);
    return result;
  }

  async #write(): Promise<void> {
    const { epoch, highestForeignEpoch } = this;
    if (highestForeignEpoch <= this.#written) return;
    await writeEpochs(epochPath(this.path), { epoch, highestForeignEpoch });
    this.#written = highestForeignEpoch;
  }

  journalPath(name: string): string {
    if (!/^[a-z][a-z0-9-]{0,40}$/.test(name))
      throw new HecateError('HEC_INTERNAL', `${name} names no journal`);
    return join(journalFolder(this.path), `${name}.records`);
  }

  async release(): Promise<void> {
    await this.#tail;
    await this.#lock.release();
  }
}

const epochPath = (directory: string): string => join(directory, 'epoch.json');
const journalFolder = (directory: string): string => join(directory, 'journal');

/** Keys live here: nobody else may look in, whoever made the directory. */
async function makePrivate(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o700);
}

/** A file that is there while a restore exchanges what is in the directory. */
export const unfinishedRestore = 'restore.unfinished';

/** On half a state a manager would forget revocations, or begin at a low epoch (I6). */
async function refuseHalfRestored(directory: string): Promise<void> {
  if (!(await stat(join(directory, unfinishedRestore)).catch(() => undefined))) return;
  throw new HecateError(
    'HEC_STATE',
    `${directory}: a restore was interrupted, and this is half of a state`,
    'repeat it: hecatectl restore --force FILE',
  );
}

/** What a crash left half-written. */
async function sweep(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.endsWith(temporarySuffix)) await rm(join(directory, name), { force: true });
  }
}

/** Raises the epoch, durably. */
async function takeEpoch(directory: string): Promise<Epochs> {
  const before = await readEpochs(epochPath(directory));
  const epochs: Epochs = { epoch: nextEpoch(before), highestForeignEpoch: before.highestForeignEpoch };
  await writeEpochs(epochPath(directory), epochs);
  return epochs;
}

/** Whoever holds a state directory. */
export const stateHolder: LockHolder = {
  program: 'manager',
  remedy:
    'end that manager first (systemctl stop hecate-manager), or give this one a state_directory of its own',
};

/**
 * Creates the directory (0700) when it is missing, takes its lock, and raises the epoch.
 * @throws HEC_LOCKED naming the pid that holds it; HEC_STATE naming the file, the reason and the remedy
 */
export async function openStateDirectory(path: string): Promise<StateDirectory> {
  let lock: DirectoryLock | undefined;
  try {
    await makePrivate(path);
    const directory = await realpath(path);
    lock = await lockDirectory(directory, stateHolder);
    await refuseHalfRestored(directory);
    await sweep(directory);
    const reserve = await DiskReserve.open(directory);
    const epochs = await reserve.lendTo(async () => {
      await makePrivate(journalFolder(directory));
      await syncDirectory(directory);
      return takeEpoch(directory);
    });
    await reserve.restore();
    return new LockedStateDirectory(directory, lock, reserve, epochs);
  } catch (thrown) {
    await lock?.release();
    throw fileError('use it as the state directory', path, thrown);
  }
}
