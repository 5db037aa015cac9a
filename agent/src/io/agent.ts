/**
 * An agent between its systemd and its manager: one session at a time in, one bus underneath. It does not know
 * how either is reached, so that a thousand of them can run in one process against a fake systemd.
 */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import { protocolMax, protocolMin } from '@hecate/proto/core/limits.ts';
import {
  createHello,
  type Hello,
  type OperationOutcome,
  type Welcome,
} from '@hecate/proto/generated/wire.ts';
import type { IncomingRequest, Session } from '@hecate/proto/io/session-host.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import { type LogLevel, logLevels, parseLogLevel } from '../core/log-level.ts';
import { whyEpochRefused } from '../core/operation-refusal.ts';
import type { Policy } from '../core/policy.ts';
import type { SystemdPort } from '../core/systemd-port.ts';
import type { ArmedOrderStore } from './armed-order-file.ts';
import { DeadManRunner } from './dead-man-runner.ts';
import type { EpochStore } from './epoch-file.ts';
import type { CommandRequest, OutputSink, RunningCommand } from './exec-command.ts';
import type { Logger } from './logger.ts';
import type { OperationJournal } from './operation-journal.ts';
import { OperationRunner } from './operation-runner.ts';
import { answerQuery } from './queries.ts';
import type { UnitLogs } from './unit-logs.ts';
import { askUnitNames } from './unit-names.ts';
import { UnitStreamRunner } from './unit-stream-runner.ts';

export interface AgentOptions {
  readonly nodeName: string;
  readonly bootId: string;
  readonly softwareVersion: string;
  readonly ownUnit: string;
  readonly policy: Policy;
  readonly journal: OperationJournal;
  readonly epoch: EpochStore;
  readonly armedOrder: ArmedOrderStore;
  readonly logs: UnitLogs;
  readonly runCommand: (request: CommandRequest, systemd: SystemdPort, sink: OutputSink) => RunningCommand;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long a manager may take to acknowledge outcomes. */
const reportTimeLimitMs = 10_000;
/** For log lines that come with a failure: the caller waits for them. */
const logTailTimeLimitMs = 2000;

export class Agent {
  readonly #options: AgentOptions;
  readonly #operations: OperationRunner;
  readonly #deadMan: DeadManRunner;
  readonly #units: UnitStreamRunner;
  #systemd: SystemdPort | undefined;
  #session: Session | undefined;

