/** A file of records as record-file.ts is one: in order, acknowledged when durable; a crash keeps a beginning. */
import type { VirtualTime } from './operations-time.ts';

interface Waiting<T> {
  readonly record: T;
  readonly done: ((isDurable: boolean) => void) | undefined;
}

export class SimulatedDisk<T> {
  /** What a restart finds. */
  durable: T[] = [];
  /** Appends fail. */
  isFull = false;
  /** How long one write takes. */
  latencyMs: () => number;
  #waiting: Waiting<T>[] = [];
  #isBusy = false;
  #incarnation = 0;
  readonly #time: VirtualTime;
  readonly #random: () => number;

  constructor(time: VirtualTime, random: () => number) {
    this.#time = time;
    this.#random = random;
    this.latencyMs = () => random() * 3;
  }

  append(records: readonly T[], done?: (isDurable: boolean) => void): void {
    records.forEach((record, index) => {
      this.#waiting.push({ record, done: index === records.length - 1 ? done : undefined });
    });
    this.#write();
  }

  #write(): void {
    if (this.#isBusy || this.#waiting.length === 0) return;
    this.#isBusy = true;
    const incarnation = this.#incarnation;
    const batch = this.#waiting.splice(0);
    this.#inFlight = batch;
    this.#time.after(this.latencyMs(), () => {
      if (incarnation !== this.#incarnation) return;
      this.#isBusy = false;
      this.#inFlight = [];
      const isDurable = !this.isFull;
      if (isDurable) this.durable.push(...batch.map(({ record }) => record));
      for (const { done } of batch) done?.(isDurable);
      this.#write();
    });
  }

  #inFlight: Waiting<T>[] = [];

  /** The process is killed: of what was not acknowledged any beginning may be there, and nobody is told. */
  crash(): void {
    this.#incarnation += 1;
    const lost = [...this.#inFlight, ...this.#waiting];
    const kept = this.isFull ? 0 : Math.floor(this.#random() * (lost.length + 1));
    this.durable.push(...lost.slice(0, kept).map(({ record }) => record));
    this.#waiting = [];
    this.#inFlight = [];
    this.#isBusy = false;
  }

  get isAtRest(): boolean {
    return !this.#isBusy && this.#waiting.length === 0;
  }
}
