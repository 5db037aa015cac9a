import type { Clock } from './transport.ts';

/**
 * One timer for a moment of CLOCK_BOOTTIME. That clock goes on while the host is suspended, and timers do not: so it
 * fires early, too, at least every `lookIntervalMs`, and who is woken looks at the clock. None at rest (I14).
 */
export class BootTimeTimer {
  readonly #clock: Pick<Clock, 'bootTimeMs'>;
  readonly #lookIntervalMs: number;
  readonly #onLook: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Pick<Clock, 'bootTimeMs'>, lookIntervalMs: number, onLook: () => void) {
    this.#clock = clock;
    this.#lookIntervalMs = lookIntervalMs;
    this.#onLook = onLook;
  }

  /** In place of whatever was armed. @param atMs Infinity: nothing is due */
  arm(atMs: number): void {
    this.stop();
    if (atMs === Number.POSITIVE_INFINITY) return;
    const leftMs = Math.max(1, Math.ceil(atMs - this.#clock.bootTimeMs()));
    this.#timer = setTimeout(this.#onLook, Math.min(this.#lookIntervalMs, leftMs));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
