/** Folders whose tests boot whole systems: they keep a core busy for about a third of their time. */
const bootingFolders = ['test/packages/', 'test/e2e/', 'test/nodes/'];

/** Those of them that take longest begin first, so that no long one is left alone at the end. */
export const longFiles: readonly string[] = [
  'test/packages/update-rollback.test.ts',
  'test/packages/update.test.ts',
  'test/packages/install-dnf.test.ts',
  'test/packages/confinement.test.ts',
  'test/e2e/demonstration.test.ts',
  'test/e2e/demonstration-without-root.test.ts',
];

/** Those that wait for a clock most of their time, such as a minute of mains: at most a fifth of a core (measured). */
export const patientFiles: readonly string[] = [
  'test/e2e/power-story.test.ts',
  'test/e2e/cluster-dead-man.test.ts',
  'test/e2e/power-forward.test.ts',
  'test/e2e/cluster-manager-gone.test.ts',
  'test/e2e/demonstration-outage.test.ts',
  'test/e2e/dead-man.test.ts',
  'test/e2e/power-taken-back.test.ts',
  'test/e2e/power-bootstrap.test.ts',
];

/** `patient`: of what boots only patient files, until there is nothing left to begin that computes. */
export type LaneKind = 'any' | 'booting' | 'patient';

/**
 * The files that have not begun. Of several lanes the first computes while the others, which take what boots first,
 * wait for their nodes; so no more lanes compute at once than asked.
 */
export class TestQueue {
  readonly #patient: string[];
  readonly #booting: string[];
  readonly #computing: string[];
  readonly #allComputed = Promise.withResolvers<void>();

  constructor(files: readonly string[]) {
    const inFolders = bootingFolders.flatMap((folder) => files.filter((file) => file.startsWith(folder)));
    const long = longFiles.filter((file) => inFolders.includes(file));
    this.#patient = patientFiles.filter((file) => inFolders.includes(file));
    this.#booting = [...new Set([...long, ...inFolders])].filter((file) => !this.#patient.includes(file));
    this.#computing = files.filter((file) => !inFolders.includes(file));
    this.#noteComputed();
  }

  /** The next file for this lane. @returns undefined when nothing is left that it may take */
  async next(lane: number, kind: LaneKind): Promise<string | undefined> {
    if (kind === 'patient') {
      const file = this.#patient.shift();
      if (file !== undefined) return file;
      await this.#allComputed.promise;
    }
    const boots = (): string | undefined => this.#booting.shift() ?? this.#patient.shift();
    if (kind !== 'any') return boots();
    const computes = (): string | undefined => this.#computing.shift();
    const file = lane === 0 ? (computes() ?? boots()) : (boots() ?? computes());
    this.#noteComputed();
    return file;
  }

  clear(): void {
    for (const files of [this.#patient, this.#booting, this.#computing]) files.length = 0;
    this.#noteComputed();
  }

  #noteComputed(): void {
    if (this.#computing.length === 0) this.#allComputed.resolve();
  }
}

/**
 * What each lane may take: as many as there are cores may take anything. Where there are more lanes than cores, another
 * one takes what hardly computes, and boots in place of what has been computed.
 */
export function laneKinds(jobs: number, cores: number): LaneKind[] {
  const computing = Math.max(1, cores);
  const kinds = Array.from({ length: Math.max(1, jobs) }, (_, lane) =>
    lane < computing ? 'any' : 'booting',
  );
  return jobs > computing ? [...kinds, 'patient'] : kinds;
}
