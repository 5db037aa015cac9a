/**
 * Folders whose tests boot whole systems: they keep a core busy for about a third of their time. Those with the longest
 * files come first, so that no long one is left alone at the end.
 */
const bootingFolders = ['test/packages/', 'test/e2e/', 'test/nodes/'];

export type LaneKind = 'any' | 'booting';

/**
 * The files that have not begun. Of several lanes the first computes while the others, which take what boots first,
 * wait for their nodes; so no more lanes compute at once than asked.
 */
export class TestQueue {
  readonly #booting: string[];
  readonly #computing: string[];

  constructor(files: readonly string[]) {
    this.#booting = bootingFolders.flatMap((folder) => files.filter((file) => file.startsWith(folder)));
    this.#computing = files.filter((file) => !this.#booting.includes(file));
  }

  /** The next file for this lane. @returns undefined when nothing is left that it may take */
  next(lane: number, kind: LaneKind): string | undefined {
    if (kind === 'booting') return this.#booting.shift();
    const [first, second] = lane === 0 ? [this.#computing, this.#booting] : [this.#booting, this.#computing];
    return first.shift() ?? second.shift();
  }

  clear(): void {
    this.#booting.length = 0;
    this.#computing.length = 0;
  }
}

/** What each lane may take: as many as there are cores may take anything. */
export function laneKinds(jobs: number, cores: number): LaneKind[] {
  return Array.from({ length: Math.max(1, jobs) }, (_, lane) =>
    lane < Math.max(1, cores) ? 'any' : 'booting',
  );
}
