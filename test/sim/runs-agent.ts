/**
 * One simulated agent: the production machines of operations and of the dead man's order, with a simulated disk, bus
 * and session around them, in the order in which the runners of agent/src/io carry effects out.
 */
import type { ArmedOrder } from '../../agent/src/core/armed-order.ts';
import { newJournalRecord, type OperationRecord } from '../../agent/src/core/operation-record.ts';
import { whyEpochRefused } from '../../agent/src/core/operation-refusal.ts';
import { nextOperationsTickMs, operationsStep } from '../../agent/src/core/operations.ts';
import {
  type OperationsEffect,
  type OperationsInput,
  type OperationsState,
  openOperations,
  ownTicket,
} from '../../agent/src/core/operations-state.ts';
import { defaultPolicy, type Policy } from '../../agent/src/core/policy.ts';
import type { ErrorCode } from '../../proto/src/core/errors.ts';
import type { NodeName } from '../../proto/src/core/names.ts';
import type { Operation } from '../../proto/src/generated/wire.ts';
import type { Cancel } from './operations-time.ts';
import { AgentBus } from './runs-agent-bus.ts';
import { AgentDeadMan } from './runs-agent-dead-man.ts';
import { namesOf } from './runs-agent-facts.ts';
import { RecordLog, SimulatedDisk, SmallFile } from './runs-disk.ts';
import type { HostJob, SimulatedHost, UnitState } from './runs-host.ts';
import type { SimulatedSession, ToAgent, ToManager } from './runs-link.ts';
import { SimulatedProcess } from './runs-process.ts';
import type { SimulationWorld } from './runs-world.ts';

const policy: Policy = { ...defaultPolicy, source: 'the simulation', exec: true, poweroff: true };

type Ask = { readonly session: SimulatedSession; readonly call: number } | undefined;

export class SimulatedAgent {
  readonly name: NodeName;
  readonly host: SimulatedHost;
  readonly disk: SimulatedDisk;
  readonly process: SimulatedProcess;
  session: SimulatedSession | undefined;
  isCut = false;
  /** With whom the operations machine has an open session; for the checkers. */
  isManaged = false;
  /** What it has durably seen (I6). */
  seenEpoch = 0;
  readonly epochFile: SmallFile<number>;
  readonly orderFile: SmallFile<ArmedOrder>;
  readonly journal: RecordLog<OperationRecord>;
  #operations: OperationsState | undefined;
  readonly #deadMan: AgentDeadMan;
  readonly #bus: AgentBus;
  #operationsTimer: { readonly atMs: number; readonly stop: Cancel } | undefined;
  #nextTicket = 1;
  readonly #tickets = new Map<number, NonNullable<Ask>>();
  readonly #own = new Map<number, string>();
  readonly #world: SimulationWorld;

