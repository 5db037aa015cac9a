/** A process that is killed, started again and frozen at will: nothing that it was waiting for reaches its next life. */
import type { Cancel, VirtualTime } from './operations-time.ts';

export class SimulatedProcess {
  isUp = false;
  #life = 0;
  #held: (() => void)[] | undefined;
  readonly #time: VirtualTime;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  get life(): number {
    return this.#life;
  }

  get isFrozen(): boolean {
    return this.#held !== undefined;
  }

  begin(): void {
    this.isUp = true;
    this.#life += 1;
  }

  end(): void {
    this.isUp = false;
    this.#life += 1;
    this.#held = undefined;
  }

  /** SIGSTOP: everything that comes waits until `thaw`. */
  freeze(): void {
    if (this.isUp) this.#held ??= [];
  }

  thaw(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const run of held) run();
  }

  /** Now, or when it is thawed; never in another life than this one. */
  run(work: () => void): void {
    const life = this.#life;
    if (!this.isUp) return;
    if (this.#held) this.#held.push(() => life === this.#life && this.run(work));
    else work();
  }

  later(delayMs: number, work: () => void): Cancel {
    const life = this.#life;
    return this.#time.after(delayMs, () => {
      if (life === this.#life) this.run(work);
    });
  }
}
