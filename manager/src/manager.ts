/** The manager, put together: who calls whom is decided here, what is decided is decided in core/. */
import { join } from 'node:path';
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import { makeOpId, type NodeName, type OpId } from '@hecate/proto/core/names.ts';
import { createMonitorEvent, type OperationOutcome } from '@hecate/proto/generated/wire.ts';
import type { IncomingRequest } from '@hecate/proto/io/session-host.ts';
import { readBootId, systemClock } from '@hecate/proto/io/system-clock.ts';
import type { ManagerConfig } from './config/manager-config.ts';
import type { FleetNode } from './core/fleet.ts';
import type { OperationRequest } from './core/operations.ts';
import { noTroubles, type TroubleSource, withTrouble } from './core/troubles.ts';
import { nodeSnapshots } from './fleet-snapshot.ts';
import { FleetStore } from './fleet-store.ts';
import type { AuditLog } from './io/audit-log.ts';
import type { ManagerLogger } from './io/logger.ts';
import { createMetrics, type FleetSnapshot, type ManagerMetrics } from './io/metrics.ts';
import { takeRandomBytes } from './io/random-store.ts';
import type { StateDirectory } from './io/state-directory.ts';
import { Listeners } from './listeners.ts';
import { auditEntryOf } from './operation-audit.ts';
import { OperationHistory } from './operation-history.ts';
import { OperationJournal } from './operation-journal.ts';
import { OperationRunner } from './operation-runner.ts';
import { ForwardFile } from './power/forward-file.ts';
import { PowerFile } from './power/power-file.ts';
import { PowerService } from './power/power-service.ts';
import { RefusalLog } from './refusal-log.ts';
import type { RequestContext } from './requests/context.ts';
import { currentHealth } from './requests/observe.ts';
import { nodeOutcome } from './requests/operate.ts';
import { openRunFiles, type RunFiles } from './runs/run-files.ts';
import { RunService } from './runs/run-service.ts';
import { answerAgent } from './sessions/agent-session.ts';
import { answerOperator } from './sessions/operator-session.ts';
import { answerPeer } from './sessions/peer-session.ts';
import { SessionDesk } from './sessions/session-desk.ts';
import { TrustService } from './trust-service.ts';

export interface ManagerParts {
  readonly config: ManagerConfig;
  readonly state: StateDirectory;
  readonly audit: AuditLog;
  readonly logger: ManagerLogger;
  readonly softwareVersion: string;
}

/**
 * How often certificates are looked at: the server's own for renewal, sessions' for their end. A twentieth of their
 * lifetime is soon enough for a renewal after two thirds of it.
 */
const certificateCheckIntervalMs = { min: 250, max: 30_000 };

export class Manager {
  readonly metrics: ManagerMetrics;
  #config: ManagerConfig;
  readonly #parts: ManagerParts;
  readonly #clock = systemClock;
  readonly #startedAtMs = systemClock.nowMs();
  readonly #fleet = new FleetStore();
  readonly #trust: TrustService;
  readonly #desk: SessionDesk;
  readonly #listeners: Listeners;
  readonly #journal: OperationJournal;
  readonly #operations: OperationRunner;
  readonly #context: RequestContext;
  readonly #refusals: RefusalLog;
  readonly #runs: RunService;
  readonly #power: PowerService;
  #certificateTimer: NodeJS.Timeout;
  #allowed: ReadonlySet<string> = new Set();
  #troubles = noTroubles;

  /** Opens the journal, then every listener. @throws HecateError when one of them cannot be opened */
  static async start(parts: ManagerParts): Promise<Manager> {
    const opened = await OperationJournal.open(parts.state.journalPath('operations'));
    const runs = await openRunFiles(parts.state, readBootId());
    const power = await PowerFile.open(join(parts.state.path, 'power.json'), parts.state.reserve);
    const forwards = await ForwardFile.open(join(parts.state.path, 'forwards.json'), parts.state.reserve);
    const manager = new Manager(parts, opened, runs, power, forwards);
    manager.#allow();
    await manager.#listeners.open(parts.config);
    manager.#runs.start();
    manager.#power.start();
    return manager;
  }

