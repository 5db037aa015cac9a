/**
 * Carries out the effects of the operation machine, in its order: durable, then systemd, then the answer (I9).
 * The only place where operations meet the disk, the bus and the clock.
 */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import type {
  Operation,
  OperationOutcome,
  ResolvedOperation,
  ResolveOperations,
} from '@hecate/proto/generated/wire.ts';
import type { IncomingRequest } from '@hecate/proto/io/session-host.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import { evidenceOf } from '../core/operation-inference.ts';
import { nameNode } from '../core/operation-outcomes.ts';
import { nextOperationsTickMs, operationsStep } from '../core/operations.ts';
import {
  type OperationsEffect,
  type OperationsInput,
  type OperationsState,
  openOperations,
  ownTicket,
} from '../core/operations-state.ts';
import type { Policy } from '../core/policy.ts';
import type { StartedJob, SystemdPort } from '../core/systemd-port.ts';
import { callSystemd } from './call-systemd.ts';
import type { CommandRequest, OutputSink, RunningCommand } from './exec-command.ts';
import { fitResolved } from './fit-resolved.ts';
import { inspectOperation } from './inspect-operation.ts';
import { instantOf } from './instant.ts';
import type { Logger } from './logger.ts';
import type { OperationJournal } from './operation-journal.ts';
import { ownRequest } from './own-request.ts';
import { askUnitNames } from './unit-names.ts';

export interface OperationRunnerOptions {
  /** For remedies: the next step is a command line that names this node. */
  readonly nodeName: string;
  readonly journal: OperationJournal;
  readonly clock: Clock;
  readonly log: Logger;
  readonly bootId: string;
  readonly ownUnit: string;
  readonly policy: Policy;
  readonly highestEpoch: number;
  /** The newest log lines of a unit; an empty list when there are none. Never rejects. */
  readonly logTail: (unit: string, lines: number) => Promise<string[]>;
  readonly runCommand: (request: CommandRequest, systemd: SystemdPort, sink: OutputSink) => RunningCommand;
}

/** Tells the manager outcomes that it does not have; resolves when it has them. */
export type ReportOutcomes = (outcomes: OperationOutcome[]) => Promise<void>;

interface Waiting {
  readonly request: IncomingRequest;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: HecateError) => void;
}

type Effect<Type extends OperationsEffect['type']> = Extract<OperationsEffect, { type: Type }>;

