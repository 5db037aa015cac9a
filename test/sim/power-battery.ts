/** A battery that really runs out, and the gauge that tells of it: what is there, and what is believed by the UPS itself. */

export interface BatteryNature {
  /** From full to empty while everything that hangs on it is on. */
  readonly fullMs: number;
  /** The share of that load which no host of the site is. */
  readonly baseShare: number;
  /** Over 1: a higher load takes more than its share (Peukert). */
  readonly exponent: number;
  /** How much faster than it empties it is charged. */
  readonly chargeRate: number;
  /** It dies with that share left on its gauge: 0 of a healthy one. */
  readonly deadShare: number;
  /** From that share down the gauge knows. */
  readonly revealedShare: number;
}

export class Battery {
  readonly nature: BatteryNature;
  /** 1: everything that hangs on it is on. */
  load = 1;
  isDraining = false;
  /** Of the gauge: time at the load 1. */
  #gaugeMs: number;
  #atMs = 0;

  constructor(nature: BatteryNature) {
    this.nature = nature;
    this.#gaugeMs = nature.fullMs;
  }

  get #deadMs(): number {
    return this.nature.deadShare * this.nature.fullMs;
  }

  get #drain(): number {
    return this.load ** this.nature.exponent;
  }

  /** Up to now, at the load that has been since. */
  advance(nowMs: number): void {
    const passedMs = nowMs - this.#atMs;
    const { fullMs, chargeRate } = this.nature;
    this.#atMs = nowMs;
    this.#gaugeMs = this.isDraining
      ? Math.max(this.#deadMs, this.#gaugeMs - passedMs * this.#drain)
      : Math.min(fullMs, this.#gaugeMs + passedMs * chargeRate);
  }

  get isEmpty(): boolean {
    return this.#gaugeMs <= this.#deadMs + 1e-6;
  }

  /** The truth, at this load. */
  leftMs(): number {
    return (this.#gaugeMs - this.#deadMs) / this.#drain;
  }

  /** The truth, were everything on that hangs on it. */
  fullLoadLeftMs(): number {
    return this.#gaugeMs - this.#deadMs;
  }

  /** What its gauge says of that. */
  toldMs(): number {
    return this.#isRevealed ? this.leftMs() : this.#gaugeMs / this.#drain;
  }

  toldPercent(): number {
    const { fullMs } = this.nature;
    const told = this.#isRevealed ? this.#gaugeMs - this.#deadMs : this.#gaugeMs;
    return Math.round((100 * told) / fullMs);
  }

  get #isRevealed(): boolean {
    return this.#gaugeMs <= this.nature.revealedShare * this.nature.fullMs;
  }
}
