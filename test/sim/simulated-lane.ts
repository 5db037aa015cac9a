/**
 * A session of the network as TCP is one: frames keep their order; a cut holds them, and when it ends they come late; or
 * the session is over, and any beginning of what was held comes later still, or nothing.
 */
import type { VirtualTime } from './operations-time.ts';

export interface LaneTiming {
  /** The share of frames that take at most 3 ms; the others take at most 300. */
  readonly promptShare: number;
  /** How late what was held comes out of a buffer when its session is over. */
  readonly leftoverDelayMs: (random: () => number) => number;
}

/** One direction: frames in order, each with its delay. */
export class Lane<F> {
  isStalled = false;
  #lastAtMs = 0;
  #held: F[] = [];
  readonly #time: VirtualTime;
  readonly #random: () => number;
  readonly #timing: LaneTiming;
  readonly #deliver: (frame: F) => void;

  constructor(time: VirtualTime, random: () => number, timing: LaneTiming, deliver: (frame: F) => void) {
    this.#time = time;
    this.#random = random;
    this.#timing = timing;
    this.#deliver = deliver;
  }

  send(frame: F): void {
    if (this.isStalled) {
      this.#held.push(frame);
      return;
    }
    const isPrompt = this.#random() < this.#timing.promptShare;
    const delayMs = isPrompt ? this.#random() * 3 : this.#random() * 300;
    this.#lastAtMs = Math.max(this.#lastAtMs, this.#time.nowMs + delayMs);
    this.#time.after(this.#lastAtMs - this.#time.nowMs, () => {
      // The cut came while it was on its way.
      if (this.isStalled) this.#held.push(frame);
      else this.#deliver(frame);
    });
  }

  resume(): void {
    this.isStalled = false;
    for (const frame of this.#held.splice(0)) this.send(frame);
  }

  /** The session is over: some beginning of what was held may still come out of a buffer, much later. */
  breakOff(): void {
    const held = this.#held.splice(0);
    const kept = this.#random() < 0.5 ? 0 : Math.floor(this.#random() * (held.length + 1));
    const delayMs = this.#timing.leftoverDelayMs(this.#random);
    for (const frame of held.slice(0, kept)) this.#time.after(delayMs, () => this.#deliver(frame));
  }
}

/** Both directions of a session, and which ends still hold it. */
export abstract class TwoLanes<ToAgent, ToManager> {
  isOpenAtManager = true;
  isOpenAtAgent = true;
  abstract readonly toAgent: Lane<ToAgent>;
  abstract readonly toManager: Lane<ToManager>;

  get isWhole(): boolean {
    return this.isOpenAtManager && this.isOpenAtAgent;
  }

  stall(): void {
    this.toAgent.isStalled = true;
    this.toManager.isStalled = true;
  }

  /** The link is back: a session that both ends still hold goes on, late. */
  heal(): void {
    for (const lane of [this.toAgent, this.toManager]) {
      if (this.isWhole) lane.resume();
      else lane.breakOff();
    }
  }
}
