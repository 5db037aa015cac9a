/** A world with UPSes: the grid, what is told of it, and the decision beside each manager. */
import { setImmediate as macrotask } from 'node:timers/promises';
import type { UpsEffect } from '../../manager/src/core/power/ups-state.ts';
import type { RunState } from '../../manager/src/core/runs/run.ts';
import { PowerCheckers } from './power-checkers.ts';
import { PowerGrid } from './power-grid.ts';
import { PowerOfManager } from './power-manager.ts';
import type { ManagerUps } from './power-manager-ups.ts';
import type { PowerSite } from './power-site.ts';
import { Telemetry } from './power-telemetry.ts';
import type { SimulatedManager } from './runs-manager.ts';
import { SimulationWorld, type WorldOptions, type WorldPower } from './runs-world.ts';

export class PowerWorld implements WorldPower {
  readonly site: PowerSite;
  readonly world: SimulationWorld;
  readonly grid: PowerGrid;
  readonly telemetries: readonly Telemetry[];
  readonly checkers: PowerCheckers;
  readonly #lives = new Map<SimulatedManager, PowerOfManager>();
  /** A UPS asks for the first time, or again. */
  onTrigger: () => void = () => undefined;
  #isStirred = false;

  constructor(site: PowerSite, options: Omit<WorldOptions, 'fleet'>) {
    this.site = site;
    this.world = new SimulationWorld(0, { ...options, fleet: site.fleet });
    const { world } = this;
    const { time, chance } = world;
    this.grid = new PowerGrid({
      time,
      natures: Object.fromEntries(site.upses.map(({ name, battery }) => [name, battery])),
      plugs: site.plugs,
      hosts: world.hosts,
      bootDelayMs: () => chance.between(500, 5000),
      onDeath: (ups) => this.checkers.onDeath(ups),
      onStarved: (node, ups) => this.checkers.onStarved(node, ups),
      log: (text) => world.log(text),
    });
    this.telemetries = site.upses.map(
      ({ name, telemetry }) =>
        new Telemetry(this.grid.of(name), telemetry, chance.between(0, telemetry.refreshMs), time),
    );
    this.checkers = new PowerCheckers(this);
    world.power = this;
  }

  /** Of the manager that is there; undefined: it is down. */
  get ofManager(): PowerOfManager | undefined {
    return this.#lives.get(this.world.manager);
  }

  managerStarted(manager: SimulatedManager): void {
    const { world, site, telemetries } = this;
    const power = new PowerOfManager({
      world,
      manager,
      telemetries,
      config: () => site.config,
      onEffect: (ups, effect) => this.#onEffect(ups, effect),
      stir: () => {
        this.#isStirred = true;
      },
    });
    this.#lives.set(manager, power);
    this.checkers.onManagerStarted(power);
    power.start();
  }

  managerEnds(manager: SimulatedManager): void {
    this.checkers.onManagerEnds();
    this.#lives.get(manager)?.close();
    this.#lives.delete(manager);
    this.#isStirred = true;
  }

  runsSettled(manager: SimulatedManager): void {
    this.#lives.get(manager)?.runsSettled();
    this.checkers.onRunsSettled();
  }

  runEnded(manager: SimulatedManager, run: RunState): void {
    this.#lives.get(manager)?.runEnded(run);
    this.checkers.onRunEnded(run);
  }

  #onEffect(ups: ManagerUps, effect: UpsEffect): void {
    if (effect.type === 'trigger') this.world.log(`${ups.name} asks: ${effect.sentence}`);
    if (effect.type === 'reverse') this.world.log(`${ups.name} takes back: ${effect.sentence}`);
    this.checkers.onEffect(ups, effect);
    if (effect.type === 'trigger') this.onTrigger();
  }

  /** Up to that time; between two events whatever they have promised is carried out. */
  async runUntil(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    const { time } = this.world;
    while (!isOver() && time.runNext(untilMs)) {
      if (this.#isStirred) {
        this.#isStirred = false;
        await macrotask();
      }
      if (this.world.failure) throw this.world.failure;
    }
    if (!isOver()) time.nowMs = Math.max(time.nowMs, untilMs);
  }
}
