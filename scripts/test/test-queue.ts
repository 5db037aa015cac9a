/** Folders whose tests boot whole systems: they keep a core busy for about a third of their time. */
const bootingFolders = ['test/packages/', 'test/e2e/', 'test/nodes/'];

/** Files of more than one and a half minutes: they begin first, so that no long one is left alone at the end. */
export const longFiles: readonly string[] = [
  'test/packages/update.test.ts',
  'test/e2e/power-story.test.ts',
  'test/e2e/cluster-dead-man.test.ts',
  'test/e2e/power-forward.test.ts',
  'test/packages/confinement.test.ts',
  'test/e2e/cluster-manager-gone.test.ts',
  'test/e2e/demonstration.test.ts',
  'test/e2e/demonstration-outage.test.ts',
  'test/e2e/demonstration-without-root.test.ts',
  'test/packages/install-dnf.test.ts',
  'test/e2e/dead-man.test.ts',
  'test/e2e/power-taken-back.test.ts',
];

/** `late`: nothing begins on it until there is nothing left that computes. */
export type LaneKind = 'any' | 'booting' | 'late';

/**
 * The files that have not begun. Of several lanes the first computes while the others, which take what boots first,
 * wait for their nodes; so no more lanes compute at once than asked.
 */
export class TestQueue {
  readonly #booting: string[];
  readonly #computing: string[];
  readonly #allComputed = Promise.withResolvers<void>();

  constructor(files: readonly string[]) {
    const inFolders = bootingFolders.flatMap((folder) => files.filter((file) => file.startsWith(folder)));
    const long = longFiles.filter((file) => inFolders.includes(file));
    this.#booting = [...long, ...inFolders.filter((file) => !long.includes(file))];
    this.#computing = files.filter((file) => !inFolders.includes(file));
    this.#noteComputed();
  }

  /** The next file for this lane. @returns undefined when nothing is left that it may take */
  async next(lane: number, kind: LaneKind): Promise<string | undefined> {
    if (kind === 'late') await this.#allComputed.promise;
    if (kind !== 'any') return this.#booting.shift();
    const [first, second] = lane === 0 ? [this.#computing, this.#booting] : [this.#booting, this.#computing];
    const file = first.shift() ?? second.shift();
    this.#noteComputed();
    return file;
  }

  clear(): void {
    this.#booting.length = 0;
    this.#computing.length = 0;
    this.#noteComputed();
  }

  #noteComputed(): void {
    if (this.#computing.length === 0) this.#allComputed.resolve();
  }
}

/**
 * What each lane may take: as many as there are cores may take anything. Where there are more lanes than cores, another
 * one boots in place of what has been computed.
 */
export function laneKinds(jobs: number, cores: number): LaneKind[] {
  const computing = Math.max(1, cores);
  const kinds = Array.from({ length: Math.max(1, jobs) }, (_, lane) =>
    lane < computing ? 'any' : 'booting',
  );
  return jobs > computing ? [...kinds, 'late'] : kinds;
}
