/** The world of one seed: hosts, agents, managers and the network between them. Who acts in it, and what fails, is elsewhere. */
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { RunId, RunState } from '../../manager/src/core/runs/run.ts';
import { seededRandom } from '../../proto/test/support/simulated-link.ts';
import { VirtualTime } from './operations-time.ts';
import { SimulatedAgent } from './runs-agent.ts';
import { Checkers } from './runs-checkers.ts';
import { type CrashKeeps, type DiskFaults, SimulatedDisk } from './runs-disk.ts';
import { type Chance, chanceOf, type Fleet, makeFleet } from './runs-fleet.ts';
import { SimulatedHost, type Temper } from './runs-host.ts';
import { SimulatedSession } from './runs-link.ts';
import { SimulatedManager } from './runs-manager.ts';
import { ManagerDisk } from './runs-manager-disk.ts';
import type { Mutation } from './runs-mutation.ts';

interface Interval {
  readonly node: NodeName;
  readonly fromMs: number;
  toMs: number;
}

const wallAtStartMs = 1_700_000_000_000;
const dialEveryMs = 500;
/** TimeoutStopSec of systemd. */
const stopTimeoutMs = 90_000;

/** What decides on power beside each manager, where a world has UPSes. */
export interface WorldPower {
  managerStarted(manager: SimulatedManager): void;
  managerEnds(manager: SimulatedManager): void;
  /** The effects of an input are carried out. */
  runsSettled(manager: SimulatedManager): void;
  runEnded(manager: SimulatedManager, run: RunState): void;
}

export interface WorldOptions {
  readonly mutation: Mutation;
  readonly isVerbose: boolean;
  /** Undefined: drawn from the seed. */
  readonly fleet?: Fleet;
  /** Instead of what the seed gives: where nothing is left to chance. */
  readonly random?: () => number;
  readonly time?: VirtualTime;
  readonly crashKeeps?: CrashKeeps;
  /** `node unit`: does not stop until systemd's own limit, or until it is killed. */
  readonly hanging?: ReadonlySet<string>;
  /** Hosts that do not boot, whoever wakes them. */
  readonly dead?: ReadonlySet<string>;
  /** What is started starts, and what is powered off is off in ten seconds. */
  readonly isSound?: boolean;
  /** Of another world, whose host carries this one's manager; else: its coordinator. */
  readonly managerHost?: SimulatedHost;
  /** Another world's log, which this one's lines go to. */
  readonly log?: (text: string) => void;
}

export class SimulationWorld {
  readonly time: VirtualTime;
  readonly random: () => number;
  readonly chance: Chance;
  readonly mutation: Mutation;
  readonly faults: DiskFaults;
  readonly crashKeeps: CrashKeeps | undefined;
  readonly fleet: Fleet;
  readonly checkers: Checkers;
  readonly nodeNames: readonly NodeName[];
  readonly hosts = new Map<NodeName, SimulatedHost>();
  readonly agents: SimulatedAgent[] = [];
  readonly managerHost: SimulatedHost;
  manager: SimulatedManager;
  power: WorldPower | undefined;
  /** The first thing that went wrong, also where whoever was told of it caught it. */
  failure: Error | undefined;
  /** A manager of before, that goes on beside the one that took its place. */
  oldManager: SimulatedManager | undefined;
  readonly happened = new Map<string, number>();
  readonly lines: string[] = [];
  readonly cableCuts: Interval[] = [];
  readonly overridden = new Set<RunId>();
  readonly #pauses: { readonly untilMs: number; readonly forMs: number }[] = [];
  readonly #isVerbose: boolean;
  #diskFullUntilMs = Number.NEGATIVE_INFINITY;
  #trace = 0x811c9dc5;
  readonly #hanging: ReadonlySet<string>;
  readonly #dead: ReadonlySet<string>;
  readonly #isSound: boolean;
  readonly #log: ((text: string) => void) | undefined;
  #nextSession = 1;
  #wasEverFull = false;

