/** One simulated host with its agent's process: killed, frozen and cut off at will. What the agent decides is its brain's. */
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { Operation, OperationOutcome, ResolvedOperation } from '@hecate/proto/generated/wire.ts';
import { SimulatedDisk } from './operations-disk.ts';
import type { SimulatedSession, ToAgent, ToManager } from './operations-link.ts';
import { type SimulatedJob, SimulatedSystemd } from './operations-systemd.ts';
import type { VirtualTime } from './operations-time.ts';

/** What decides: the model of wire.md's words, or the agent's own core. */
export interface AgentBrain {
  apply(ticket: number, operation: Operation): void;
  resolve(ticket: number, epoch: number, opIds: readonly string[]): void;
  abandoned(ticket: number): void;
  epoch(epoch: number): void;
  session(isOpen: boolean): void;
  reported(opIds: readonly string[]): void;
  reportFailed(): void;
  jobRemoved(job: SimulatedJob): void;
  /** Nothing runs, nothing is to be told, no timer. */
  isAtRest(): boolean;
}

export interface BrainPorts {
  readonly systemd: SimulatedSystemd;
  readonly disk: SimulatedDisk<never>;
  readonly highestEpoch: number;
  random(): number;
  nowMs(): number;
  bootTimeMs(): number;
  /** Not when the process was killed meanwhile. */
  later(delayMs: number, run: () => void): void;
  /** Also when the process is killed meanwhile: it is with systemd already. */
  atSystemd(delayMs: number, run: () => void): void;
  append(records: readonly unknown[], done?: (isDurable: boolean) => void): void;
  answer(ticket: number, outcome: OperationOutcome): void;
  accepted(ticket: number, opId: string): void;
  answerResolve(ticket: number, operations: readonly ResolvedOperation[]): void;
  fail(ticket: number, code: string): void;
  report(outcomes: readonly OperationOutcome[]): void;
}

export type MakeBrain = (ports: BrainPorts) => AgentBrain;

export interface AgentWorld {
  readonly time: VirtualTime;
  readonly random: () => number;
  log(text: string): void;
  /** A new session, when the manager answers. */
  dial(agent: SimulatedAgent): SimulatedSession | undefined;
}

const heartbeatMs = 1000;

export class SimulatedAgent {
  readonly name: NodeName;
  readonly systemd: SimulatedSystemd;
  readonly disk: SimulatedDisk<never>;
  isCut = false;
  session: SimulatedSession | undefined;
  brain: AgentBrain | undefined;
  #highestEpoch = 0;
  #incarnation = 0;
  #frozen: (() => void)[] | undefined;
  #nextTicket = 1;
  readonly #tickets = new Map<number, { session: SimulatedSession; call: number }>();
  readonly #clockOffsetMs: number;
  readonly #world: AgentWorld;
  readonly #makeBrain: MakeBrain;

  constructor(name: NodeName, world: AgentWorld, makeBrain: MakeBrain) {
    this.name = name;
    this.#world = world;
    this.#makeBrain = makeBrain;
    this.#clockOffsetMs = Math.floor(world.random() * 1e9);
    this.systemd = new SimulatedSystemd(world.time, world.random);
    this.systemd.onJobRemoved = (job) => this.#run(() => this.brain?.jobRemoved(job));
    this.disk = new SimulatedDisk(world.time, world.random);
    this.start();
    this.#dialNow();
    this.#beat();
  }

  bootTimeMs(): number {
    return Math.floor(this.#world.time.nowMs + this.#clockOffsetMs);
  }

  start(): void {
    if (this.brain) return;
    const { time, random } = this.#world;
    const incarnation = this.#incarnation;
    const ifAlive = (run: () => void) => () => {
      if (incarnation === this.#incarnation) this.#run(run);
    };
    this.brain = this.#makeBrain({
      systemd: this.systemd,
      disk: this.disk,
      highestEpoch: this.#highestEpoch,
      random,
      nowMs: () => time.nowMs,
      bootTimeMs: () => this.bootTimeMs(),
      later: (delayMs, run) => void time.after(delayMs, ifAlive(run)),
      atSystemd: (delayMs, run) => void time.after(delayMs, run),
      append: (records, done) =>
        this.disk.append(records as never[], done && ((isDurable) => ifAlive(() => done(isDurable))())),
      answer: (ticket, outcome) => this.#answer(ticket, (call) => ({ type: 'outcome', call, outcome })),
      accepted: (ticket, opId) => {
        const to = this.#tickets.get(ticket);
        if (to) this.#send(to.session, { type: 'accepted', call: to.call, opId });
      },
      answerResolve: (ticket, operations) =>
        this.#answer(ticket, (call) => ({ type: 'resolved', call, operations })),
      fail: (ticket, code) => this.#answer(ticket, (call) => ({ type: 'failure', call, code })),
      report: (outcomes) => {
        if (this.session?.isOpenAtAgent) this.#send(this.session, { type: 'report', outcomes });
      },
    });
  }

