/** /var/lib/hecate-update: how far an update is, and the packages of the release that is here and the next one. */
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import {
  readFileIfThere,
  removeFileDurably,
  syncDirectory,
  writeFileAtomically,
} from '@hecate/proto/io/atomic-file.ts';
import { formatHostUpdate, type HostUpdateState, idle, parseHostUpdate } from '../core/host-update.ts';
import { isVersion, type PackageFormat, parsePackageFile } from '../core/package-name.ts';

export class StateFolder {
  readonly path: string;
  readonly #file: string;
  /** There while an update has begun and has no end: what hecate-update-resume.service looks for at boot. */
  readonly #unfinished: string;
  readonly #packages: string;

  private constructor(path: string) {
    this.path = path;
    this.#file = join(path, 'update.json');
    this.#unfinished = join(path, 'unfinished');
    this.#packages = join(path, 'packages');
  }

  static async open(path: string): Promise<StateFolder> {
    const folder = new StateFolder(path);
    await mkdir(folder.#packages, { recursive: true, mode: 0o700 });
    return folder;
  }

  /** @throws HEC_STATE when it is damaged: whether an update was cut short is not known then */
  async read(): Promise<HostUpdateState> {
    const text = await readFileIfThere(this.#file);
    if (text === undefined) return idle;
    const state = parseHostUpdate(text);
    if (state) return state;
    throw new HecateError(
      'HEC_STATE',
      `${this.#file} is damaged`,
      'look whether all packages of Hecate here are of one release, then remove the file',
    );
  }

  /** Durable when it resolves: the mark is there before a change is recorded, and goes after its end is. */
  async write(state: HostUpdateState): Promise<void> {
    const isOver = state.phase === 'idle';
    if (!isOver) await writeFileAtomically(this.#unfinished, `${state.from} ${state.to}\n`);
    await writeFileAtomically(this.#file, formatHostUpdate(state));
    if (isOver) await removeFileDurably(this.#unfinished);
  }

  folderOf(version: string): string {
    if (!isVersion(version)) throw new TypeError(`${version} is no version`);
    return join(this.#packages, version);
  }

  /** Files of a release that were kept; empty when it was not. */
  async kept(version: string): Promise<readonly string[]> {
    const folder = this.folderOf(version);
    const names = await readdir(folder).catch(() => []);
    return names.map((name) => join(folder, name)).toSorted();
  }

  /** Whether it has all of these packages of a release; what it has of others goes. */
  async keepsOnly(version: string, names: readonly string[], format: PackageFormat): Promise<boolean> {
    const found = new Set<string>();
    for (const file of await this.kept(version)) {
      const name = parsePackageFile(basename(file), format)?.name ?? '';
      if (names.includes(name)) found.add(name);
      else await rm(file, { force: true });
    }
    return found.size === names.length;
  }

  /** A folder for what `io/manager-backup.ts` keeps: for root alone, the authority's key is in it. */
  async backups(): Promise<string> {
    const folder = join(this.path, 'backups');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  /** An empty folder to bring a release to; it counts as kept once {@link keep} has been called. */
  async incoming(): Promise<string> {
    const folder = join(this.path, 'incoming');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    return folder;
  }

  async keep(incoming: string, version: string): Promise<void> {
    // The way back is needed most when the power went in the middle.
    for (const name of await readdir(incoming)) await syncFile(join(incoming, name));
    await syncDirectory(incoming);
    await rm(this.folderOf(version), { recursive: true, force: true });
    await rename(incoming, this.folderOf(version));
    await syncDirectory(this.#packages);
  }

  /** Everything but these releases goes (I14). */
  async forgetOthers(versions: readonly string[]): Promise<void> {
    for (const name of await readdir(this.#packages))
      if (!versions.includes(name)) await rm(join(this.#packages, name), { recursive: true, force: true });
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
