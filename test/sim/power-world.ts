/** A world with UPSes: the grid, what is told of it, and the decision beside each manager. */
import { setImmediate as macrotask } from 'node:timers/promises';
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { UpsEffect } from '../../manager/src/core/power/ups/ups-state.ts';
import type { RunState } from '../../manager/src/core/runs/run.ts';
import type { Neighbour } from './forward-manager.ts';
import { PowerCheckers } from './power-checkers.ts';
import { type GridPlug, PowerGrid } from './power-grid.ts';
import { PowerOfManager } from './power-manager.ts';
import type { ManagerUps } from './power-manager-ups.ts';
import type { PowerSite } from './power-site.ts';
import { Telemetry } from './power-telemetry.ts';
import type { SimulatedUps } from './power-ups.ts';
import type { SimulatedHost } from './runs-host.ts';
import type { SimulatedManager } from './runs-manager.ts';
import { SimulationWorld, type WorldOptions, type WorldPower } from './runs-world.ts';

export interface PowerWorldOptions extends Omit<WorldOptions, 'fleet'> {
  /** Hosts of another world that hang on UPSes of this one. */
  readonly fed?: {
    readonly plugs: readonly GridPlug[];
    readonly hosts: ReadonlyMap<NodeName, SimulatedHost>;
  };
  /** The other site that its manager has to do with. */
  readonly neighbour?: Neighbour;
}

export class PowerWorld implements WorldPower {
  readonly site: PowerSite;
  readonly world: SimulationWorld;
  readonly grid: PowerGrid;
  readonly telemetries: readonly Telemetry[];
  readonly checkers: PowerCheckers;
  readonly #lives = new Map<SimulatedManager, PowerOfManager>();
  /** A UPS asks for the first time, or again. */
  onTrigger: () => void = () => undefined;
  onManagerStarted: (power: PowerOfManager) => void = () => undefined;
  onManagerEnds: () => void = () => undefined;
  onRunsSettled: () => void = () => undefined;
  onRunEnded: (run: RunState) => void = () => undefined;
  /** A host is up when its feed is empty. */
  onStarved = (node: NodeName, ups: SimulatedUps): void => this.checkers.onStarved(node, ups);
  /** Worlds that live in the same time. */
  beside: readonly PowerWorld[] = [];
  #isStirred = false;
  readonly #neighbour: Neighbour | undefined;

  constructor(site: PowerSite, options: PowerWorldOptions) {
    this.site = site;
    this.#neighbour = options.neighbour;
    const { fed } = options;
    this.world = new SimulationWorld(0, { ...options, fleet: site.fleet });
    const { world } = this;
    const { time, chance } = world;
    this.grid = new PowerGrid({
      time,
      natures: Object.fromEntries(site.upses.map(({ name, battery }) => [name, battery])),
      plugs: fed ? [...site.plugs, ...fed.plugs] : site.plugs,
      hosts: fed ? new Map([...world.hosts, ...fed.hosts]) : world.hosts,
      bootDelayMs: () => chance.between(500, 5000),
      onDeath: (ups) => this.checkers.onDeath(ups),
      onStarved: (node, ups) => this.onStarved(node, ups),
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
      config: () => world.mutation.forwardConfig?.(site.config) ?? site.config,
      neighbour: this.#neighbour,
      onEffect: (ups, effect) => this.#onEffect(ups, effect),
      onLook: (ups) => this.checkers.promises.onLook(ups),
      onAbort: (runId) => this.checkers.promises.onAbort(runId),
      stir: () => this.stir(),
    });
    this.#lives.set(manager, power);
    this.checkers.onManagerStarted(power);
    this.onManagerStarted(power);
    power.start();
    this.checkers.onManagerResumed(power);
  }

  managerEnds(manager: SimulatedManager): void {
    this.checkers.onManagerEnds();
    this.onManagerEnds();
    this.#lives.get(manager)?.close();
    this.#lives.delete(manager);
    this.#isStirred = true;
  }

  runsSettled(manager: SimulatedManager): void {
    this.#lives.get(manager)?.runsSettled();
    this.checkers.onRunsSettled();
    this.onRunsSettled();
  }

  runEnded(manager: SimulatedManager, run: RunState): void {
    this.#lives.get(manager)?.runEnded(run);
    this.checkers.onRunEnded(run);
    this.onRunEnded(run);
  }

  /** Where nobody would take what it throws. */
  guard(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.world.failure ??= thrown instanceof Error ? thrown : new Error(String(thrown));
    }
  }

  /** Something asynchronous goes on: it is carried out before the next event. */
  stir(): void {
    this.#isStirred = true;
  }

  #takeStir(): boolean {
    const isStirred = this.#isStirred;
    this.#isStirred = false;
    return isStirred;
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
      const worlds = [this, ...this.beside];
      if (worlds.map((each) => each.#takeStir()).includes(true)) await macrotask();
      for (const { world } of worlds) if (world.failure) throw world.failure;
    }
    if (!isOver()) time.nowMs = Math.max(time.nowMs, untilMs);
  }
}