  constructor(name: NodeName, host: SimulatedHost, world: SimulationWorld) {
    this.name = name;
    this.host = host;
    this.#world = world;
    this.process = new SimulatedProcess(world.time);
    this.disk = new SimulatedDisk(world);
    this.journal = new RecordLog(this.disk);
    // Most have been here before: then something can be said of every id.
    const isNew = world.random() < 0.3;
    this.journal.append([isNew ? newJournalRecord : { ...newJournalRecord, upTo: '0'.repeat(26) }]);
    this.epochFile = new SmallFile(this.disk);
    this.orderFile = new SmallFile(this.disk);
    this.#bus = new AgentBus(host, this.process, world, (input) => this.#operate(input));
    this.#deadMan = new AgentDeadMan({
      world,
      host,
      process: this.process,
      file: this.orderFile,
      apply: (operation) => this.#applyOwn(operation),
      answer: (ticket) => this.#answer(ticket, (call) => ({ type: 'done', call })),
      fail: (ticket, code) => this.#fail(ticket, code),
      tell: (effect) => {
        world.log(`${name} order ${effect.event}`);
        world.checkers.orders.onOrderEvent(this, effect);
      },
    });
    host.listener = {
      jobRemoved: (job) => this.process.run(() => this.#jobRemoved(job)),
      unitChanged: (unit, state) => this.process.run(() => this.#unitChanged(unit, state)),
      hostDown: () => this.kill(),
      hostUp: () => world.time.after(500 + world.random() * 3000, () => this.start()),
    };
  }

  get isUp(): boolean {
    return this.process.isUp;
  }

  get order(): ArmedOrder | undefined {
    return this.#deadMan.order;
  }

  get carriedOutRunId(): string {
    return this.#deadMan.carriedOutRunId;
  }

  start(): void {
    if (this.isUp || !this.host.isOn) return;
    const { host } = this;
    this.#world.log(`${this.name} agent starts`);
    this.process.begin();
    const found = this.journal.open();
    const records = this.#world.mutation.agentJournal?.(found) ?? found;
    const highestEpoch = this.epochFile.content ?? 0;
    this.#operations = openOperations({
      records,
      bootId: host.bootId,
      ownUnit: 'hecate-agent.service',
      policy,
      highestEpoch,
      nowMs: host.clockMs(),
    });
    for (const { phase, begun } of this.#operations.running.values()) {
      if (phase === 'lost' && host.jobs.get(begun.opId)?.result)
        this.#world.sometimes('job ended while the agent was down');
    }
    this.#deadMan.open({
      ownUnit: 'hecate-agent.service',
      policy,
      highestEpoch: Math.max(highestEpoch, this.#operations.highestEpoch),
    });
    this.#operate({ type: 'bus', isConnected: true });
    this.#deadMan.step({ type: 'bus', isConnected: true });
  }

  kill(): void {
    if (!this.isUp) return;
    this.#world.log(`${this.name} agent ends`);
    this.process.end();
    this.#operations = undefined;
    this.#deadMan.close();
    this.#operationsTimer = undefined;
    this.#tickets.clear();
    this.#own.clear();
    for (const file of [this.journal, this.epochFile, this.orderFile]) file.crash();
    this.isManaged = false;
    const { session } = this;
    this.session = undefined;
    if (!session) return;
    session.isOpenAtAgent = false;
    this.#world.sessionEndedAtAgent(this, session);
  }

  /** Nothing runs, nothing is to be told, no order, no timer (I14). */
  get isAtRest(): boolean {
    const state = this.#operations;
    if (!state) return true;
    const hasNoTimer = nextOperationsTickMs(state) === Number.POSITIVE_INFINITY;
    const isIdle = state.running.size === 0 && state.ledger.unreportedCount === 0;
    return hasNoTimer && isIdle && this.#deadMan.isAtRest;
  }

  // ── Sessions ──

  receive(session: SimulatedSession, frame: ToAgent): void {
    this.process.run(() => this.#take(session, frame));
  }

  #take(session: SimulatedSession, frame: ToAgent): void {
    switch (frame.type) {
      case 'welcome':
        if (session === this.session && session.isOpenAtAgent) this.#welcome(session, frame);
        return;
      case 'apply':
        this.#serve(session, frame.call, (ticket) =>
          this.#operate({ type: 'apply', ticket, operation: frame.operation }),
        );
        return;
      case 'resolve':
        this.#serve(session, frame.call, (ticket) =>
          this.#operate({ type: 'resolve', ticket, epoch: frame.epoch, opIds: frame.opIds }),
        );
        return;
      case 'arm':
        this.#heed(session, frame.call, frame.order.epoch, () =>
          this.#serve(session, frame.call, (ticket) =>
            this.#deadMan.step({ type: 'arm', ticket, order: frame.order }),
          ),
        );
        return;
      case 'disarm':
        this.#heed(session, frame.call, frame.epoch, () =>
          this.#serve(session, frame.call, (ticket) =>
            this.#deadMan.step({ type: 'disarm', ticket, runId: frame.runId, epoch: frame.epoch }),
          ),
        );
        return;
      case 'cancel':
        for (const [ticket, ask] of this.#tickets)
          if (ask.session === session && ask.call === frame.call) this.#abandon(ticket);
        return;
      case 'reports-taken':
        this.#operate({ type: 'reported', opIds: frame.opIds });
        return;
      case 'reports-refused':
        if (session === this.session) this.#operate({ type: 'report-failed' });
    }
  }

  /** As agent/src/io/agent.ts opens a session: the epoch is durable before anything of it counts (I6). */
  #welcome(session: SimulatedSession, { epoch, wallMs }: Extract<ToAgent, { type: 'welcome' }>): void {
    const isNewest = epoch >= this.#highestEpoch;
    this.isManaged = isNewest;
    this.#deadMan.step({ type: 'session', isOpen: isNewest });
    const open = () => {
      if (this.session !== session) return;
      this.#operate({ type: 'session', isOpen: true, managerWallMs: wallMs });
      const units = [...this.host.units.keys()].map((unit) => [unit, this.host.stateOf(unit)] as const);
      this.#send(session, { type: 'units', units });
    };
    this.#raise(epoch, open, () => {
      this.endSession(session);
      this.#world.sessionEndedAtAgent(this, session);
    });
  }

  get #highestEpoch(): number {
    return Math.max(this.epochFile.content ?? 0, this.#operations?.highestEpoch ?? 0);
  }

  #raise(epoch: number, then: () => void, otherwise: () => void): void {
    const current = this.epochFile.content ?? 0;
    if (epoch <= current) {
      then();
      return;
    }
    const raised = (isDurable: boolean) => {
      if (!isDurable) {
        otherwise();
        return;
      }
      this.seenEpoch = Math.max(this.seenEpoch, epoch);
      this.#operate({ type: 'epoch', epoch });
      this.#deadMan.step({ type: 'epoch', epoch });
      then();
    };
    if (this.#world.mutation.agentForgetsEpoch) raised(true);
    else this.epochFile.put(epoch, (isDurable) => this.process.run(() => raised(isDurable)));
  }

  #heed(session: SimulatedSession, call: number, epoch: number, then: () => void): void {
    const fail = () => this.#send(session, { type: 'failure', call, code: 'HEC_STATE' });
    if (whyEpochRefused(this.#highestEpoch, epoch)) then();
    else this.#raise(epoch, then, fail);
  }

  /** A frame of a session that has ended is carried out like any other; nobody hears of it. */
  #serve(session: SimulatedSession, call: number, ask: (ticket: number) => void): void {
    const ticket = this.#nextTicket;
    this.#nextTicket += 1;
    this.#tickets.set(ticket, { session, call });
    ask(ticket);
    if (!session.isOpenAtAgent) this.#abandon(ticket);
  }

  #abandon(ticket: number): void {
    if (this.#tickets.delete(ticket)) this.#operate({ type: 'abandoned', ticket });
  }

  /** The agent's end of the session. */
  endSession(session: SimulatedSession): void {
    if (!session.isOpenAtAgent) return;
    session.isOpenAtAgent = false;
    this.process.run(() => {
      for (const [ticket, ask] of [...this.#tickets]) if (ask.session === session) this.#abandon(ticket);
      if (this.session !== session) return;
      this.session = undefined;
      this.isManaged = false;
      this.#operate({ type: 'session', isOpen: false });
      this.#deadMan.step({ type: 'session', isOpen: false });
    });
  }

  #send(session: SimulatedSession | undefined, frame: ToManager): void {
    if (session?.isOpenAtAgent) session.toManager.send(frame);
  }

  #answer(ticket: number, frame: (call: number) => ToManager): void {
    const ask = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    if (ask) this.#send(ask.session, frame(ask.call));
  }

  #unitChanged(unit: string, state: UnitState): void {
    this.#send(this.session, { type: 'unit', unit, state });
  }

  #jobRemoved({ jobPath, result }: HostJob): void {
    if (result) this.#operate({ type: 'job-removed', jobPath, result });
  }

  // ── Operations ──

  #operate(input: OperationsInput): void {
    const state = this.#operations;
    if (!state) return;
    const step = this.#world.mutation.agentOperationsStep?.(operationsStep) ?? operationsStep;
    const nowMs = this.host.clockMs();
    for (const effect of step(state, input, { nowMs, bootTimeMs: nowMs, monotonicUs: nowMs * 1000 }))
      this.#perform(effect);
    this.#arm(state);
  }

  #arm(state: OperationsState): void {
    const atMs = nextOperationsTickMs(state);
    if (atMs >= (this.#operationsTimer?.atMs ?? Number.POSITIVE_INFINITY)) return;
    this.#operationsTimer?.stop();
    const stop = this.process.later(Math.max(1, atMs - this.host.clockMs()), () => {
      this.#operationsTimer = undefined;
      this.#operate({ type: 'tick' });
    });
    this.#operationsTimer = { atMs, stop };
  }

  #perform(effect: OperationsEffect): void {
    const { process } = this;
    switch (effect.type) {
      case 'persist': {
        const { durable, lost, records } = effect;
        this.journal.append(
          records,
          durable &&
            ((isDurable) => {
              const input = isDurable ? durable : lost?.('the disk is full');
              if (input) process.run(() => this.#operate(input));
            }),
        );
        return;
      }
      case 'call':
        this.#bus.call(effect.opId, effect.operation);
        return;
      case 'poll':
        this.#bus.poll(effect.opId);
        return;
      case 'inspect':
        this.#bus.inspect(effect);
        return;
      case 'investigate':
        process.later(1, () =>
          this.#operate({ type: 'investigated', opId: effect.opId, evidence: undefined, logLines: [] }),
        );
        return;
      case 'accepted': {
        const ask = this.#tickets.get(effect.ticket);
        if (ask) this.#send(ask.session, { type: 'accepted', call: ask.call, opId: effect.opId });
        return;
      }
      case 'answer': {
        const { ticket, outcome } = effect;
        if (outcome.code === 'HEC_EPOCH') this.#world.sometimes('stale epoch refused');
        if (this.#own.delete(ticket)) this.#deadMan.step({ type: 'operation-ended', outcome });
        else this.#answer(ticket, (call) => ({ type: 'outcome', call, outcome }));
        return;
      }
      case 'answer-resolve':
        this.#answer(effect.ticket, (call) => ({ type: 'resolved', call, operations: effect.operations }));
        return;
      case 'answer-failure':
        this.#fail(effect.ticket, effect.code);
        return;
      case 'report':
        this.#send(this.session, { type: 'report', outcomes: effect.outcomes });
        return;
      case 'stop-exec':
        process.later(5, () => this.#bus.execEnded(effect.opId, 143));
        return;
      case 'compact':
        this.journal.rewrite(effect.records, () => undefined);
        return;
      case 'name-unit': {
        const { ticket, operation } = effect;
        const isAsked = () => this.#tickets.has(ticket) || this.#own.has(ticket);
        process.later(1, () => {
          if (isAsked())
            this.#operate({ type: 'apply', ticket, operation, unitNames: namesOf(operation.unit) });
        });
      }
    }
  }

  /** Asked for by the node itself. */
  #applyOwn(operation: Operation): void {
    const ticket = ownTicket(this.#nextTicket);
    this.#nextTicket += 1;
    this.#own.set(ticket, operation.opId);
    this.#world.checkers.orders.onOrderApplies(this, operation);
    this.#operate({ type: 'apply', ticket, operation });
  }

  #fail(ticket: number, code: ErrorCode): void {
    this.#answer(ticket, (call) => ({ type: 'failure', call, code }));
  }
}
