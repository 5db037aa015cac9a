/** What goes wrong in the first phase of a seed. */
import type { SimulatedAgent } from './runs-agent.ts';
import type { SimulatedDisk } from './runs-disk.ts';
import { SimulatedManager } from './runs-manager.ts';
import type { SimulationWorld } from './runs-world.ts';

/** Silence is noticed after that long. */
const noticedAfterMs: readonly [number, number] = [1500, 4000];

export class Faults {
  #isOver = false;
  readonly #world: SimulationWorld;
  readonly #meanGapMs: number;
  readonly #replaces: boolean;
  readonly #repairs = new Set<() => void>();

  /** @param replaces whether another manager may take the place of one that hangs */
  constructor(world: SimulationWorld, meanGapMs: number, replaces = true) {
    this.#world = world;
    this.#replaces = replaces;
    this.#meanGapMs = meanGapMs;
  }

  begin(): void {
    const { chance, time } = this.#world;
    time.after(chance.between(0, 2 * this.#meanGapMs), () => {
      if (this.#isOver) return;
      this.#one();
      this.begin();
    });
  }

  /** Everything that is broken is repaired; what is down comes up. */
  end(): void {
    const { log, manager, oldManager, time, chance } = this.#world;
    this.#isOver = true;
    log.call(this.#world, 'no more faults');
    for (const repair of [...this.#repairs]) repair();
    if (oldManager) this.#retire(oldManager);
    if (!this.#world.managerHost.isOn) this.#world.managerHost.wake();
    else if (!manager.isUp) time.after(chance.between(10, 500), () => this.#world.manager.start());
  }

  #one(): void {
    const { chance, agents } = this.#world;
    const agent = chance.one(agents);
    const faults = [
      () => this.cut(agent, chance.between(300, 45_000), chance.happens(0.3)),
      () => this.cut(agent, chance.between(100, 8000), false),
      () => this.reset(agent),
      () => this.redial(agent),
      () => this.killAgent(agent),
      () => this.killAgent(agent),
      () => this.freezeAgent(agent),
      () => this.killManager(),
      () => this.killManager(),
      () => this.freezeManager(),
      ...(this.#replaces ? [() => this.#replaceManager()] : []),
      () => this.fillDisk(this.#world.manager.files.disk, true),
      () => this.fillDisk(agent.disk, false),
      () => this.slowDisk(chance.happens(0.5) ? this.#world.manager.files.disk : agent.disk),
      () => this.pullThePlug(agent),
    ];
    chance.one(faults)();
  }

  #until(delayMs: number, repair: () => void): void {
    const once = () => {
      if (this.#repairs.delete(once)) repair();
    };
    this.#repairs.add(once);
    this.#world.time.after(delayMs, once);
  }

  /** Silent: nothing arrives, and both ends find out by themselves, if it lasts. */
  cut(agent: SimulatedAgent, forMs: number, isCable: boolean): void {
    const { time, chance } = this.#world;
    if (agent.isCut) return;
    this.#world.log(
      `${agent.name} is cut off${isCable ? ', cable and all' : ''} for ${Math.round(forMs)} ms`,
    );
    agent.isCut = true;
    const interval = { node: agent.name, fromMs: time.nowMs, toMs: Number.POSITIVE_INFINITY };
    if (isCable) this.#world.cableCuts.push(interval);
    const { session } = agent;
    session?.stall();
    if (session) {
      time.after(chance.between(...noticedAfterMs), () => {
        if (interval.toMs === Number.POSITIVE_INFINITY)
          this.#world.managerOf(session)?.endSession(agent.name, session);
      });
      time.after(chance.between(...noticedAfterMs), () => {
        if (interval.toMs === Number.POSITIVE_INFINITY) agent.endSession(session);
      });
    }
    this.#until(forMs, () => {
      this.#world.log(`${agent.name} is reachable again`);
      agent.isCut = false;
      interval.toMs = time.nowMs;
      if (!session) return;
      session.heal();
      if (!session.isWhole) this.#endBoth(agent, session);
    });
  }

  #endBoth(agent: SimulatedAgent, session: NonNullable<SimulatedAgent['session']>): void {
    const { time, chance } = this.#world;
    time.after(chance.between(0, 50), () => this.#world.managerOf(session)?.endSession(agent.name, session));
    time.after(chance.between(0, 50), () => agent.endSession(session));
  }

  /** Both ends learn of it, one after the other; what was on the way comes late or never. */
  reset(agent: SimulatedAgent): void {
    const { session } = agent;
    if (!session || agent.isCut) return;
    this.#world.log(`${agent.name} session ${session.id} is reset`);
    session.stall();
    this.#endBoth(agent, session);
    this.#world.time.after(this.#world.chance.between(0, 100), () => session.heal());
  }

  /** The agent dials again before the manager has noticed; frames of the old session come after the new one. */
  redial(agent: SimulatedAgent): void {
    const { session } = agent;
    if (!session || agent.isCut) return;
    this.#world.log(`${agent.name} dials again`);
    session.stall();
    agent.endSession(session);
    this.#world.time.after(this.#world.chance.between(0, 3000), () => {
      session.heal();
      this.#world.managerOf(session)?.endSession(agent.name, session);
    });
  }

  killAgent(agent: SimulatedAgent): void {
    agent.kill();
    this.#world.time.after(this.#world.chance.between(50, 4000), () => agent.start());
  }

  freezeAgent(agent: SimulatedAgent): void {
    const forMs = this.#world.chance.between(50, 4000);
    if (!agent.isUp || agent.process.isFrozen) return;
    this.#world.log(`${agent.name} agent is frozen for ${Math.round(forMs)} ms`);
    this.#world.notePause(forMs);
    agent.process.freeze();
    this.#until(forMs, () => agent.process.thaw());
  }

  killManager(): void {
    const { manager } = this.#world;
    if (!manager.isUp) return;
    manager.kill();
    this.#world.endSessionsOf(manager);
    this.#world.time.after(this.#world.chance.between(100, 5000), () => {
      if (manager === this.#world.manager) manager.start();
    });
  }

  freezeManager(): void {
    const { manager, chance } = this.#world;
    const forMs = chance.between(50, 6000);
    if (!manager.isUp || manager.process.isFrozen) return;
    this.#world.log(`manager is frozen for ${Math.round(forMs)} ms`);
    this.#world.notePause(forMs);
    manager.process.freeze();
    this.#until(forMs, () => manager.process.thaw());
  }

  /** It is believed dead, another one is started from a copy of its disk, and then it goes on. */
  #replaceManager(): void {
    const { manager, chance, time, oldManager } = this.#world;
    if (!manager.isUp || oldManager || manager.process.isFrozen) return;
    this.#world.log(`manager ${manager.number} hangs; another takes its place`);
    manager.process.freeze();
    const copy = manager.files.copy();
    const next = new SimulatedManager(manager.number + 1, this.#world.managerHost, copy, this.#world);
    this.#world.checkers.onManagerEnds(manager);
    this.#world.oldManager = manager;
    this.#world.manager = next;
    for (const agent of this.#world.agents) {
      const { session } = agent;
      if (session && chance.happens(0.6)) {
        time.after(chance.between(...noticedAfterMs), () => {
          session.stall();
          agent.endSession(session);
        });
        time.after(chance.between(5000, 12_000), () => session.heal());
      }
    }
    time.after(chance.between(10, 2000), () => next.start());
    time.after(chance.between(1000, 8000), () => manager.process.thaw());
    this.#until(chance.between(8000, 15_000), () => this.#retire(manager));
  }

  #retire(manager: SimulatedManager): void {
    if (this.#world.oldManager !== manager) return;
    this.#world.log(`manager ${manager.number} is ended`);
    manager.kill();
    this.#world.endSessionsOf(manager);
    this.#world.oldManager = undefined;
  }

  fillDisk(disk: SimulatedDisk, isOfManager: boolean): void {
    const forMs = this.#world.chance.between(100, 6000);
    this.#world.log(`a disk is full for ${Math.round(forMs)} ms`);
    disk.isFull = true;
    if (isOfManager) this.#world.noteDiskFull(this.#world.time.nowMs + forMs);
    this.#until(forMs, () => {
      disk.isFull = false;
    });
  }

  slowDisk(disk: SimulatedDisk): void {
    const { chance } = this.#world;
    disk.latencyMaxMs = chance.between(50, 2000);
    this.#world.log('a disk is slow');
    this.#until(chance.between(100, 6000), () => {
      disk.latencyMaxMs = 3;
    });
  }

  pullThePlug({ host }: SimulatedAgent): void {
    const { chance, time } = this.#world;
    if (chance.happens(0.6) || !host.isOn) return;
    host.pullThePlug();
    time.after(chance.between(1000, 30_000), () => host.wake());
  }
}
