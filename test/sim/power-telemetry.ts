/**
 * What a UPS tells of itself through its driver and upsd: as old as the driver's refresh, more or less true, sometimes
 * wrong, sometimes nothing at all. What every look was told is kept for the checkers.
 */
import type { LookFailure, UpsReading } from '../../manager/src/core/power/ups/ups-sample.ts';
import type { VirtualTime } from './operations-time.ts';
import type { SimulatedUps } from './power-ups.ts';

export interface TelemetryNature {
  /** Of runtime, charge and load; flags are there at once. */
  readonly refreshMs: number;
  readonly isRefreshTold: boolean;
  readonly tells: 'runtime' | 'charge' | 'nothing';
  /** Runtime is told in steps of that. */
  readonly grainMs: number;
  /** What it tells of what it knows, from refresh to refresh, again and again. */
  readonly optimism: readonly number[];
  readonly lowPercent: number;
}

/** One look of the manager, as far as it matters. */
export interface Told {
  readonly atMs: number;
  /** When the driver read the runtime. */
  readonly readAtMs: number;
  /** Undefined: none, or no answer. */
  readonly runtimeMs: number | undefined;
  readonly isAnswered: boolean;
  readonly isOnBattery: boolean;
  readonly isForced: boolean;
  /** LB, in whatever company. */
  readonly isLow: boolean;
  /** Its output is off. */
  readonly isOff: boolean;
  readonly loadPercent: number | undefined;
  /** Planted: what it says is not so. */
  readonly isWrong: boolean;
}

interface Snapshot {
  readonly atMs: number;
  readonly runtimeMs: number;
  readonly chargePercent: number;
  readonly loadPercent: number;
  readonly isWrong: boolean;
}

/** upsd's MAXAGE: a driver that says nothing for so long is stale. */
const staleAfterMs = 15_000;
/** ups.load with everything on. */
const fullLoadPercent = 60;
const toldMax = 5000;

export type Wrong = (reading: UpsReading) => UpsReading;

export class Telemetry {
  readonly ups: SimulatedUps;
  readonly nature: TelemetryNature;
  readonly told: Told[] = [];
  failure: LookFailure | undefined;
  isForced = false;
  /** A worn battery, or a UPS that thinks so: LB, with mains as on battery. */
  isLowTold = false;
  /** What it tells with its output off, and mains there: drivers differ. */
  offFlags: readonly string[] = ['OL', 'OFF'];
  #stuckSinceMs: number | undefined;
  #stuckFlags: readonly string[] = [];
  #wrong: Wrong | undefined;
  #wrongRuntimeMs: number | undefined;
  #refreshes = 0;
  #snapshot: Snapshot;
  readonly #time: VirtualTime;

  constructor(ups: SimulatedUps, nature: TelemetryNature, phaseMs: number, time: VirtualTime) {
    this.ups = ups;
    this.nature = nature;
    this.#time = time;
    this.#snapshot = this.#read();
    time.after(phaseMs, () => this.#refresh());
  }

  /** The next look alone is told this. */
  lieOnce(wrong: Wrong): void {
    this.#wrong = wrong;
  }

  /** For one refresh of the driver. */
  lieOfRuntime(runtimeMs: number): void {
    this.#wrongRuntimeMs = runtimeMs;
  }

  /** The driver hangs: what it told stays, until upsd notices. */
  hang(): void {
    this.#stuckFlags = this.#flags();
    this.#stuckSinceMs = this.#time.nowMs;
  }

  goOn(): void {
    this.#stuckSinceMs = undefined;
    this.failure = undefined;
    this.#snapshot = this.#read();
  }

  #refresh(): void {
    this.#time.after(this.nature.refreshMs, () => this.#refresh());
    if (this.#stuckSinceMs === undefined) this.#snapshot = this.#read();
  }

  #read(): Snapshot {
    const { battery } = this.ups;
    const { grainMs, optimism } = this.nature;
    battery.advance(this.#time.nowMs);
    const share = optimism[this.#refreshes % optimism.length] ?? 1;
    this.#refreshes += 1;
    const wrongMs = this.#wrongRuntimeMs;
    this.#wrongRuntimeMs = undefined;
    return {
      atMs: this.#time.nowMs,
      runtimeMs: wrongMs ?? Math.floor((battery.toldMs() * share) / grainMs) * grainMs,
      chargePercent: battery.toldPercent(),
      loadPercent: Math.round(fullLoadPercent * battery.load),
      isWrong: wrongMs !== undefined,
    };
  }

  #flags(): readonly string[] {
    const { hasMains, hasOutput, isCalibrating, battery } = this.ups;
    if (!hasOutput) return this.offFlags;
    const flags = hasMains && !isCalibrating ? ['OL'] : ['OB', 'DISCHRG'];
    if (hasMains && !isCalibrating && battery.toldPercent() < 100) flags.push('CHRG');
    if (isCalibrating) flags.push('CAL');
    if (this.isLowTold || battery.toldPercent() <= this.nature.lowPercent) flags.push('LB');
    if (this.isForced) flags.push('FSD');
    return flags;
  }

  look(): { readonly reading: UpsReading | undefined; readonly failure: LookFailure | undefined } {
    const { nowMs } = this.#time;
    const { hasOutput, hasMains, battery } = this.ups;
    battery.advance(nowMs);
    const isStale = this.#stuckSinceMs !== undefined && nowMs - this.#stuckSinceMs >= staleAfterMs;
    // Without mains it is off itself.
    const failure = this.failure ?? (isStale || (!hasOutput && !hasMains) ? 'data-stale' : undefined);
    const wrong = this.#wrong;
    this.#wrong = undefined;
    const { tells, isRefreshTold, refreshMs, lowPercent } = this.nature;
    const snapshot = this.#snapshot;
    const right: UpsReading = {
      flags: this.#stuckSinceMs === undefined ? this.#flags() : this.#stuckFlags,
      runtimeMs: tells === 'runtime' ? snapshot.runtimeMs : undefined,
      chargePercent: tells === 'nothing' ? undefined : snapshot.chargePercent,
      lowChargePercent: tells === 'nothing' ? undefined : lowPercent,
      loadPercent: tells === 'nothing' ? undefined : snapshot.loadPercent,
      inputVoltage: hasMains ? 230 : 0,
      batteryVoltage: undefined,
      refreshIntervalMs: isRefreshTold ? refreshMs : undefined,
      device: {},
    };
    const reading = failure ? undefined : (wrong?.(right) ?? right);
    this.#keep({
      atMs: nowMs,
      readAtMs: snapshot.atMs,
      runtimeMs: reading?.runtimeMs,
      isAnswered: reading !== undefined,
      isOnBattery: reading?.flags.includes('OB') ?? false,
      isForced: reading?.flags.includes('FSD') ?? false,
      isOff: reading?.flags.includes('OFF') ?? false,
      isLow: reading?.flags.includes('LB') ?? false,
      loadPercent: reading?.loadPercent,
      isWrong: (wrong !== undefined && !failure) || snapshot.isWrong || this.#stuckSinceMs !== undefined,
    });
    return { reading, failure };
  }

  #keep(told: Told): void {
    this.told.push(told);
    if (this.told.length > toldMax) this.told.shift();
  }
}
