/**
 * The network between a manager and an agent, session by session, as a WebSocket over TCP is one: frames keep their
 * order; a cut holds them, and when it ends they come late; or the session is over, and a beginning of what was held
 * comes later still, into a newer session's time.
 */
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import type {
  ArmShutdown,
  Operation,
  OperationOutcome,
  ResolvedOperation,
} from '@hecate/proto/generated/wire.ts';
import type { VirtualTime } from './operations-time.ts';

export type ToAgent =
  | { type: 'welcome'; epoch: number; wallMs: number }
  | { type: 'apply'; call: number; operation: Operation }
  | { type: 'resolve'; call: number; epoch: number; opIds: readonly string[] }
  | { type: 'arm'; call: number; order: ArmShutdown }
  | { type: 'disarm'; call: number; runId: string; epoch: number }
  | { type: 'cancel'; call: number }
  | { type: 'reports-taken'; opIds: readonly string[] }
  | { type: 'reports-refused' };

export type ToManager =
  | { type: 'units'; units: readonly (readonly [string, string])[] }
  | { type: 'unit'; unit: string; state: string }
  | { type: 'accepted'; call: number; opId: string }
  | { type: 'outcome'; call: number; outcome: OperationOutcome }
  | { type: 'resolved'; call: number; operations: readonly ResolvedOperation[] }
  | { type: 'done'; call: number }
  | { type: 'failure'; call: number; code: ErrorCode }
  | { type: 'report'; outcomes: readonly OperationOutcome[] };

/** One direction. */
class Lane<F> {
  isStalled = false;
  #lastAtMs = 0;
  #held: F[] = [];
  readonly #time: VirtualTime;
  readonly #random: () => number;
  readonly #deliver: (frame: F) => void;

  constructor(time: VirtualTime, random: () => number, deliver: (frame: F) => void) {
    this.#time = time;
    this.#random = random;
    this.#deliver = deliver;
  }

  send(frame: F): void {
    if (this.isStalled) {
      this.#held.push(frame);
      return;
    }
    const delayMs = this.#random() < 0.97 ? this.#random() * 3 : this.#random() * 300;
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

  breakOff(): void {
    const held = this.#held.splice(0);
    const kept = this.#random() < 0.5 ? 0 : Math.floor(this.#random() * (held.length + 1));
    const delayMs = this.#random() < 0.4 ? this.#random() * 20 : this.#random() * 8000;
    for (const frame of held.slice(0, kept)) this.#time.after(delayMs, () => this.#deliver(frame));
  }
}

export class SimulatedSession {
  readonly id: number;
  readonly manager: number;
  isOpenAtManager = true;
  isOpenAtAgent = true;
  readonly toAgent: Lane<ToAgent>;
  readonly toManager: Lane<ToManager>;

  constructor(
    id: number,
    manager: number,
    time: VirtualTime,
    random: () => number,
    receive: {
      atAgent: (session: SimulatedSession, frame: ToAgent) => void;
      atManager: (session: SimulatedSession, frame: ToManager) => void;
    },
  ) {
    this.id = id;
    this.manager = manager;
    this.toAgent = new Lane(time, random, (frame) => receive.atAgent(this, frame));
    this.toManager = new Lane(time, random, (frame) => receive.atManager(this, frame));
  }

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
