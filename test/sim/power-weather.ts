/** Mains that fails and comes back, UPSes that tell nonsense or nothing, and a manager that is killed. */
import type { LookFailure } from '../../manager/src/core/power/ups/ups-sample.ts';
import type { Telemetry, Wrong } from './power-telemetry.ts';
import type { SimulatedUps } from './power-ups.ts';
import type { PowerWorld } from './power-world.ts';
import { Faults } from './runs-faults.ts';
import type { Chance } from './runs-fleet.ts';

const failures: readonly LookFailure[] = ['data-stale', 'driver-not-connected', 'server-lost'];

export class Weather {
  readonly faults: Faults;
  #isOver = false;
  readonly #power: PowerWorld;
  readonly #isWild: boolean;
  readonly #flaps: boolean;

  constructor(power: PowerWorld, isWild: boolean) {
    this.#power = power;
    this.#isWild = isWild;
    this.#flaps = power.world.chance.happens(0.6);
    this.faults = new Faults(power.world, power.world.chance.one([20_000, 120_000, 600_000]), false);
  }

  begin(): void {
    const { world, telemetries } = this.#power;
    const { chance } = world;
    // A site may watch none, and hang on those of another one.
    const hasUpses = telemetries.length > 0;
    if (hasUpses) this.#mains();
    // Where little else goes wrong, nothing excuses a decision that is late.
    if (hasUpses && chance.happens(0.5)) this.#telemetry(chance.one([30_000, 200_000, 1_200_000]));
    if (chance.happens(0.5)) this.#manager(chance.one([60_000, 300_000, 1_800_000]));
    if (this.#isWild) this.faults.begin();
  }

  /** Mains is back, and stays; every UPS tells the truth. */
  end(): void {
    this.#isOver = true;
    this.faults.end();
    for (const ups of this.#power.grid.upses) {
      ups.setMains(true);
      ups.supply();
    }
    for (const telemetry of this.#power.telemetries) {
      telemetry.goOn();
      telemetry.isForced = false;
      telemetry.isLowTold = false;
      telemetry.ups.setCalibrating(false);
    }
  }

  #again(meanMs: number, work: () => void): void {
    const { chance, time } = this.#power.world;
    time.after(chance.between(0, 2 * meanMs), () => {
      if (!this.#isOver) work();
    });
  }

  // ── Mains ──

  #mains(): void {
    const { world, grid } = this.#power;
    const { chance } = world;
    this.#again(chance.one([20_000, 200_000, 600_000]), () => {
      const isAll = chance.happens(0.6);
      const upses = isAll ? grid.upses : [chance.one(grid.upses)];
      const longestMs = Math.max(...upses.map((ups) => ups.battery.nature.fullMs));
      if (chance.happens(0.3)) this.#shortly(upses);
      else if (this.#flaps && chance.happens(0.4)) this.flap(upses, 1 + Math.floor(chance.random() * 8));
      else this.outage(upses, chance.between(0, chance.happens(0.5) ? 1.3 : 3) * longestMs);
      this.#mains();
    });
  }

  outage(upses: readonly SimulatedUps[], forMs: number): void {
    const { time, chance } = this.#power.world;
    for (const ups of upses) {
      this.#setMains(ups, false);
      const until = forMs + (chance.happens(0.3) ? chance.between(0, 60_000) : 0);
      time.after(until, () => this.#setMains(ups, true));
    }
  }

  /** Until a moment after the first of them has triggered, or is empty. */
  #shortly(upses: readonly SimulatedUps[]): void {
    const { world, checkers } = this.#power;
    const { time, chance } = world;
    const beganAtMs = time.nowMs;
    const hasTriggered = ({ name, hasOutput }: SimulatedUps) =>
      !hasOutput || (checkers.triggersOf(name).at(-1)?.atMs ?? 0) >= beganAtMs;
    for (const ups of upses) this.#setMains(ups, false);
    const look = () => {
      if (!upses.some(hasTriggered)) time.after(1000, look);
      else
        time.after(chance.between(0, 120_000), () => upses.forEach((ups) => void this.#setMains(ups, true)));
    };
    look();
  }

  #setMains(ups: SimulatedUps, hasMains: boolean): void {
    if (!ups.isReserved) ups.setMains(hasMains);
  }

  flap(upses: readonly SimulatedUps[], times: number): void {
    const { time, chance } = this.#power.world;
    if (times <= 0 || this.#isOver) return;
    this.#power.world.sometimes('flap');
    const outageMs = chance.between(200, chance.happens(0.5) ? 8000 : 90_000);
    for (const ups of upses) this.#setMains(ups, false);
    time.after(outageMs, () => {
      for (const ups of upses) this.#setMains(ups, true);
      time.after(chance.between(200, 40_000), () => this.flap(upses, times - 1));
    });
  }

  // ── What is told ──

  #telemetry(meanMs: number): void {
    const { world, telemetries } = this.#power;
    const { chance } = world;
    this.#again(meanMs, () => {
      const telemetry = chance.one(telemetries);
      const acts = [
        () => this.silence(telemetry, chance.one(failures), chance.between(1000, 400_000)),
        () => this.silence(telemetry, chance.one(failures), chance.between(1000, 20_000)),
        () => this.#hang(telemetry),
        () => this.#lie(telemetry),
        () => this.#lie(telemetry),
        () => this.#glitch(telemetry),
        () => this.#glitch(telemetry),
        () => chance.happens(0.1) && this.force(telemetry, chance.between(10_000, 300_000)),
        () => chance.happens(0.3) && this.calibrate(telemetry.ups, chance),
      ];
      chance.one(acts)();
      this.#telemetry(meanMs);
    });
  }

  silence(telemetry: Telemetry, failure: LookFailure, forMs: number): void {
    const { world } = this.#power;
    if (telemetry.failure) return;
    world.log(`${telemetry.ups.name} is silent (${failure}) for ${Math.round(forMs)} ms`);
    world.sometimes(telemetry.ups.isOnBattery ? 'silent on battery' : 'silent on mains');
    telemetry.failure = failure;
    world.time.after(forMs, () => {
      telemetry.failure = undefined;
    });
  }

  #hang(telemetry: Telemetry): void {
    const { world } = this.#power;
    world.log(`the driver of ${telemetry.ups.name} hangs`);
    world.sometimes('driver hangs');
    telemetry.hang();
    world.time.after(world.chance.between(2000, 200_000), () => telemetry.goOn());
  }

  /** One look. */
  #lie(telemetry: Telemetry): void {
    const { world } = this.#power;
    const { chance } = world;
    const lies: readonly Wrong[] = [
      (right) => ({ ...right, flags: ['OB', 'DISCHRG'] }),
      (right) => ({ ...right, flags: ['OL'] }),
      (right) => ({ ...right, flags: [...right.flags, 'LB'] }),
      (right) => ({ ...right, flags: ['OB', 'LB'] }),
      (right) => ({ ...right, flags: ['OFF'] }),
      (right) => ({ ...right, flags: [] }),
      (right) => ({ ...right, runtimeMs: right.runtimeMs && 0 }),
      (right) => ({ ...right, runtimeMs: right.runtimeMs && right.runtimeMs * 5 }),
      (right) => ({ ...right, runtimeMs: undefined, chargePercent: undefined }),
    ];
    world.log(`${telemetry.ups.name} tells something wrong once`);
    world.sometimes('wrong look');
    telemetry.lieOnce(chance.one(lies));
  }

  /** The runtime of one refresh. */
  #glitch(telemetry: Telemetry): void {
    const { world } = this.#power;
    const { chance } = world;
    const runtimeMs = chance.one([0, 1000, 60_000, chance.between(0, 7_200_000), 65_535_000]);
    world.log(`${telemetry.ups.name} tells a runtime of ${Math.round(runtimeMs)} ms once`);
    world.sometimes('wrong runtime');
    telemetry.lieOfRuntime(runtimeMs);
  }

  /** Somebody sets FSD; upsd is restarted later. */
  force(telemetry: Telemetry, forMs: number): void {
    const { world } = this.#power;
    if (telemetry.isForced) return;
    world.log(`${telemetry.ups.name}: somebody sets FSD`);
    world.sometimes('forced shutdown set');
    telemetry.isForced = true;
    world.time.after(forMs, () => {
      telemetry.isForced = false;
    });
  }

  /** As deep as it likes. */
  calibrate(ups: SimulatedUps, chance: Chance): void {
    const { world } = this.#power;
    if (ups.isOnBattery || ups.isCalibrating || !ups.hasOutput) return;
    world.log(`${ups.name} calibrates its battery`);
    world.sometimes('calibration');
    ups.battery.advance(world.time.nowMs);
    const forMs = chance.between(0.1, 0.95) * ups.battery.leftMs();
    ups.setCalibrating(true);
    world.time.after(forMs, () => ups.setCalibrating(false));
  }

  // ── The manager ──

  #manager(meanMs: number): void {
    this.#again(meanMs, () => {
      this.faults.killManager();
      this.#manager(meanMs);
    });
  }
}
