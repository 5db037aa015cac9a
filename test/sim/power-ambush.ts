/**
 * What goes wrong in the very moment in which it matters, and what random weather brings about once in thousands of
 * seeds: a manager killed on battery or between a trigger and its run, a UPS that is silent on the way to its threshold,
 * a low battery that is told at the transfer, mains that is back for one UPS of two. Its chances are its own.
 */
import { seededRandom } from '../../proto/test/support/simulated-link.ts';
import type { Telemetry } from './power-telemetry.ts';
import type { SimulatedUps } from './power-ups.ts';
import type { Weather } from './power-weather.ts';
import type { PowerWorld } from './power-world.ts';
import { type Chance, chanceOf } from './runs-fleet.ts';

/** Apart from what the seed itself draws, and from strikes. */
const ownSeed = 2_000_003;

const kinds = [
  'low at the transfer',
  'wrong runtime on battery',
  'silent before the threshold',
  'manager killed on battery',
  'manager killed at a trigger',
  'mains of one is back',
  'low with mains',
  'calibration',
  'output cut by hand',
  'output cut by the coordinator',
  'silent once mains is back',
] as const;
type Kind = (typeof kinds)[number] | 'two want';

export class Ambush {
  readonly #power: PowerWorld;
  readonly #weather: Weather;
  readonly #chance: Chance;
  readonly #kinds: ReadonlySet<Kind>;
  #isOver = false;

  constructor(power: PowerWorld, weather: Weather, seed: number) {
    this.#power = power;
    this.#weather = weather;
    this.#chance = chanceOf(seededRandom(seed + ownSeed));
    this.#kinds = this.#draw();
  }

  /** Each kind hides others: a seed has few. */
  #draw(): ReadonlySet<Kind> {
    const chance = this.#chance;
    const { upses, config } = this.#power.site;
    // Only where a shutdown takes its time is one taken back before its point of no return.
    const canTwoWant = upses.length > 1 && config.sequences.length > 0;
    const drawn: Kind[] = canTwoWant ? [...kinds, ...kinds.map((): Kind => 'two want')] : [...kinds];
    if (this.#telling.length > 0) drawn.push('silent before the threshold', 'silent before the threshold');
    return new Set(Array.from({ length: chance.one([0, 1, 1, 2, 2]) }, () => chance.one(drawn)));
  }