  constructor(seed: number, options: WorldOptions) {
    const { mutation, isVerbose, fleet } = options;
    this.time = options.time ?? new VirtualTime();
    this.crashKeeps = options.crashKeeps;
    this.#hanging = options.hanging ?? new Set();
    this.#dead = options.dead ?? new Set();
    this.#isSound = options.isSound ?? false;
    this.#log = options.log;
    this.random = options.random ?? seededRandom(seed);
    this.chance = chanceOf(this.random);
    this.mutation = mutation;
    this.faults = mutation.disk ?? {};
    this.#isVerbose = isVerbose;
    this.checkers = new Checkers(this);
    const made = fleet ?? makeFleet(this.chance);
    const { plan = (each) => each } = mutation;
    this.fleet = {
      ...made,
      shutdown: plan(made.shutdown),
      reloaded: made.reloaded && plan(made.reloaded),
      clusterOnly: made.clusterOnly && plan(made.clusterOnly),
      startup: made.startup && plan(made.startup),
      sequence: made.sequence && plan(made.sequence),
    };
    this.nodeNames = this.fleet.inventory.nodes.map(({ name }) => name);
    for (const name of this.nodeNames) {
      const host = this.#makeHost(name, this.fleet.units.get(name) ?? []);
      this.hosts.set(name, host);
      this.agents.push(new SimulatedAgent(name, host, this));
    }
    const { coordinator } = this.fleet.inventory;
    this.managerHost =
      options.managerHost ??
      (coordinator && this.hosts.get(coordinator)) ??
      this.#makeHost('manager-host', []);
    this.manager = new SimulatedManager(1, this.managerHost, new ManagerDisk(new SimulatedDisk(this)), this);
    this.managerHost.onOff = () => {
      for (const manager of [this.manager, this.oldManager]) {
        if (!manager) continue;
        manager.kill();
        this.endSessionsOf(manager, true);
      }
    };
  }

  /** The first moments: journals that are new, everybody at his place. */
  begin(): void {
    this.time.runUntil(50);
    for (const agent of this.agents) agent.start();
    this.manager.start();
    for (const agent of this.agents) this.#dialNow(agent);
  }

  /** A coordinator that has powered itself off is switched on again by somebody; a manager that ended is started. */
  superviseManager(): void {
    const { managerHost, manager } = this;
    this.time.after(this.chance.between(5000, 40_000), () => {
      managerHost.wake();
      this.superviseManager();
    });
    if (managerHost.isOn && !manager.isUp && !managerHost.isGoingDown) manager.start();
  }