  kill(): void {
    if (!this.brain) return;
    this.#world.log(`${this.name} agent killed`);
    this.#incarnation += 1;
    this.brain = undefined;
    this.#frozen = undefined;
    this.#tickets.clear();
    this.disk.crash();
    if (this.session) this.session.isOpenAtAgent = false;
    this.session = undefined;
  }

  /** SIGSTOP for a while: everything that comes waits. */
  freeze(forMs: number): void {
    if (!this.brain || this.#frozen) return;
    this.#world.log(`${this.name} agent frozen for ${Math.round(forMs)} ms`);
    const incarnation = this.#incarnation;
    this.#frozen = [];
    this.#world.time.after(forMs, () => {
      if (incarnation !== this.#incarnation) return;
      const waiting = this.#frozen ?? [];
      this.#frozen = undefined;
      for (const run of waiting) run();
    });
  }

  #run(run: () => void): void {
    if (this.#frozen) this.#frozen.push(() => this.#run(run));
    else run();
  }

  #answer(ticket: number, frame: (call: number) => ToManager): void {
    const to = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    if (to) this.#send(to.session, frame(to.call));
  }

  #send(session: SimulatedSession, frame: ToManager): void {
    if (session.isOpenAtAgent) session.toManager.send(frame);
  }

  receive(session: SimulatedSession, frame: ToAgent): void {
    const incarnation = this.#incarnation;
    this.#run(() => {
      if (incarnation === this.#incarnation && this.brain) this.#take(session, frame, this.brain);
    });
  }

  #take(session: SimulatedSession, frame: ToAgent, brain: AgentBrain): void {
    switch (frame.type) {
      case 'welcome':
        if (!session.isOpenAtAgent) return;
        this.#highestEpoch = Math.max(this.#highestEpoch, frame.epoch);
        brain.epoch(frame.epoch);
        brain.session(true);
        return;
      case 'apply':
        this.#serve(session, frame.call, brain, (ticket) => brain.apply(ticket, frame.operation));
        return;
      case 'resolve':
        this.#serve(session, frame.call, brain, (ticket) => brain.resolve(ticket, frame.epoch, frame.opIds));
        return;
      case 'cancel':
        for (const [ticket, to] of this.#tickets)
          if (to.session === session && to.call === frame.call) this.#abandon(ticket, brain);
        return;
      case 'reports-taken':
        brain.reported(frame.opIds);
        return;
      case 'reports-refused':
        if (session === this.session) brain.reportFailed();
    }
  }

  /** A frame that comes out of a buffer after its session's end is carried out like any other; nobody hears of it. */
  #serve(session: SimulatedSession, call: number, brain: AgentBrain, ask: (ticket: number) => void): void {
    const ticket = this.#nextTicket;
    this.#nextTicket += 1;
    this.#tickets.set(ticket, { session, call });
    ask(ticket);
    if (!session.isOpenAtAgent) this.#abandon(ticket, brain);
  }

  #abandon(ticket: number, brain: AgentBrain): void {
    if (this.#tickets.delete(ticket)) brain.abandoned(ticket);
  }

  /** The agent's end of the session; what it held for the manager is gone. */
  endSession(session: SimulatedSession): void {
    if (!session.isOpenAtAgent) return;
    session.isOpenAtAgent = false;
    const incarnation = this.#incarnation;
    this.#run(() => {
      if (incarnation !== this.#incarnation || !this.brain) return;
      for (const [ticket, to] of [...this.#tickets])
        if (to.session === session) this.#abandon(ticket, this.brain);
      if (this.session !== session) return;
      this.session = undefined;
      this.brain.session(false);
    });
  }

  #dialNow(): void {
    const { time, random } = this.#world;
    time.after(200 + random() * 200, () => this.#dialNow());
    if (this.brain && !this.#frozen && !this.session && !this.isCut) this.session = this.#world.dial(this);
  }

  #beat(): void {
    this.#world.time.after(heartbeatMs, () => this.#beat());
    const { session } = this;
    if (this.brain && !this.#frozen && session)
      this.#send(session, { type: 'heartbeat', clockMs: this.bootTimeMs() });
  }
}
