/** One simulated UPS: mains in, battery, output; when it really had what, for the checkers. */
import type { Cancel, VirtualTime } from './operations-time.ts';
import { Battery, type BatteryNature } from './power-battery.ts';

/** A stretch of time; infinite while it lasts. */
export interface Stretch {
  readonly fromMs: number;
  toMs: number;
}

/** How much of these stretches lies in a window. */
export const timeWithin = (stretches: readonly Stretch[], fromMs: number, toMs: number): number =>
  stretches.reduce(
    (sum, stretch) => sum + Math.max(0, Math.min(toMs, stretch.toMs) - Math.max(fromMs, stretch.fromMs)),
    0,
  );

export const isWithin = (stretches: readonly Stretch[], fromMs: number, toMs: number): boolean =>
  stretches.some((stretch) => stretch.fromMs <= toMs && stretch.toMs >= fromMs);

export class SimulatedUps {
  readonly name: string;
  readonly battery: Battery;
  hasMains = true;
  hasOutput = true;
  /** It discharges its battery on purpose, with mains there (CAL). */
  isCalibrating = false;
  /** Its output is off, and not for want of a battery: somebody has cut it. */
  cutBy: 'hand' | 'coordinator' | undefined;
  /** An outage of its own goes on, which random weather does not end. */
  isReserved = false;
  /** Without mains. */
  readonly outages: Stretch[] = [];
  /** Nothing comes out of it from then on. */
  onOutput: (ups: SimulatedUps) => void = () => undefined;
  onMains: () => void = () => undefined;
  #death: Cancel = () => undefined;
  readonly #time: VirtualTime;
  readonly #log: (text: string) => void;

  constructor(name: string, nature: BatteryNature, time: VirtualTime, log: (text: string) => void) {
    this.name = name;
    this.battery = new Battery(nature);
    this.#time = time;
    this.#log = log;
  }

  get isOnBattery(): boolean {
    return !this.hasMains;
  }

  setMains(hasMains: boolean): void {
    if (this.hasMains === hasMains) return;
    this.#log(`${this.name}: mains ${hasMains ? 'is back' : 'fails'}`);
    const { nowMs } = this.#time;
    this.battery.advance(nowMs);
    this.hasMains = hasMains;
    this.battery.isDraining = !hasMains || this.isCalibrating;
    const last = this.outages.at(-1);
    if (!hasMains) this.outages.push({ fromMs: nowMs, toMs: Number.POSITIVE_INFINITY });
    else if (last) last.toMs = nowMs;
    this.#expectDeath();
    this.onMains();
    if (hasMains) this.supply();
  }

  /** Its output, if it is off. */
  supply(): void {
    if (this.hasOutput || !this.hasMains) return;
    this.hasOutput = true;
    this.cutBy = undefined;
    this.#log(`${this.name} supplies again`);
    this.onOutput(this);
  }

  /** The output goes off, and comes back after a while; without mains, when that is back. */
  cut(by: 'hand' | 'coordinator', forMs: number): void {
    if (!this.hasOutput) return;
    this.#log(`${this.name}: its output is cut (${by})`);
    this.hasOutput = false;
    this.cutBy = by;
    this.#expectDeath();
    this.onOutput(this);
    this.#time.after(forMs, () => this.supply());
  }

  setCalibrating(isCalibrating: boolean): void {
    this.battery.advance(this.#time.nowMs);
    this.isCalibrating = isCalibrating;
    this.battery.isDraining = !this.hasMains || isCalibrating;
  }

  setLoad(load: number): void {
    if (load === this.battery.load) return;
    this.battery.advance(this.#time.nowMs);
    this.battery.load = load;
    this.#expectDeath();
  }

  #expectDeath(): void {
    this.#death();
    this.#death = () => undefined;
    if (this.hasMains || !this.hasOutput) return;
    this.#death = this.#time.after(this.battery.leftMs(), () => {
      this.battery.advance(this.#time.nowMs);
      this.#log(`${this.name} is empty`);
      this.hasOutput = false;
      this.onOutput(this);
    });
  }
}
