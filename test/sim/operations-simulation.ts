/**
 * One run: a manager, two hosts, operations and faults, all of it out of one seed. Two phases: while faults go on,
 * nothing wrong may happen; after the last of them everything must come to its end.
 */
import { makeOpId, parseNodeName } from '@hecate/proto/core/names.ts';
import { seededRandom } from '../../proto/test/support/simulated-link.ts';
import { type MakeBrain, SimulatedAgent } from './operations-agent.ts';
import { Checkers } from './operations-checkers.ts';
import { SimulatedSession } from './operations-link.ts';
import { SimulatedManager } from './operations-manager.ts';
import { VirtualTime } from './operations-time.ts';

export interface SimulationResult {
  readonly log: string;
  /** What went wrong; undefined: nothing. */
  readonly violation: string | undefined;
  readonly operations: number;
  readonly answersByStatus: Readonly<Record<string, number>>;
}

const faultsEndMs = 40_000;
/** The longest job takes 30 s, the longest time limit is 20 s, a resolve that was lost 15 s. */
const settleMs = 80_000;

export function simulateOperations(seed: number, makeBrain: MakeBrain): SimulationResult {
  const run = new Run(seed, makeBrain);
  let violation: string | undefined;
  try {
    run.play();
  } catch (error) {
    violation = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const { lines, asked, answersByStatus } = run.checkers;
  return { log: lines.join('\n'), violation, operations: asked.size, answersByStatus };
}

class Run {
  readonly checkers: Checkers;
  readonly #time = new VirtualTime();
  readonly #random: () => number;
  readonly #manager: SimulatedManager;
  readonly #agents: readonly SimulatedAgent[];
  readonly #crashes: { incarnation: number; atMs: number }[] = [];
  #nextSession = 1;
  /** Whether anything may still go wrong from outside. */
  #hasFaults = true;

  constructor(seed: number, makeBrain: MakeBrain) {
    this.#random = seededRandom(seed);
    const time = this.#time;
    this.checkers = new Checkers(time, (node) => this.#agent(node).systemd);
    this.#manager = new SimulatedManager(time, this.#random, this.checkers);
    const log = (text: string) => this.checkers.log(text);
    const dial = (agent: SimulatedAgent) => this.#dial(agent);
    this.#agents = ['node-a', 'node-b'].map((name) => {
      const agent = new SimulatedAgent(
        parseNodeName(name),
        { time, random: this.#random, log, dial },
        makeBrain,
      );
      agent.systemd.onApplied = (opId) => this.checkers.onApplied(opId, agent.systemd);
      return agent;
    });
  }

  play(): void {
    this.#time.after(500, () => this.#work());
    this.#time.after(800, () => this.#fault());
    this.#time.runUntil(faultsEndMs);
    this.#stopFaults();
    this.#time.runUntil(faultsEndMs + settleMs);
    this.checkers.atAnswersDue(this.#crashes);
    if (!this.#manager.isAtRest) {
      const open = [...this.#manager.state.records.values()];
      const said = open.map(({ request, phase }) => `${request.opId} ${phase}`).join(', ');
      this.checkers.fail(`the manager is not at rest: ${said}`);
    }
    for (const agent of this.#agents)
      if (!agent.brain?.isAtRest()) this.checkers.fail(`the agent of ${agent.name} is not at rest`);
    this.checkers.atTheEnd();
  }

  #agent(name: string): SimulatedAgent {
    const agent = this.#agents.find((each) => each.name === name);
    if (!agent) throw new Error(`no ${name}`);
    return agent;
  }

  #between = (low: number, high: number): number => low + this.#random() * (high - low);
  #one = <T>(list: readonly T[]): T => {
    const chosen = list[Math.floor(this.#random() * list.length)];
    if (chosen === undefined) throw new Error('an empty list');
    return chosen;
  };

  #dial(agent: SimulatedAgent): SimulatedSession | undefined {
    const manager = this.#manager;
    if (!manager.isUp) return undefined;
    const session = new SimulatedSession(this.#nextSession, this.#time, this.#random, {
      atAgent: (from, frame) => agent.receive(from, frame),
      atManager: (from, frame) => manager.receive(agent.name, from, frame),
    });
    this.#nextSession += 1;
    manager.connected(agent.name, session, agent.bootTimeMs());
    return session;
  }

  // ── Work ──

  #work(): void {
    const { nowMs } = this.#time;
    if (nowMs > faultsEndMs - 1000) return;
    // One burst in twenty is more than a session takes at once.
    const count = this.#random() < 0.05 ? 70 : 1;
    const node = this.#one(this.#agents).name;
    if (this.#manager.isUp) for (let i = 0; i < count; i += 1) this.#ask(node);
    this.#time.after(this.#between(10, 1500), () => this.#work());
  }

  #ask(node: SimulatedAgent['name']): void {
    const { nowMs } = this.#time;
    const random = Uint8Array.from({ length: 10 }, () => Math.floor(this.#random() * 256));
    const opId = makeOpId(1_700_000_000_000 + nowMs, random);
    const isShort = this.#random() < 0.4;
    const timeLimitMs = Math.floor(isShort ? this.#between(20, 1000) : this.#between(1000, 20_000));
    this.#manager.submit({
      opId,
      node,
      // A unit of its own, so that its state tells of this operation alone.
      unit: `unit-${opId}.service`,
      verb: 'start',
      options: undefined,
      requestedBy: 'simulation',
      requestedFrom: '',
      reason: '',
      requestedMs: nowMs,
      timeLimitMs,
      logLines: 0,
    });
    if (this.#random() < 0.1) this.#time.after(this.#between(0, 2000), () => this.#manager.giveUp(opId));
  }

  // ── Faults ──

  #fault(): void {
    if (!this.#hasFaults) return;
    const agent = this.#one(this.#agents);
    const faults = [
      () => this.#cut(agent),
      () => this.#cut(agent),
      () => this.#reset(agent),
      () => this.#redial(agent),
      () => this.#killAgent(agent),
      () => this.#killAgent(agent),
      () => agent.freeze(this.#between(50, 5000)),
      () => this.#killManager(),
      () => this.#fillDisk(),
      () => this.#slowDisk(this.#manager.disk),
      () => this.#slowDisk(agent.disk),
    ];
    this.#one(faults)();
    this.#time.after(this.#between(50, 2500), () => this.#fault());
  }

  /** Silent: nothing arrives, and both ends find out by themselves, if it lasts. */
  #cut(agent: SimulatedAgent): void {
    if (agent.isCut) return;
    const forMs = this.#between(100, 8000);
    this.checkers.log(`${agent.name} cut off for ${Math.round(forMs)} ms`);
    agent.isCut = true;
    const { session } = agent;
    session?.stall();
    if (session) {
      this.#time.after(this.#between(1500, 3500), () => {
        if (agent.isCut) this.#manager.endSession(agent.name, session);
      });
      this.#time.after(this.#between(1500, 3500), () => {
        if (agent.isCut) agent.endSession(session);
      });
    }
    this.#time.after(forMs, () => {
      this.checkers.log(`${agent.name} reachable again`);
      agent.isCut = false;
      if (!session) return;
      session.heal();
      if (session.isWhole) return;
      // The end that still held on learns it by a reset.
      this.#end(agent, session);
    });
  }

  /** A reset: both ends learn of it, one after the other; what was on the way comes late or never. */
  #reset(agent: SimulatedAgent): void {
    const { session } = agent;
    if (!session || agent.isCut) return;
    this.checkers.log(`${agent.name} session ${session.id} reset`);
    session.stall();
    this.#end(agent, session);
    this.#time.after(this.#between(0, 100), () => session.heal());
  }

  #end(agent: SimulatedAgent, session: SimulatedSession): void {
    this.#time.after(this.#between(0, 50), () => this.#manager.endSession(agent.name, session));
    this.#time.after(this.#between(0, 50), () => agent.endSession(session));
  }

  /** The agent gives its session up and dials again, before the manager has noticed: replaced. */
  #redial(agent: SimulatedAgent): void {
    const { session } = agent;
    if (!session || agent.isCut) return;
    this.checkers.log(`${agent.name} dials again`);
    session.stall();
    agent.endSession(session);
    this.#time.after(this.#between(0, 3000), () => {
      session.heal();
      this.#manager.endSession(agent.name, session);
    });
  }

  #killAgent(agent: SimulatedAgent): void {
    const { session } = agent;
    agent.kill();
    if (session) this.#time.after(this.#between(0, 20), () => this.#manager.endSession(agent.name, session));
    this.#time.after(this.#between(50, 3000), () => agent.start());
  }

  #killManager(): void {
    if (!this.#manager.isUp) return;
    this.#crashes.push({ incarnation: this.#manager.epoch, atMs: this.#time.nowMs });
    const sessions = this.#agents.map((agent) => ({ agent, session: agent.session }));
    this.#manager.kill();
    for (const { agent, session } of sessions) {
      if (session) this.#time.after(this.#between(0, 50), () => agent.endSession(session));
    }
    this.#time.after(this.#between(100, 2000), () => this.#manager.start());
  }

  #fillDisk(): void {
    this.checkers.log("manager's disk full");
    this.#manager.disk.isFull = true;
    this.#time.after(this.#between(100, 2000), () => {
      this.#manager.disk.isFull = false;
    });
  }

  #slowDisk(disk: { latencyMs: () => number }): void {
    const slowMs = this.#between(50, 2000);
    this.checkers.log(`a disk takes up to ${Math.round(slowMs)} ms`);
    disk.latencyMs = () => this.#random() * slowMs;
    this.#time.after(this.#between(100, 4000), () => {
      disk.latencyMs = () => this.#random() * 3;
    });
  }

  #stopFaults(): void {
    this.checkers.log('no more faults');
    this.#hasFaults = false;
  }
}