  private constructor(
    parts: ManagerParts,
    opened: Awaited<ReturnType<typeof OperationJournal.open>>,
    runFiles: RunFiles,
    powerFile: PowerFile,
    forwardFile: ForwardFile,
  ) {
    const { config, state, softwareVersion } = parts;
    this.#parts = parts;
    this.#config = config;
    this.#journal = opened.journal;
    this.#trust = new TrustService(
      state.path,
      () => this.#config,
      this.#clock.wallMs,
      (trouble) => this.#note('trust', trouble),
    );
    this.metrics = createMetrics(
      () => this.#snapshot(),
      softwareVersion,
      () => parts.audit.failures,
    );
    const history = new OperationHistory();
    for (const past of opened.past) history.add(past);
    this.#operations = new OperationRunner(
      {
        clock: this.#clock,
        journal: opened.journal,
        history,
        epoch: state.epoch,
        sessionOf: (node) => this.#desk.sessionOf(node),
        onOutcome: (request, outcome, isLate) => this.#onOutcome(request, outcome, isLate),
        onJournal: (trouble) => this.#note('journal', trouble),
        onRunning: (opId) => this.#runs.onRunning(opId),
      },
      opened.open,
    );
    this.#runs = this.#makeRuns(runFiles);
    this.#power = this.#makePower(powerFile, forwardFile, runFiles);
    this.#refusals = new RefusalLog({ logger: parts.logger, audit: parts.audit, clock: this.#clock });
    this.#desk = this.#makeDesk();
    this.#fleet.replaceSession = (sessionId) => this.#desk.replace(sessionId);
    this.#fleet.endSession = (sessionId, message) => this.#desk.endBusy(sessionId, message);
    this.#listeners = new Listeners({
      trust: this.#trust,
      welcome: (transport, prove) => this.#desk.welcome(transport, prove),
      onRejected: (remote, reason) => this.#onRejected(remote, reason),
    });
    this.#context = this.#makeContext();
    this.#certificateTimer = this.#armCertificateCheck();
    state.reserve.onChange = (trouble) => this.#note('reserve', trouble);
    this.#note('reserve', state.reserve.trouble);
  }

  #makeRuns(files: RunFiles): RunService {
    const { state, audit, logger } = this.#parts;
    return new RunService({
      clock: this.#clock,
      epoch: state.epoch,
      fleet: this.#fleet,
      operations: this.#operations,
      files,
      audit,
      logger,
      metrics: this.metrics,
      config: () => this.#config,
      sessionOf: (node) => this.#desk.sessionOf(node),
      newOpId: () => this.#newOpId(),
      beforePowerOff: (run, node, timeLimitMs) => this.#power.beforePowerOff(run, node, timeLimitMs),
      onTrouble: (trouble) => this.#note('runs', trouble),
    });
  }

  #makePower(file: PowerFile, forwardFile: ForwardFile, { history }: RunFiles): PowerService {
    return new PowerService({
      clock: this.#clock,
      bootId: readBootId(),
      file,
      forwardFile,
      softwareVersion: this.#parts.softwareVersion,
      peers: () => this.#trust.peers(),
      revokedPeers: () => this.#trust.revokedPeers(),
      runs: this.#runs,
      logger: this.#parts.logger,
      config: () => this.#config,
      history: () => history.all().map(({ past }) => past),
      newOpId: () => this.#newOpId(),
      isOnline: (node) => this.#fleet.state.nodes.get(node)?.connection === 'online',
      onTrouble: (trouble) => this.#note('power', trouble),
    });
  }

  #makeDesk(): SessionDesk {
    const { state, softwareVersion } = this.#parts;
    return new SessionDesk({
      clock: this.#clock,
      epoch: state.epoch,
      softwareVersion,
      site: () => this.#config.site,
      heartbeatIntervalMs: () => this.#config.heartbeatIntervalMs,
      allowedNodes: () => this.#allowed,
      isStillGood: (peer) => this.#trust.isStillGood(peer),
      onAgent: (node, sessionId, hello, address, takesOver) => {
        this.#fleet.apply({
          type: 'connected',
          node,
          sessionId,
          hello,
          address,
          wallMs: this.#clock.wallMs(),
          takesOver,
        });
        const what = takesOver ? 'a newer session of the node took over' : 'node online';
        this.#parts.logger.info({ node, address, agentVersion: hello.softwareVersion }, what);
        if (!takesOver) this.#operations.nodeOnline(node);
        this.#runs.nodeOnline(node, address, hello);
      },
      onAgentGone: (node, sessionId, reason, silentForMs) => {
        const wallMs = Math.round(this.#clock.wallMs() - silentForMs);
        this.#fleet.apply({ type: 'disconnected', node, sessionId, reason, wallMs });
        const isElsewhere = this.#desk.sessionOf(node) !== undefined;
        this.#parts.logger[isElsewhere ? 'info' : 'warn']({ node, reason }, 'session of a node ended');
      },
      onNotice: (node, sessionId, notice) =>
        this.#fleet.apply({ type: 'notice', node, sessionId, notice, wallMs: this.#clock.wallMs() }),
      answerAgent: (node, peer, request) =>
        answerAgent(request, { node, peer, operations: this.#operations, trust: this.#trust }),
      answerOperator: (caller, request) => answerOperator(caller, request, this.#context),
      answerPeer: (caller, request) => answerPeer(caller, request, this.#context),
      onPeerGone: (name, sessionId) => this.#power.forwards.desk.gone(name, sessionId),
      answerJoiner: (claim, from, request) => this.#answerJoiner(claim, from, request),
      onRefused: (claim, from, { code, reason, message }, proven) => {
        this.metrics.connectionRefused(reason);
        const entry = { who: claim.name, from, what: 'connect', code, reason: message };
        this.#refusals.tell(entry, proven === undefined ? undefined : `${proven} ${reason}`);
      },
      onForeignEpoch: (epoch) => void this.#onForeignEpoch(epoch),
      latestOperationMs: () => this.#operations.latestOperationMs,
      onProtocolError: (remote, message) => {
        this.metrics.protocolError();
        this.#parts.logger.warn({ remote }, `a session broke the protocol: ${message}`);
      },
    });
  }

  #makeContext(): RequestContext {
    const { audit, state, logger, softwareVersion } = this.#parts;
    return {
      clock: this.#clock,
      fleet: this.#fleet,
      operations: this.#operations,
      runs: this.#runs,
      power: this.#power,
      trust: this.#trust,
      audit,
      startedAtMs: this.#startedAtMs,
      epoch: state.epoch,
      softwareVersion,
      config: () => this.#config,
      sessionOf: (node) => this.#desk.sessionOf(node),
      metricsText: () => this.metrics.text(),
      setLogLevel: (level) => logger.setLevel(level),
      highestForeignEpoch: () => state.highestForeignEpoch,
      troubles: () => withTrouble(this.#troubles, 'audit', audit.trouble),
      refusalsOf: (node) => this.#desk.refusals.of(node),
      refusalsOfStrangers: () => this.#desk.refusals.strangers,
      listening: () => this.#listeners.addresses,
      trustChanged: async () => {
        this.#allow();
        await this.#refreshListeners();
      },
      endSessionsOf: (kind, name) => this.#desk.endSessionsOf(kind, name, `${kind} ${name} was revoked`),
      newOpId: () => this.#newOpId(),
    };
  }

  /** The configuration was read again and what can change has changed. Nodes that are gone lose their session. */
  async reconfigure(config: ManagerConfig): Promise<void> {
    this.#config = config;
    this.#allow();
    this.#runs.configure();
    this.#power.configure();
    await this.#refreshListeners();
  }

  /** No operation is open, and no run is going on. */
  isIdle(): boolean {
    return this.#operations.openCount() === 0 && this.#runs.active().length === 0;
  }

  health() {
    return currentHealth(this.#context);
  }

  /** Tells every peer, waits for what is being written, and lets go of everything. */
  async stop(): Promise<void> {
    clearTimeout(this.#certificateTimer);
    this.#desk.close();
    await this.#listeners.close();
    await this.#power.close();
    await this.#runs.close();
    this.#operations.close();
    await this.#journal.close();
  }

  #allow(): void {
    const before = this.#allowed;
    const names = this.#trust.allowedNodes();
    this.#allowed = new Set<string>(names);
    this.#fleet.apply({ type: 'allowed', names });
    for (const name of before) {
      if (this.#allowed.has(name)) continue;
      this.#desk.endSessionsOf('node', name, `${name} is not a node of this site any more`);
      this.#operations.nodeRemoved(name as NodeName);
    }
  }

  async #answerJoiner(claim: string, from: string, request: IncomingRequest): Promise<Outcome> {
    const { method } = request;
    if (method.case !== 'join') throw new HecateError('HEC_PROTOCOL', `a joiner cannot ask ${method.case}`);
    const who = `token ${method.value.tokenId}`;
    try {
      const certificate = await this.#trust.join(method.value);
      this.#allow();
      this.#parts.audit.append({ who, from, what: 'join', outcome: 'done', subject: certificate.name });
      return { case: 'certificate', value: certificate };
    } catch (error) {
      const { code, message, remedy } = asHecateError(error);
      const reason = `${code}: ${message}`;
      this.#desk.refusals.add(claim, { atMs: this.#clock.wallMs(), address: from, reason, remedy });
      this.#refusals.tell({ who, from, what: 'join', code, reason: message }, undefined);
      throw error;
    }
  }

  #onOutcome(request: OperationRequest, outcome: OperationOutcome, isLate: boolean): void {
    const { node, verb } = request;
    if (isLate) this.metrics.operationResolved(verb, outcome.status);
    else this.metrics.operationEnded(verb, outcome.status, outcome.durationMs);
    this.#parts.audit.append(auditEntryOf(request, outcome, isLate));
    this.#runs.onOutcome(request.opId, outcome);
    const event = { case: 'outcome' as const, value: nodeOutcome(request, outcome) };
    this.#fleet.publish(createMonitorEvent({ atMs: this.#clock.wallMs(), node, event }));
  }

  /** @param error undefined: it works again */
  #note(source: TroubleSource, error: HecateError | undefined): void {
    const known = this.#troubles[source];
    this.#troubles = withTrouble(this.#troubles, source, error?.message);
    if (error && error.message !== known)
      this.#parts.logger.error({ code: error.code, source }, error.message);
  }

  /** What cannot be listened on is tried again with the next look at the certificates; health tells. */
  async #refreshListeners(): Promise<void> {
    await this.#listeners.refresh(this.#config).then(
      () => this.#note('listeners', undefined),
      (error) => this.#note('listeners', asHecateError(error)),
    );
  }

  async #onForeignEpoch(epoch: number): Promise<void> {
    this.#parts.logger.error({ epoch }, 'an agent has seen a newer manager: this one is refused from now on');
    await this.#parts.state.noteForeignEpoch(epoch).then(
      () => this.#note('epoch', undefined),
      (error) => this.#note('epoch', asHecateError(error, 'HEC_STATE')),
    );
  }

  #onRejected(remote: string, reason: string): void {
    this.metrics.connectionRefused('handshake');
    this.#desk.refusals.add('', { atMs: this.#clock.wallMs(), address: remote, reason, remedy: '' });
    this.#parts.logger.debug({ remote, reason }, 'a connection did not get as far as a session');
  }

  #armCertificateCheck(): NodeJS.Timeout {
    const { min, max } = certificateCheckIntervalMs;
    const delayMs = Math.min(max, Math.max(min, this.#config.trust.certificateLifetimeMs / 20));
    return setTimeout(() => {
      void this.#checkCertificates();
      void this.#parts.state.reserve.restore();
      this.#certificateTimer = this.#armCertificateCheck();
    }, delayMs);
  }

  async #checkCertificates(): Promise<void> {
    if (!this.#trust.hasAuthority()) return;
    this.#desk.endExpired();
    await this.#refreshListeners();
  }

  #newOpId(): OpId {
    return makeOpId(this.#clock.wallMs(), takeRandomBytes(10));
  }

  #snapshot(): FleetSnapshot {
    const runsByKind: Record<string, number> = {};
    for (const { request } of this.#runs.active())
      runsByKind[request.plan.kind] = (runsByKind[request.plan.kind] ?? 0) + 1;
    return {
      nodes: nodeSnapshots(this.#fleet.state, (node) => this.#lastSeenMs(node)),
      sessionsByKind: this.#desk.countByKind(),
      epoch: this.#parts.state.epoch,
      runsByKind,
      power: this.#power.metrics(),
    };
  }

  #lastSeenMs(node: FleetNode): number {
    const session = this.#desk.sessionOf(node.name);
    return session ? this.#clock.wallMs() - session.silentForMs() : node.lastSeenMs;
  }
}