  #makeHost(name: string, units: readonly string[]): SimulatedHost {
    const clockMs = Math.floor(this.random() * 1e7) + 10_000;
    const host = new SimulatedHost(
      name,
      units,
      this.time,
      this.#temper(name),
      (text) => this.log(text),
      clockMs,
    );
    host.onApplied = (applied) => {
      this.checkers.operations.onApplied(host, applied);
      if (applied.verb === 'poweroff') this.#goesDown(host);
    };
    return host;
  }

  #temper(name: string): Temper {
    const { chance } = this;
    return {
      jobMs: (verb, unit) => {
        if (verb === 'stop' && this.#hanging.has(`${name} ${unit}`)) return stopTimeoutMs;
        const kind = chance.random();
        if (kind < 0.8) return chance.between(5, 1500);
        if (kind < 0.96) return chance.between(1500, 12_000);
        return verb === 'stop' ? stopTimeoutMs : chance.between(10_000, 40_000);
      },
      startFails: () => chance.happens(this.#isSound ? 0 : 0.1),
      poweroffMs: () => chance.between(200, chance.happens(this.#isSound ? 1 : 0.9) ? 8000 : 40_000),
      bootMs: () => chance.between(3000, 15_000),
      isSignalLost: () => chance.happens(0.05),
    };
  }

  /** systemd ends the agent somewhere on the way down; the host is up until the end of it (I12). */
  #goesDown(host: SimulatedHost): void {
    const agent = this.agents.find((each) => each.host === host);
    const { boot } = host;
    const isAtOnce = this.chance.happens(0.3);
    this.time.after(this.chance.between(0, isAtOnce ? 6 : 3000), () => {
      if (host.boot !== boot || !host.isGoingDown) return;
      agent?.kill();
      if (host !== this.managerHost) return;
      this.manager.kill();
      this.endSessionsOf(this.manager);
    });
  }

  // ── For everybody in it ──

  log(text: string): void {
    if (this.#log) {
      this.#log(text);
      return;
    }
    if (this.#isVerbose) this.lines.push(`${(this.time.nowMs / 1000).toFixed(3).padStart(9)} ${text}`);
    let hash = this.#trace ^ Math.round(this.time.nowMs * 1000);
    for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    this.#trace = hash;
  }

  /** Of everything that happened: the same for the same seed. */
  get trace(): number {
    return this.#trace >>> 0;
  }

  sometimes(what: string): void {
    this.happened.set(what, (this.happened.get(what) ?? 0) + 1);
  }

  wallMs(): number {
    return Math.floor(wallAtStartMs + this.time.nowMs);
  }

  agentOf(node: NodeName): SimulatedAgent {
    const agent = this.agents.find(({ name }) => name === node);
    if (!agent) throw new Error(`no agent ${node}`);
    return agent;
  }

  hookEnd(_argv: readonly string[]): { takesMs: number; exitStatus: number } {
    const takesMs = this.chance.happens(0.9)
      ? this.chance.between(5, 1500)
      : this.chance.between(5000, 30_000);
    return { takesMs, exitStatus: this.chance.happens(0.85) ? 0 : 1 };
  }

  execStatus(): number {
    return this.chance.happens(0.9) ? 0 : 1;
  }

  wake(node: NodeName): void {
    // A packet is lost now and then.
    if (this.chance.happens(0.8) && !this.#dead.has(node)) this.hosts.get(node)?.wake();
  }

  /** What an independent probe of the network finds. */
  reach(node: NodeName): 'answers' | 'silent' | 'not-tried' {
    if (this.chance.happens(0.02)) return 'not-tried';
    const isCut = this.cableCuts.some((cut) => cut.node === node && cut.toMs === Number.POSITIVE_INFINITY);
    return this.hosts.get(node)?.isOn && !isCut ? 'answers' : 'silent';
  }

  cableCutSince(node: NodeName, fromMs: number): boolean {
    return this.cableCuts.some((cut) => cut.node === node && cut.toMs >= fromMs);
  }

  /** A shutdown that went on while its disk was full, and a crash: what it did then is not in its journal. */
  hasLostRecords(): boolean {
    return this.#wasEverFull;
  }

  isOverridden(runId: RunId): boolean {
    return this.overridden.has(runId);
  }

  noteDiskFull(untilMs: number): void {
    this.#wasEverFull = true;
    this.#diskFullUntilMs = Math.max(this.#diskFullUntilMs, untilMs);
  }

  /** Since a shutdown may have gone on without its disk. */
  wasDiskFull(): boolean {
    return this.time.nowMs < this.#diskFullUntilMs + 30_000;
  }

  notePause(forMs: number): void {
    this.#pauses.push({ untilMs: this.time.nowMs + forMs, forMs });
  }

  recentPauseMs(): number {
    const recent = this.#pauses.filter(({ untilMs }) => untilMs > this.time.nowMs - 20_000);
    return recent.reduce((sum, { forMs }) => sum + forMs, 0);
  }

  // ── The network ──

  #dialNow(agent: SimulatedAgent): void {
    this.time.after(dialEveryMs * (0.8 + 0.4 * this.random()), () => this.#dialNow(agent));
    if (agent.isUp && !agent.process.isFrozen && !agent.session && !agent.isCut) this.#dial(agent);
  }

  #dial(agent: SimulatedAgent): void {
    const old = this.oldManager;
    const manager = old?.isUp && this.chance.happens(0.2) ? old : this.manager;
    if (!manager.isUp || manager.process.isFrozen) return;
    const { life } = agent.process;
    const session = new SimulatedSession(this.#nextSession, manager.number, this.time, this.random, {
      // A frame of a socket of a process that is gone reaches nobody.
      atAgent: (from, frame) => {
        if (life === agent.process.life) agent.receive(from, frame);
      },
      atManager: (from, frame) => manager.receive(agent.name, from, frame),
    });
    this.#nextSession += 1;
    agent.session = session;
    manager.connected(agent.name, session, agent.host.clockMs(), agent.carriedOutRunId);
  }

  managerOf(session: SimulatedSession): SimulatedManager | undefined {
    return [this.manager, this.oldManager].find((each) => each?.number === session.manager);
  }

  /** The agent's process is gone: its socket is closed, and the manager learns that, unless the way is cut. */
  sessionEndedAtAgent(agent: SimulatedAgent, session: SimulatedSession): void {
    const delayMs =
      agent.isCut || !agent.host.isOn ? this.chance.between(1500, 4000) : this.chance.between(0, 20);
    this.time.after(delayMs, () => this.managerOf(session)?.endSession(agent.name, session));
  }

  sessionEndedAtManager(node: NodeName, session: SimulatedSession): void {
    const agent = this.agentOf(node);
    const delayMs = agent.isCut ? 4000 : this.chance.between(0, 20);
    if (session.isOpenAtAgent) this.time.after(delayMs, () => agent.endSession(session));
  }

  /** The same of the manager's process. */
  endSessionsOf(manager: SimulatedManager, isSilent = false): void {
    for (const agent of this.agents) {
      const { session } = agent;
      if (session?.manager !== manager.number) continue;
      const delayMs = agent.isCut || isSilent ? this.chance.between(1500, 4000) : this.chance.between(0, 50);
      this.time.after(delayMs, () => agent.endSession(session));
    }
  }
}
