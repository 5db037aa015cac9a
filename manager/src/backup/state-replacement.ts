/**
 * Exchanges what is in a state directory, while no manager holds it. A crash on the way leaves a mark there, and no
 * manager starts on half a state; a restore that is repeated begins anew.
 */
import { chmod, chown, copyFile, lchown, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import {
  readFileIfThere,
  removeFileDurably,
  syncDirectory,
  writeFileAtomically,
} from '@hecate/proto/io/atomic-file.ts';
import { type DirectoryLock, lockDirectory } from '@hecate/proto/io/directory-lock.ts';
import { fileError } from '@hecate/proto/io/file-errors.ts';
import { readEpochs } from '../io/epoch-file.ts';
import { stateHolder, unfinishedRestore } from '../io/state-directory.ts';
import { stateNames, statePaths } from './read-state.ts';

const incoming = 'restore.new';
const asidePrefix = 'before-restore-';
const stampPattern = /^\d{8}T\d{6}\.\d{3}Z$/;
/** So many interrupted restores in a row are remembered (I14). */
const interruptedMax = 100;

export interface NewConfig {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** With this mode if it is made, whatever the umask is: keepalived's is 0177. */
async function makeFolder(path: string, mode: number): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (made !== undefined) await chmod(path, mode);
}

export class StateReplacement {
  readonly #directory: string;
  readonly #lock: DirectoryLock;
  /** For what is kept aside: `20261121T201500.000Z`. */
  readonly #stamp: string;
  /** Of restores before this one that were interrupted, one after the other. */
  readonly #interrupted: readonly string[];

  private constructor(directory: string, lock: DirectoryLock, stamp: string, interrupted: readonly string[]) {
    this.#directory = directory;
    this.#lock = lock;
    this.#stamp = stamp;
    this.#interrupted = interrupted;
  }

  /** Takes the directory, made when it is not there. @throws HEC_LOCKED naming the manager that runs; HEC_STATE */
  static async begin(directory: string, nowWallMs: number): Promise<StateReplacement> {
    try {
      await makeFolder(directory, 0o700);
      const lock = await lockDirectory(directory, stateHolder);
      const stamp = new Date(nowWallMs).toISOString().replace(/[-:]/g, '');
      const mark = await readFileIfThere(join(directory, unfinishedRestore));
      const interrupted = (mark ?? '').split('\n').filter((line) => stampPattern.test(line));
      const replacement = new StateReplacement(directory, lock, stamp, interrupted.slice(-interruptedMax));
      await replacement.#giveAway(join(directory, 'lock'));
      return replacement;
    } catch (thrown) {
      throw fileError('restore the state of the manager to it', directory, thrown);
    }
  }

  /** Of the state that is there; 0: none that can be read. */
  async presentEpoch(): Promise<number> {
    const path = join(this.#directory, statePaths.epoch);
    const { epoch, highestForeignEpoch } = await readEpochs(path).catch(() => ({
      epoch: 0,
      highestForeignEpoch: 0,
    }));
    return Math.max(epoch, highestForeignEpoch);
  }

  /** Where the state is that this one takes the place of: a restore that was interrupted has set part of it aside. */
  get places(): readonly string[] {
    const aside = this.#interrupted.map((stamp) => join(this.#directory, asidePrefix + stamp));
    return [...aside, this.#directory];
  }

  /** @param config a file that would be replaced. @throws HEC_STATE when there is something to lose */
  async requireEmpty(config: string | undefined): Promise<void> {
    const remedy = 'to keep it aside and restore all the same: hecatectl restore --force FILE';
    if ((await this.#present()).length > 0)
      throw new HecateError('HEC_STATE', `${this.#directory} holds the state of a manager already`, remedy);
    if (config === undefined || !(await stat(config).catch(() => undefined))) return;
    const other = 'or leave the configuration as it is: hecatectl restore --keep-config FILE';
    throw new HecateError('HEC_STATE', `${config} is there, and another one`, `${remedy}; ${other}`);
  }

  /** What a restore takes the place of. */
  async #present(): Promise<string[]> {
    return (await readdir(this.#directory)).filter((name) => stateNames.has(name));
  }

  /** @returns where what was there is now. @throws HEC_STATE */
  async put(files: ReadonlyMap<string, Uint8Array>, config: NewConfig | undefined): Promise<string[]> {
    try {
      const source = await this.#writeIncoming(files);
      const stamps = [...this.#interrupted, this.#stamp].map((stamp) => `${stamp}\n`).join('');
      await writeFileAtomically(join(this.#directory, unfinishedRestore), stamps);
      const aside = await this.#setAside();
      for (const name of await readdir(source)) await rename(join(source, name), join(this.#directory, name));
      await rm(source, { recursive: true });
      await chmod(this.#directory, 0o700);
      await syncDirectory(this.#directory);
      const oldConfig = config && (await this.#putConfig(config));
      await removeFileDurably(join(this.#directory, unfinishedRestore));
      return [...aside, ...(oldConfig ?? [])];
    } catch (thrown) {
      throw fileError('restore the state of the manager to it', this.#directory, thrown);
    }
  }

  /** All of it is on the disk before anything that is there is moved. */
  async #writeIncoming(files: ReadonlyMap<string, Uint8Array>): Promise<string> {
    const source = join(this.#directory, incoming);
    await rm(source, { recursive: true, force: true });
    await this.#makeFolder(source);
    for (const [path, bytes] of files) {
      const folder = dirname(join(source, path));
      if (folder !== source) await this.#makeFolder(folder);
      await writeFileAtomically(join(source, path), bytes);
      await this.#giveAway(join(source, path));
    }
    await syncDirectory(source);
    return source;
  }

  async #makeFolder(path: string): Promise<void> {
    await makeFolder(path, 0o700);
    await this.#giveAway(path);
  }

  /** What root restores belongs to whom the directory belongs to. */
  async #giveAway(path: string): Promise<void> {
    if (process.getuid?.() !== 0) return;
    const { uid, gid } = await stat(this.#directory);
    // Not where a link leads: who the directory belongs to may have put one there.
    await lchown(path, uid, gid);
  }

  async #setAside(): Promise<string[]> {
    const names = await this.#present();
    if (names.length === 0) return [];
    const aside = join(this.#directory, asidePrefix + this.#stamp);
    await this.#makeFolder(aside);
    for (const name of names) await rename(join(this.#directory, name), join(aside, name));
    await syncDirectory(aside);
    return [aside];
  }

  async #putConfig({ path, bytes }: NewConfig): Promise<string[]> {
    await makeFolder(dirname(path), 0o755);
    const there = await stat(path).catch(() => undefined);
    const aside = `${path}.${asidePrefix}${this.#stamp}`;
    if (there) await copyFile(path, aside);
    await writeFileAtomically(path, bytes, there ? there.mode & 0o777 : 0o644);
    if (there && process.getuid?.() === 0) await chown(path, there.uid, there.gid);
    return there ? [aside] : [];
  }

  async release(): Promise<void> {
    await this.#lock.release();
  }
}