export class OperationRunner {
  readonly #options: OperationRunnerOptions;
  readonly #state: OperationsState;
  readonly #waiting = new Map<number, Waiting>();
  readonly #commands = new Map<string, RunningCommand>();
  #systemd: SystemdPort | undefined;
  /** Counts the systemds that were there: what one of them said does not hold for the next. */
  #systemdNumber = 0;
  #report: ReportOutcomes | undefined;
  #nextTicket = 1;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(options: OperationRunnerOptions) {
    const { journal, clock, bootId, ownUnit, policy, highestEpoch } = options;
    this.#options = options;
    const { records } = journal;
    this.#state = openOperations({ records, bootId, ownUnit, policy, highestEpoch, nowMs: clock.nowMs() });
  }

  get highestEpoch(): number {
    return this.#state.highestEpoch;
  }

  get runningCount(): number {
    return this.#state.running.size;
  }

  /** Requests that wait for their answer. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  get policy(): Policy {
    return this.#state.policy;
  }

  apply(request: IncomingRequest, operation: Operation): Promise<Outcome> {
    return this.#serve(request, (ticket) => ({ type: 'apply', ticket, operation }));
  }

  resolve(request: IncomingRequest, { epoch, opIds }: ResolveOperations): Promise<Outcome> {
    return this.#serve(request, (ticket) => ({ type: 'resolve', ticket, epoch, opIds }));
  }

  /** Asked for by the node itself: nobody outside hears the answer, so the next manager is told, too. */
  async applyOwn(operation: Operation): Promise<OperationOutcome> {
    const request = ownRequest(operation, this.#options.log);
    const outcome = await this.#serve(request, (ticket) => ({ type: 'apply', ticket, operation }), ownTicket);
    if (outcome.case === 'operation') return outcome.value;
    throw new HecateError('HEC_INTERNAL', `an operation was answered with ${outcome.case}`);
  }

  setPolicy(policy: Policy): void {
    this.#step({ type: 'policy', policy });
  }

  raiseEpoch(epoch: number): void {
    this.#step({ type: 'epoch', epoch });
  }

  busConnected(systemd: SystemdPort): void {
    this.#systemd = systemd;
    this.#systemdNumber += 1;
    systemd.onJobRemoved(({ jobPath, result }) => {
      if (this.#state.running.size > 0) this.#step({ type: 'job-removed', jobPath, result });
    });
    systemd.onNewOwner(() => {
      this.#systemdNumber += 1;
      this.#step({ type: 'new-owner' });
    });
    this.#step({ type: 'bus', isConnected: true });
  }

  busLost(): void {
    this.#systemd = undefined;
    this.#step({ type: 'bus', isConnected: false });
  }

  /** @param managerWallMs what the manager's clock shows; 0: not known */
  sessionOpened(report: ReportOutcomes, managerWallMs: number): void {
    this.#report = report;
    this.#step({ type: 'session', isOpen: true, managerWallMs });
  }

  sessionClosed(): void {
    this.#report = undefined;
    this.#step({ type: 'session', isOpen: false });
  }

  /** Waits for what is on its way to the disk. Jobs go on; the next start finds out what became of them. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const command of this.#commands.values()) command.stop();
    await this.#options.journal.close();
  }

  #serve(
    request: IncomingRequest,
    makeInput: (ticket: number) => OperationsInput,
    toTicket = (count: number) => count,
  ): Promise<Outcome> {
    const ticket = toTicket(this.#nextTicket);
    this.#nextTicket += 1;
    return new Promise<Outcome>((resolve, reject) => {
      this.#waiting.set(ticket, { request, resolve, reject });
      request.signal.addEventListener('abort', () => this.#abandon(ticket), { once: true });
      this.#step(makeInput(ticket));
    });
  }

  /** Nobody hears the answer any more; what it is about goes on. */
  #abandon(ticket: number): void {
    const waiting = this.#waiting.get(ticket);
    if (!waiting) return;
    this.#waiting.delete(ticket);
    this.#step({ type: 'abandoned', ticket });
    waiting.reject(new HecateError('HEC_CANCELLED', 'nobody waits for this answer any more'));
  }

  #step(input: OperationsInput): void {
    if (this.#isClosed) return;
    for (const effect of operationsStep(this.#state, input, instantOf(this.#options.clock)))
      this.#perform(effect);
    this.#arm();
  }

  #perform(effect: OperationsEffect): void {
    switch (effect.type) {
      case 'persist':
        this.#persist(effect);
        return;
      case 'compact':
        this.#compact(effect);
        return;
      case 'name-unit':
        void this.#nameUnit(effect);
        return;
      case 'call':
        void this.#call(effect);
        return;
      case 'stop-exec':
        this.#commands.get(effect.opId)?.stop();
        return;
      case 'poll':
        void this.#poll(effect);
        return;
      case 'inspect':
        void this.#inspect(effect);
        return;
      case 'investigate':
        void this.#investigate(effect);
        return;
      case 'accepted':
        this.#accepted(effect);
        return;
      case 'answer':
        this.#logEpoch(effect.outcome);
        this.#take(effect.ticket)?.resolve({ case: 'operation', value: this.#named(effect.outcome) });
        return;
      case 'answer-resolve': {
        const operations = fitResolved(effect.operations.map((each) => this.#namedIn(each)));
        this.#take(effect.ticket)?.resolve({ case: 'resolvedOperations', value: { operations } });
        return;
      }
      case 'answer-failure': {
        const { code, message, remedy } = effect;
        this.#take(effect.ticket)?.reject(
          new HecateError(code, message, nameNode(remedy, this.#options.nodeName)),
        );
        return;
      }
      case 'report':
        void this.#sendReport(effect.outcomes.map((outcome) => this.#named(outcome)));
    }
  }

  /** A second manager, or one that lies: worth a line on the node itself (I6). */
  #logEpoch({ code, opId, message, replayed }: OperationOutcome): void {
    if (code === 'HEC_EPOCH' && !replayed)
      this.#options.log.warn('an operation was refused for its epoch', { opId, why: message });
  }

  #named(outcome: OperationOutcome): OperationOutcome {
    return { ...outcome, remedy: nameNode(outcome.remedy, this.#options.nodeName) };
  }

  #namedIn(operation: ResolvedOperation): ResolvedOperation {
    return operation.outcome ? { ...operation, outcome: this.#named(operation.outcome) } : operation;
  }

  #take(ticket: number): Waiting | undefined {
    const waiting = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    return waiting;
  }

  #persist({ records, durable, lost }: Effect<'persist'>): void {
    const { journal, log } = this.#options;
    if (!durable) {
      for (const record of records) journal.appendLazily(record);
      return;
    }
    Promise.all(records.map((record) => journal.append(record))).then(
      () => this.#step(durable),
      (thrown) => {
        const { message } = asHecateError(thrown);
        log.error('the operation journal could not be written', { why: message });
        if (lost) this.#step(lost(message));
      },
    );
  }

  #compact({ records }: Effect<'compact'>): void {
    const { journal, log } = this.#options;
    journal.rewrite(records).catch((thrown) => {
      log.warn('the operation journal could not be compacted', { why: asHecateError(thrown).message });
    });
  }

  async #nameUnit({ ticket, operation }: Effect<'name-unit'>): Promise<void> {
    const unitNames = await askUnitNames(this.#systemd, operation.unit);
    // Given up meanwhile: nothing is recorded of it, and whoever asks will hear that it was never applied.
    if (this.#waiting.has(ticket)) this.#step({ type: 'apply', ticket, operation, unitNames });
  }

  async #call({ opId, operation, ticket }: Effect<'call'>): Promise<void> {
    if (operation.verb === 'exec') {
      await this.#runCommand(operation, ticket);
      return;
    }
    const number = this.#systemdNumber;
    const result = await callSystemd(this.#systemd, operation);
    const job = result.case === 'job' ? result.job : undefined;
    if (number === this.#systemdNumber) this.#tookJob({ type: 'called', opId, result }, job);
    else this.#step({ type: 'called', opId, result: job ? { case: 'uncertain', job } : result });
  }

  /** JobRemoved comes before the answer that names the job more often than not. */
  #tookJob(input: OperationsInput, job: StartedJob | undefined): void {
    this.#step(input);
    const finished = job && this.#systemd?.finishedJob(job.jobPath);
    if (finished) this.#step({ type: 'job-removed', jobPath: finished.jobPath, result: finished.result });
  }

  async #runCommand(operation: Operation, ticket: number | undefined): Promise<void> {
    const { opId } = operation;
    const { argv = [], workingDirectory = '' } = operation.options ?? {};
    const request = ticket === undefined ? undefined : this.#waiting.get(ticket)?.request;
    const sink: OutputSink = async (channel, data) =>
      (await request?.sendItem({ case: 'output', value: { node: '', channel, data } })) ?? false;
    try {
      if (!this.#systemd) throw new HecateError('HEC_BUS_GONE', 'the agent has no connection to its D-Bus');
      const command = this.#options.runCommand({ opId, argv, workingDirectory }, this.#systemd, sink);
      this.#commands.set(opId, command);
      const execResult = await command.ended;
      this.#step({ type: 'called', opId, result: { case: 'exec', execResult } });
    } catch (thrown) {
      const { code, message, remedy } = asHecateError(thrown, 'HEC_EXEC_FAILED');
      this.#step({ type: 'called', opId, result: { case: 'failed', code, message, remedy } });
    } finally {
      this.#commands.delete(opId);
    }
  }

  async #poll({ opId, jobPath }: Effect<'poll'>): Promise<void> {
    const systemd = this.#systemd;
    const number = this.#systemdNumber;
    const isThere = await systemd?.jobExists(jobPath).catch(() => undefined);
    // The one that is there now is asked already.
    if (number !== this.#systemdNumber) return;
    const finished = systemd?.finishedJob(jobPath);
    if (finished) this.#step({ type: 'job-removed', jobPath, result: finished.result });
    else this.#step({ type: 'polled', opId, isThere });
  }

  async #inspect({ opId, begun, job, isSameBoot }: Effect<'inspect'>): Promise<void> {
    const number = this.#systemdNumber;
    const facts = await inspectOperation(this.#systemd, begun, job, isSameBoot).catch((thrown) => {
      const why = asHecateError(thrown).message;
      this.#options.log.warn('what became of an operation cannot be looked up yet', { opId, why });
      return undefined;
    });
    if (number === this.#systemdNumber) this.#tookJob({ type: 'inspected', opId, facts }, facts?.job);
  }

  async #investigate({ opId, begun: { unit, logLines: lines } }: Effect<'investigate'>): Promise<void> {
    const mayRead = this.#state.policy.read && lines > 0;
    const [evidence, logLines] = await Promise.all([
      this.#systemd?.unitOutcome(unit).then(evidenceOf, () => undefined),
      mayRead ? this.#options.logTail(unit, lines) : [],
    ]);
    this.#step({ type: 'investigated', opId, evidence, logLines });
  }

  #accepted({ ticket, opId, jobId }: Effect<'accepted'>): void {
    const request = this.#waiting.get(ticket)?.request;
    void request?.sendItem({ case: 'accepted', value: { opId, jobId } });
  }

  async #sendReport(outcomes: OperationOutcome[]): Promise<void> {
    const report = this.#report;
    try {
      await report?.(outcomes);
      // Another session may have begun meanwhile; what this manager acknowledged stays acknowledged.
      this.#step({ type: 'reported', opIds: outcomes.map((outcome) => outcome.opId) });
    } catch (thrown) {
      this.#options.log.warn('outcomes could not be reported yet', { why: asHecateError(thrown).message });
      if (report === this.#report) this.#step({ type: 'report-failed' });
    }
  }

  /** One timer for everything; none at rest (I14). */
  #arm(): void {
    const atMs = nextOperationsTickMs(this.#state);
    // It may fire early and then only looks again, so that it is seldom set anew.
    if (atMs >= this.#timerAtMs || atMs === Number.POSITIVE_INFINITY || this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    const delayMs = Math.min(2 ** 31 - 1, Math.max(1, Math.ceil(atMs - this.#options.clock.nowMs())));
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.#step({ type: 'tick' });
    }, delayMs);
  }
}
