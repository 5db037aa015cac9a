/**
 * Files as record-file.ts and atomic-file.ts keep them: what was acknowledged is there after a crash, of what was not
 * any beginning, and the last line may be torn.
 */
import type { VirtualTime } from './operations-time.ts';

/** What a test may break. */
export interface DiskFaults {
  /** Acknowledged before it is durable. */
  readonly skipsSync?: boolean;
  /** A torn tail is left where it is, and what is written next goes onto the same line. */
  readonly keepsTornTail?: boolean;
}

/** What a crash leaves of what was not acknowledged. */
export type CrashKeeps = 'nothing' | 'everything' | 'a torn line';

export interface DiskWorld {
  /** Undefined: any beginning, by chance. */
  readonly crashKeeps?: CrashKeeps | undefined;
  readonly time: VirtualTime;
  random(): number;
  /** That something has come up: `torn tail cut`. */
  sometimes(what: string): void;
  readonly faults: DiskFaults;
}

type Done = (isDurable: boolean) => void;

interface Pending<T> {
  readonly record: T;
  readonly done: Done | undefined;
}

export class SimulatedDisk {
  isFull = false;
  latencyMaxMs = 3;
  readonly world: DiskWorld;

  constructor(world: DiskWorld) {
    this.world = world;
  }

  latencyMs(): number {
    return this.world.random() * this.latencyMaxMs;
  }
}

interface Line<T> {
  readonly record: T;
  isTorn: boolean;
}

/** A journal: one line for each record. */
export class RecordLog<T> {
  readonly disk: SimulatedDisk;
  #lines: Line<T>[] = [];
  #pending: Pending<T>[] = [];
  #inFlight: Pending<T>[] = [];
  #rewrite: { readonly records: readonly T[]; readonly done: Done } | undefined;
  #isBusy = false;
  /** The last line is a torn one that another was written onto. */
  #isGlued = false;
  #life = 0;

  constructor(disk: SimulatedDisk) {
    this.disk = disk;
  }

  /** What a restart finds; a torn tail is cut. @throws on a line that is damaged and not the last: none may be */
  open(): T[] {
    const { world } = this.disk;
    if (this.#lines.at(-1)?.isTorn && !world.faults.keepsTornTail) {
      world.sometimes('torn tail cut');
      this.#lines.pop();
    }
    const damaged = this.#lines.findIndex(({ isTorn }) => isTorn);
    if (damaged >= 0 && damaged < this.#lines.length - 1)
      throw new Error(`I7: line ${damaged + 1} of a journal is damaged`);
    return this.#lines.filter(({ isTorn }) => !isTorn).map(({ record }) => record);
  }

  get durable(): readonly T[] {
    return this.#lines.filter(({ isTorn }) => !isTorn).map(({ record }) => record);
  }

  get isAtRest(): boolean {
    return !this.#isBusy && this.#pending.length === 0;
  }

  append(records: readonly T[], done?: Done): void {
    const { faults, time } = this.disk.world;
    const isEarly = faults.skipsSync === true && done !== undefined && !this.disk.isFull;
    const life = this.#life;
    if (isEarly) time.after(0, () => life === this.#life && done(true));
    records.forEach((record, index) => {
      const isLast = index === records.length - 1;
      this.#pending.push({ record, done: isLast && !isEarly ? done : undefined });
    });
    if (records.length === 0 && !isEarly) time.after(0, () => life === this.#life && done?.(true));
    this.#write();
  }

  /** Replaces the file, whole or not at all, behind everything that waits. */
  rewrite(records: readonly T[], done: Done): void {
    this.#rewrite = { records, done };
    this.#write();
  }

  #write(): void {
    if (this.#isBusy) return;
    if (this.#pending.length === 0 && this.#rewrite === undefined) return;
    this.#isBusy = true;
    const life = this.#life;
    const batch = this.#pending.splice(0);
    this.#inFlight = batch;
    const slowness = this.disk.world.faults.skipsSync ? 500 : 0;
    this.disk.world.time.after(this.disk.latencyMs() + slowness, () => {
      if (life !== this.#life) return;
      this.#isBusy = false;
      this.#inFlight = [];
      const isDurable = !this.disk.isFull;
      if (isDurable) this.#put(batch);
      for (const { done } of batch) done?.(isDurable);
      this.#replace();
      this.#write();
    });
  }

  #replace(): void {
    const rewrite = this.#rewrite;
    if (!rewrite || this.#pending.length > 0) return;
    this.#rewrite = undefined;
    if (!this.disk.isFull) this.#lines = rewrite.records.map((record) => ({ record, isTorn: false }));
    rewrite.done(!this.disk.isFull);
  }

  #put(batch: readonly Pending<T>[]): void {
    for (const { record } of batch) {
      // Onto a line that was torn: both are lost, and the next has a line of its own again.
      const isGlued = this.#lines.at(-1)?.isTorn === true && !this.#isGlued;
      this.#isGlued = isGlued;
      if (!isGlued) this.#lines.push({ record, isTorn: false });
    }
  }

  /** The process is gone: of what was not acknowledged any beginning may be there. */
  crash(): void {
    const { random } = this.disk.world;
    this.#life += 1;
    const lost = [...this.#inFlight, ...this.#pending];
    const { crashKeeps } = this.disk.world;
    const drawn = crashKeeps ? Number(crashKeeps === 'everything') : random();
    const kept = this.disk.isFull ? 0 : Math.floor(Math.min(0.999999, drawn) * (lost.length + 1));
    this.#put(lost.slice(0, kept));
    const torn = lost[kept];
    const isTorn = () => (crashKeeps ? crashKeeps === 'a torn line' : random() < 0.5);
    if (torn && !this.disk.isFull && isTorn()) this.#lines.push({ record: torn.record, isTorn: true });
    this.#pending = [];
    this.#inFlight = [];
    this.#rewrite = undefined;
    this.#isBusy = false;
  }

  /** Of another machine: a state directory that was copied. */
  copyTo(other: RecordLog<T>): void {
    other.#lines = this.#lines.map((line) => ({ ...line }));
  }
}

/** A small file that is replaced whole. */
export class SmallFile<T> {
  content: T | undefined;
  readonly disk: SimulatedDisk;
  #life = 0;
  #writes = 0;
  #freeAtMs = 0;

  constructor(disk: SimulatedDisk) {
    this.disk = disk;
  }

  get isAtRest(): boolean {
    return this.#writes === 0;
  }

  /** One after the other. Undefined: removes it; that takes no room. */
  put(content: T | undefined, done: Done): void {
    const life = this.#life;
    const { time, faults } = this.disk.world;
    const isEarly = faults.skipsSync === true && !this.disk.isFull;
    this.#writes += 1;
    if (isEarly) time.after(0, () => life === this.#life && done(true));
    const latencyMs = this.disk.latencyMs() + (isEarly ? 500 : 0);
    this.#freeAtMs = Math.max(this.#freeAtMs, time.nowMs) + latencyMs;
    time.after(this.#freeAtMs - time.nowMs, () => {
      if (life !== this.#life) return;
      this.#writes -= 1;
      const isDurable = content === undefined || !this.disk.isFull;
      if (isDurable) this.content = content;
      if (!isEarly) done(isDurable);
    });
  }

  crash(): void {
    this.#life += 1;
    this.#writes = 0;
    this.#freeAtMs = 0;
  }
}