  /** They tell a runtime, and it is long enough. */
  get #telling(): readonly Telemetry[] {
    const { telemetries, site } = this.#power;
    return telemetries.filter(
      ({ nature, ups: { name, battery } }) =>
        nature.tells === 'runtime' && battery.nature.fullMs > 1.5 * (site.thresholdsMs[name] ?? 0),
    );
  }

  begin(): void {
    const { grid, telemetries } = this.#power;
    for (const ups of grid.upses) ups.onMains = () => this.#onMains(ups);
    this.#power.onTrigger = this.#chained(() => this.#onTrigger());
    if (this.#kinds.has('low with mains'))
      for (const telemetry of telemetries) this.#soon(300_000, () => this.#tellLow(telemetry));
    if (this.#kinds.has('output cut by hand')) this.#soon(400_000, () => this.#cutByHand());
    if (this.#kinds.has('output cut by the coordinator')) this.#cutsAtPowerOff();
    if (this.#kinds.has('silent before the threshold') && this.#telling.length > 0)
      this.#soon(100_000, () => this.#silently(this.#chance.one(this.#telling)));
    if (this.#kinds.has('two want')) this.#soon(300_000, () => this.#twoWant());
    if (this.#kinds.has('calibration'))
      for (const ups of grid.upses)
        this.#soon(300_000, () => {
          if (this.#chance.happens(0.5)) this.#weather.calibrate(ups, this.#chance);
        });
  }

  #cutByHand(): void {
    const telemetry = this.#chance.one(this.#power.telemetries);
    telemetry.offFlags = this.#chance.one([['OL', 'OFF'], ['OFF']]);
    this.#power.world.sometimes('ambush: output cut by hand');
    telemetry.ups.cut('hand', this.#chance.between(5000, 300_000));
    this.#soon(600_000, () => this.#cutByHand());
  }

  /** As coordinator-off.ts has it ordered, in the moment before the coordinator powers itself off. */
  #cutsAtPowerOff(): void {
    const { world, site, grid } = this.#power;
    const { managerHost } = world;
    const { onApplied } = managerHost;
    managerHost.onApplied = (applied) => {
      onApplied(applied);
      const { ofManager } = this.#power;
      if (applied.verb !== 'poweroff' || this.#isOver) return;
      const giving = (ofManager?.upses ?? []).filter(
        ({ areHostsOff, state: { trigger } }) => areHostsOff || (trigger && !trigger.isReversing),
      );
      for (const { name } of giving)
        world.time.after(site.config.power.coordinatorHaltMs, () => {
          world.sometimes('ambush: output cut by the coordinator');
          grid.of(name).cut('coordinator', this.#chance.between(5000, 90_000));
        });
    };
  }

  end(): void {
    this.#isOver = true;
  }

  #chained(work: () => void): () => void {
    const { onTrigger } = this.#power;
    return () => {
      onTrigger();
      work();
    };
  }

  #soon(withinMs: number, work: () => void): void {
    this.#power.world.time.after(this.#chance.between(0, withinMs), () => {
      if (!this.#isOver) work();
    });
  }

  #begins(kind: Kind, share: number): boolean {
    if (this.#isOver || !this.#kinds.has(kind) || !this.#chance.happens(share)) return false;
    this.#power.world.sometimes(`ambush: ${kind}`);
    return true;
  }

  #onMains(ups: SimulatedUps): void {
    const { telemetries, site } = this.#power;
    const telemetry = telemetries.find((each) => each.ups === ups);
    if (!telemetry) return;
    if (ups.hasMains) {
      this.#silentOnMains(telemetry);
      return;
    }
    const toDecideMs = Math.max(0, ups.battery.leftMs() - (site.thresholdsMs[ups.name] ?? 0));
    if (this.#begins('low at the transfer', 0.9)) this.#tellLow(telemetry);
    if (this.#begins('wrong runtime on battery', 0.7))
      this.#soon(toDecideMs / 2, () => telemetry.lieOfRuntime(this.#chance.one([0, 1000, 20_000])));
    if (this.#begins('manager killed on battery', 0.7))
      this.#soon(this.#chance.one([20_000, 100_000, toDecideMs]), () => {
        if (ups.isOnBattery) this.#weather.faults.killManager();
      });
  }

  /** Two ask in the same moment, and mains is back for one of them: what the other wants goes on. */
  #twoWant(): void {
    const { grid, world, telemetries } = this.#power;
    const chance = this.#chance;
    const [one, other] = chance.happens(0.5) ? grid.upses : [...grid.upses].reverse();
    if (!one?.hasMains || !other?.hasMains || this.#isOver) return;
    world.sometimes('ambush: two want');
    for (const ups of [one, other]) {
      ups.isReserved = true;
      const telemetry = telemetries.find((each) => each.ups === ups);
      if (telemetry) this.#tellLow(telemetry, 30_000);
      ups.setMains(false);
    }
    world.time.after(chance.between(12_000, 30_000), () => one.setMains(true));
    world.time.after(chance.between(80_000, 240_000), () => {
      other.setMains(true);
      for (const ups of [one, other]) ups.isReserved = false;
      this.#soon(600_000, () => this.#twoWant());
    });
  }

  /** Nothing is heard while the battery comes to the threshold, and a while beyond. */
  #silently(telemetry: Telemetry): void {
    const { site, world } = this.#power;
    const { ups } = telemetry;
    const thresholdMs = site.thresholdsMs[ups.name] ?? 0;
    ups.battery.advance(world.time.nowMs);
    const toDecideMs = ups.battery.leftMs() - thresholdMs;
    if (!ups.hasMains || ups.isReserved || this.#isOver || toDecideMs < 60_000) return;
    world.sometimes('ambush: silent before the threshold');
    ups.isReserved = true;
    ups.setMains(false);
    const atMs = thresholdMs + this.#chance.between(2000, 40_000);
    const look = (): void => {
      const { runtimeMs = 0, readAtMs = 0 } = telemetry.told.findLast((each) => each.runtimeMs) ?? {};
      if (this.#isOver || !ups.isReserved) return;
      if (runtimeMs - (world.time.nowMs - readAtMs) > atMs) world.time.after(500, look);
      else this.#weather.silence(telemetry, 'data-stale', this.#chance.between(100_000, 400_000));
    };
    look();
    world.time.after(toDecideMs + this.#chance.between(0.2, 1.5) * thresholdMs, () => {
      ups.isReserved = false;
      ups.setMains(true);
    });
  }

  /** It was heard, and is not any more: whoever starts the site does not start it on that. */
  #silentOnMains(telemetry: Telemetry): void {
    const chance = this.#chance;
    if (!this.#kinds.has('silent once mains is back') || !chance.happens(0.7)) return;
    const { world } = this.#power;
    const untilMs = world.time.nowMs + 900_000;
    const look = (): void => {
      const ups = this.#power.ofManager?.upses.find(({ name }) => name === telemetry.ups.name);
      if (!telemetry.ups.hasMains || world.time.nowMs > untilMs) return;
      if (ups?.state.mainsSinceMs === undefined || ups.state.phase !== 'recover') {
        world.time.after(5000, look);
        return;
      }
      world.sometimes('ambush: silent once mains is back');
      this.#weather.silence(telemetry, 'driver-not-connected', chance.between(300_000, 700_000));
    };
    look();
  }

  /** With mains as on battery. */
  #tellLow(telemetry: Telemetry, forMs = this.#chance.one([4000, 60_000, 300_000])): void {
    const { world } = this.#power;
    world.log(`${telemetry.ups.name} tells that its battery is low`);
    telemetry.isLowTold = true;
    world.time.after(forMs, () => {
      telemetry.isLowTold = false;
    });
  }

  #onTrigger(): void {
    const { grid, world } = this.#power;
    if (this.#begins('manager killed at a trigger', 0.6))
      world.time.after(this.#chance.one([0, 0, 1, 1, 2, 3, 5, 20, 500]) + this.#chance.random(), () => {
        if (!this.#isOver) this.#weather.faults.killManager();
      });
    const without = grid.upses.filter(({ isOnBattery }) => isOnBattery);
    const isOneBack = this.#begins('mains of one is back', 0.6) || this.#begins('low at the transfer', 0.4);
    if (without.length > 1 && isOneBack) this.#soon(20_000, () => this.#chance.one(without).setMains(true));
  }
}
