/**
 * One simulated agent: the production machines of operations and of the dead man's order, with a simulated disk, bus
 * and session around them, in the order in which the runners of agent/src/io carry effects out.
 */
import type { ArmedOrder } from '../../agent/src/core/armed-order.ts';
import { deadManStep, nextDeadManTickMs } from '../../agent/src/core/dead-man.ts';
import {
  type DeadManEffect,
  type DeadManInput,
  type DeadManState,
  openDeadMan,
} from '../../agent/src/core/dead-man-state.ts';
import type { Facts } from '../../agent/src/core/operation-inference.ts';
import { newJournalRecord, type OperationRecord } from '../../agent/src/core/operation-record.ts';
import { whyEpochRefused } from '../../agent/src/core/operation-refusal.ts';
import { nextOperationsTickMs, operationsStep } from '../../agent/src/core/operations.ts';
import {
  type CallResult,
  type OperationsEffect,
  type OperationsInput,
  type OperationsState,
  openOperations,
  ownTicket,
} from '../../agent/src/core/operations-state.ts';
import { defaultPolicy, type Policy } from '../../agent/src/core/policy.ts';
import type { UnitNamesAnswer } from '../../agent/src/core/policy-decision.ts';
import type { UnitOutcome } from '../../agent/src/core/systemd-port.ts';
import { isJobVerb } from '../../agent/src/core/verbs.ts';
import type { ErrorCode } from '../../proto/src/core/errors.ts';
import type { NodeName } from '../../proto/src/core/names.ts';
import { createExecResult, type Operation } from '../../proto/src/generated/wire.ts';
import type { Cancel } from './operations-time.ts';
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
  managedUntilMs = 0;
  readonly epochFile: SmallFile<number>;
  readonly orderFile: SmallFile<ArmedOrder>;
  readonly journal: RecordLog<OperationRecord>;
  #operations: OperationsState | undefined;
  #deadMan: DeadManState | undefined;
  #operationsTimer: { readonly atMs: number; readonly stop: Cancel } | undefined;
  #deadManTimer: Cancel = () => undefined;
  #nextTicket = 1;
  #seenEpoch = 0;
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

  /** What it has durably seen (I6). */
  get seenEpoch(): number {
    return this.#seenEpoch;
  }

  get order(): ArmedOrder | undefined {
    return this.#deadMan?.order;
  }

  start(): void {
    if (this.isUp || !this.host.isOn) return;
    const { host, process } = this;
    this.#world.log(`${this.name} agent starts`);
    process.begin();
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
    const opening = {
      bootId: host.bootId,
      ownUnit: 'hecate-agent.service',
      policy,
      highestEpoch: Math.max(highestEpoch, this.#operations.highestEpoch),
      order: this.orderFile.content,
    };
    const { state, effects } = openDeadMan(opening, { bootTimeMs: host.clockMs() });
    this.#deadMan = state;
    for (const effect of effects) this.#performDeadMan(effect);
    this.#operate({ type: 'bus', isConnected: true });
    this.#stepDeadMan({ type: 'bus', isConnected: true });
  }

  kill(): void {
    if (!this.isUp) return;
    this.#world.log(`${this.name} agent ends`);
    this.process.end();
    this.#operations = undefined;
    this.#deadMan = undefined;
    this.#operationsTimer = undefined;
    this.#tickets.clear();
    this.#own.clear();
    for (const file of [this.journal, this.epochFile, this.orderFile]) file.crash();
    this.#managed(false);
    const { session } = this;
    this.session = undefined;
    if (session) {
      session.isOpenAtAgent = false;
      this.#world.sessionEndedAtAgent(this, session);
    }
  }

  /** Nothing runs, nothing is to be told, no order, no timer (I14). */
  get isAtRest(): boolean {
    const state = this.#operations;
    if (!state || !this.#deadMan) return true;
    const neverMs = Number.POSITIVE_INFINITY;
    return (
      state.running.size === 0 &&
      state.ledger.unreportedCount === 0 &&
      nextOperationsTickMs(state) === neverMs &&
      this.#deadMan.order === undefined &&
      nextDeadManTickMs(this.#deadMan) === neverMs
    );
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
            this.#stepDeadMan({ type: 'arm', ticket, order: frame.order }),
          ),
        );
        return;
      case 'disarm':
        this.#heed(session, frame.call, frame.epoch, () =>
          this.#serve(session, frame.call, (ticket) =>
            this.#stepDeadMan({ type: 'disarm', ticket, runId: frame.runId, epoch: frame.epoch }),
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
    this.#managed(isNewest);
    this.#stepDeadMan({ type: 'session', isOpen: isNewest });
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
      this.#seenEpoch = Math.max(this.#seenEpoch, epoch);
      this.#operate({ type: 'epoch', epoch });
      this.#stepDeadMan({ type: 'epoch', epoch });
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
      this.#managed(false);
      this.#operate({ type: 'session', isOpen: false });
      this.#stepDeadMan({ type: 'session', isOpen: false });
    });
  }

  #managed(isManaged: boolean): void {
    if (this.isManaged && !isManaged) this.managedUntilMs = this.#world.time.nowMs;
    this.isManaged = isManaged;
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
    const { process, host } = this;
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
      case 'call': {
        const { life } = process;
        const { boot } = host;
        this.#world.time.after(this.#world.random() * 2, () => {
          if (host.isOn && host.boot === boot) this.#call(effect.opId, effect.operation, life);
        });
        return;
      }
      case 'poll':
        process.later(1, () => {
          const job = host.jobs.get(effect.opId);
          const isThere = job !== undefined && job.result === undefined;
          this.#operate({ type: 'polled', opId: effect.opId, isThere });
        });
        return;
      case 'inspect':
        process.later(2, () => {
          const facts = factsOf(host, effect);
          this.#operate({ type: 'inspected', opId: effect.opId, facts });
        });
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
        if (this.#own.delete(ticket)) this.#stepDeadMan({ type: 'operation-ended', outcome });
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
        process.later(5, () => this.#execEnded(effect.opId, 143));
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

  #fail(ticket: number, code: ErrorCode): void {
    if (code === 'HEC_EPOCH') this.#world.sometimes('stale epoch refused');
    this.#answer(ticket, (call) => ({ type: 'failure', call, code }));
  }

  /** Also when the agent is killed on the way: the call is with systemd. */
  #call(opId: string, { verb, unit, epoch, options }: Operation, life: number): void {
    const { host } = this;
    if (isJobVerb(verb)) {
      const job = host.startJob(opId, epoch, verb, unit);
      if (!job) this.#called(life, opId, noSuchUnit(unit));
      else this.#called(life, opId, { case: 'job', job: { jobId: job.jobId, jobPath: job.jobPath } }, job);
      return;
    }
    switch (verb) {
      case 'kill': {
        const isThere = host.kill(opId, epoch, unit, options?.signal || 15);
        this.#called(life, opId, isThere ? { case: 'done', changes: [], result: 'done' } : noSuchUnit(unit));
        return;
      }
      case 'poweroff':
        host.powerOff(opId, epoch);
        this.#called(life, opId, { case: 'done', changes: [], result: 'accepted' });
        return;
      case 'exec':
        host.exec(opId, epoch);
        if (life !== this.process.life) return;
        this.process.later(this.#world.random() * 800, () => this.#execEnded(opId, this.#world.execStatus()));
        return;
      default:
        throw new Error(`${verb} does not come up in this simulation`);
    }
  }

  #execEnded(opId: string, exitStatus: number): void {
    const execResult = createExecResult({ exitStatus });
    this.#operate({ type: 'called', opId, result: { case: 'exec', execResult } });
  }

  #called(life: number, opId: string, result: CallResult, job?: HostJob): void {
    if (life !== this.process.life) return;
    this.process.later(this.#world.random() * 2, () => {
      this.#operate({ type: 'called', opId, result });
      if (job?.result) this.#operate({ type: 'job-removed', jobPath: job.jobPath, result: job.result });
    });
  }

  // ── The dead man's order ──

  #stepDeadMan(input: DeadManInput): void {
    if (!this.#deadMan) return;
    const step = this.#world.mutation.deadManStep?.(deadManStep) ?? deadManStep;
    const { state, effects } = step(this.#deadMan, input, { bootTimeMs: this.host.clockMs() });
    this.#deadMan = state;
    for (const effect of effects) this.#performDeadMan(effect);
    this.#armDeadMan();
  }

  #armDeadMan(): void {
    this.#deadManTimer();
    this.#deadManTimer = () => undefined;
    if (!this.#deadMan) return;
    const atMs = nextDeadManTickMs(this.#deadMan);
    if (atMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(1, Math.ceil(atMs - this.host.clockMs()));
    this.#deadManTimer = this.process.later(delayMs, () => this.#stepDeadMan({ type: 'tick' }));
  }

  #performDeadMan(effect: DeadManEffect): void {
    const { process } = this;
    const persisted = (isDurable: boolean) =>
      process.run(() =>
        this.#stepDeadMan(
          isDurable ? { type: 'persisted' } : { type: 'not-persisted', message: 'the disk is full' },
        ),
      );
    switch (effect.type) {
      case 'persist':
        this.orderFile.put(effect.order, persisted);
        return;
      case 'forget':
        if (this.#world.mutation.keepsOrderFile) process.later(1, () => persisted(true));
        else this.orderFile.put(undefined, persisted);
        return;
      case 'apply': {
        const ticket = ownTicket(this.#nextTicket);
        this.#nextTicket += 1;
        this.#own.set(ticket, effect.operation.opId);
        this.#world.checkers.onOrderApplies(this, effect.operation);
        this.#operate({ type: 'apply', ticket, operation: effect.operation });
        return;
      }
      case 'answer':
        this.#answer(effect.ticket, (call) => ({ type: 'done', call }));
        return;
      case 'answer-failure':
        this.#fail(effect.ticket, effect.code);
        return;
      case 'tell':
        this.#world.log(`${this.name} order ${effect.event}`);
        this.#world.checkers.onOrderEvent(this, effect);
        return;
      case 'name-units': {
        const { ticket, units } = effect;
        const names = new Map(units.map((unit) => [unit, namesOf(unit)] as const));
        process.later(1, () => this.#stepDeadMan({ type: 'named', ticket, names }));
      }
    }
  }
}

const namesOf = (unit: string): UnitNamesAnswer => ({
  case: 'known',
  unitNames: { id: unit, names: [unit] },
});

const noSuchUnit = (unit: string): CallResult => ({
  case: 'failed',
  code: 'HEC_NO_SUCH_UNIT',
  message: `there is no unit ${unit}`,
  remedy: '',
});

const nothing: Facts = {
  job: undefined,
  unit: undefined,
  freezerState: undefined,
  unitFileState: undefined,
  defaultTarget: undefined,
  shutdown: undefined,
  systemdStartedUs: undefined,
};

/** As agent/src/io/inspect-operation.ts finds them. */
function factsOf(
  host: SimulatedHost,
  { opId, begun, isSameBoot }: Extract<OperationsEffect, { type: 'inspect' }>,
): Facts {
  const { verb, unit } = begun;
  if (verb === 'poweroff')
    return isSameBoot ? { ...nothing, shutdown: host.isGoingDown ? 'poweroff' : 'none' } : nothing;
  if (verb === 'exec' || !isSameBoot || unit === '') return nothing;
  const own = host.jobs.get(opId);
  const queued = host.units.get(unit)?.job;
  const job = own && !own.result ? own : queued?.verb === verb && !own ? queued : undefined;
  if (job && isJobVerb(verb)) return { ...nothing, job: { jobId: job.jobId, jobPath: job.jobPath } };
  const state = host.stateOf(unit);
  const outcome: UnitOutcome = {
    loadState: host.units.has(unit) ? 'loaded' : 'not-found',
    activeState: state,
    subState: '',
    result: state === 'failed' ? 'exit-code' : 'success',
    execMainStatus: 0,
    execMainCode: 0,
    invocationId: '',
    stateChangeTimestampMonotonic: BigInt(Math.floor(host.changedAtClockMs(unit) * 1000)),
    nRestarts: 0,
  };
  return { ...nothing, unit: outcome, systemdStartedUs: 0 };
}
