/** Connections that were turned away, for the doctor. Bounded: strangers choose the names in it (I14). */
import type { Refusal } from '../core/diagnosis.ts';

const namesMax = 256;
const refusalsPerNameMax = 5;

export class Refusals {
  readonly #byName = new Map<string, Refusal[]>();
  #strangers = 0;

  /** @param name that the connection claimed; empty when it did not come so far */
  add(name: string, refusal: Refusal): void {
    if (name === '') {
      this.#strangers += 1;
      return;
    }
    const list = this.#byName.get(name) ?? [];
    this.#byName.delete(name);
    this.#byName.set(name, [...list, refusal].slice(-refusalsPerNameMax));
    if (this.#byName.size <= namesMax) return;
    const [oldest] = this.#byName.keys();
    if (oldest !== undefined) this.#byName.delete(oldest);
  }

  /** It came online: what went wrong before is over. */
  clear(name: string): void {
    this.#byName.delete(name);
  }

  of(name: string): readonly Refusal[] {
    return this.#byName.get(name) ?? [];
  }

  get strangers(): number {
    return this.#strangers;
  }
}