  constructor(options: AgentOptions) {
    const { journal, clock, log, bootId, ownUnit, policy, epoch, runCommand } = options;
    this.#options = options;
    this.#units = new UnitStreamRunner(clock, log);
    this.#operations = new OperationRunner({
      nodeName: options.nodeName,
      journal,
      clock,
      log,
      bootId,
      ownUnit,
      policy,
      highestEpoch: epoch.highest,
      logTail: (unit, lines) => this.#logTail(unit, lines),
      runCommand,
    });
    this.#deadMan = new DeadManRunner({
      nodeName: options.nodeName,
      store: options.armedOrder,
      clock,
      log,
      bootId,
      ownUnit,
      policy,
      highestEpoch: this.highestEpoch,
      apply: (operation) => this.#operations.applyOwn(operation),
      unitNames: (unit) => askUnitNames(this.#systemd, unit),
    });
  }

  get highestEpoch(): number {
    return Math.max(this.#options.epoch.highest, this.#operations.highestEpoch);
  }

  /** Whether an operation runs, or a manager waits for an answer. */
  get isBusy(): boolean {
    return this.#operations.runningCount > 0 || this.#operations.waitingCount > 0;
  }

  get policy(): Policy {
    return this.#operations.policy;
  }

  hello(): Hello {
    const { nodeName, bootId, softwareVersion, clock, ownUnit } = this.#options;
    return createHello({
      peerKind: 'agent',
      name: nodeName,
      bootId,
      softwareVersion,
      protocolMin,
      protocolMax,
      highestEpoch: this.highestEpoch,
      clockMs: Math.floor(clock.bootTimeMs()),
      wallClockMs: Math.floor(clock.wallMs()),
      ownUnit,
      carriedOutRunId: this.#deadMan.carriedOutRunId,
      armedRunId: this.#deadMan.armedRunId,
    });
  }

  // ── The bus underneath ──

  busConnected(systemd: SystemdPort): void {
    this.#systemd = systemd;
    this.#operations.busConnected(systemd);
    this.#units.busConnected(systemd);
    this.#deadMan.busChanged(true);
  }

  busLost(reason: string): void {
    if (!this.#systemd) return;
    this.#systemd = undefined;
    this.#operations.busLost();
    this.#units.busLost(reason);
    this.#deadMan.busChanged(false);
  }

  // ── The session above ──

  /**
   * The epoch is durable before anything of it counts (I6).
   * @throws HEC_EPOCH when no manager can have reached it; HEC_STATE when it cannot be written
   */
  async sessionOpened(session: Session, welcome: Welcome): Promise<void> {
    // One of the past may still look; its operations are refused.
    const refusal = whyEpochRefused(this.highestEpoch, Math.max(this.highestEpoch, welcome.epoch));
    if (refusal) throw new HecateError(refusal.code, refusal.message, refusal.remedy);
    this.#session = session;
    this.#units.sessionOpened(session);
    // Only the newest manager's holds an order back: one of the past cannot withdraw it.
    this.#deadMan.sessionChanged(welcome.epoch >= this.highestEpoch);
    await this.#raiseEpoch(welcome.epoch);
    if (this.#session !== session) return;
    this.#operations.sessionOpened((outcomes) => report(session, outcomes), welcome.wallClockMs);
  }

  sessionClosed(session: Session): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#units.sessionClosed();
    this.#operations.sessionClosed();
    this.#deadMan.sessionChanged(false);
  }

  drained(): void {
    this.#units.drained();
  }

  /** Answers one request of the manager. @throws HecateError, which becomes the response's failure */
  serve(request: IncomingRequest): Promise<Outcome> {
    const { method } = request;
    switch (method.case) {
      case 'apply':
        return this.#operations.apply(request, method.value);
      case 'resolveOperations':
        return this.#operations.resolve(request, method.value);
      case 'query':
        return answerQuery(
          {
            systemd: () => this.#systemd,
            logs: this.#options.logs,
            policy: () => this.#operations.policy,
            ownUnit: this.#options.ownUnit,
            armed: () => this.#deadMan.summary,
            clock: this.#options.clock,
            softwareVersion: this.#options.softwareVersion,
          },
          request,
          method.value,
        );
      case 'armShutdown':
        return this.#heed(method.value.epoch).then(() => this.#deadMan.arm(method.value));
      case 'disarmShutdown':
        return this.#heed(method.value.epoch).then(() => this.#deadMan.disarm(method.value));
      case 'setAgentLogLevel':
        return Promise.resolve(this.#setLogLevel(method.value.level));
      default:
        return Promise.reject(new HecateError('HEC_UNSUPPORTED', `an agent does not answer ${method.case}`));
    }
  }

  setPolicy(policy: Policy): void {
    this.#operations.setPolicy(policy);
    this.#deadMan.setPolicy(policy);
  }

  async close(): Promise<void> {
    this.#units.close();
    this.#deadMan.close();
    await this.#operations.close();
  }

  async #raiseEpoch(epoch: number): Promise<void> {
    await this.#options.epoch.raise(epoch);
    this.#operations.raiseEpoch(epoch);
    this.#deadMan.raiseEpoch(epoch);
  }

  /** A higher epoch is durable before an order of it counts (I6); what is refused is refused behind this. */
  async #heed(epoch: number): Promise<void> {
    if (!whyEpochRefused(this.highestEpoch, epoch)) await this.#raiseEpoch(epoch);
  }

  #setLogLevel(text: string): Outcome {
    const { log } = this.#options;
    const level: LogLevel | undefined = text === '' ? log.level : parseLogLevel(text);
    if (!level)
      throw new HecateError(
        'HEC_USAGE',
        `${JSON.stringify(text.slice(0, 40))} is not a log level`,
        `it is one of ${logLevels.join(', ')}`,
      );
    const before = log.setLevel(level);
    return { case: 'logLevel', value: { before, after: level } };
  }

  async #logTail(unit: string, lines: number): Promise<string[]> {
    try {
      return await this.#options.logs.tail(unit, Math.min(lines, 1000), logTailTimeLimitMs);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#options.log.debug('the log lines of a failed unit cannot be read', { unit, why });
      return [];
    }
  }
}

async function report(session: Session, outcomes: OperationOutcome[]): Promise<void> {
  await session.call({ case: 'reportOutcomes', value: { outcomes } }, { timeLimitMs: reportTimeLimitMs });
}
