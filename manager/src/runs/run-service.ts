/** Runs of a site, put together: the machine's runner, what carries its effects out, and what operators ask of it. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import {
  createRunSummary,
  type Hello,
  type MonitorEvent,
  type OperationOutcome,
  type RunReport,
  type RunSummary,
} from '@hecate/proto/generated/wire.ts';
import type { Session } from '@hecate/proto/io/session-host.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import type { ManagerConfig } from '../config/manager-config.ts';
import type { Plan } from '../core/plan/plan.ts';
import { hostOf } from '../core/remote-host.ts';
import { learnt } from '../core/runs/budget.ts';
import { pastRunOf } from '../core/runs/past-run.ts';
import { isActive } from '../core/runs/plan-walk.ts';
import type { RunId, RunRequest, RunState } from '../core/runs/run.ts';
import { runReport, runSummary } from '../core/runs/run-report.ts';
import type { FleetStore } from '../fleet-store.ts';
import { GateProbes } from '../io/gate-probes.ts';
import { runHook } from '../io/hook-runner.ts';
import { Notifier } from '../io/notifications.ts';
import type { HistoryEntry } from '../io/run-history-file.ts';
import { WakeCommands } from '../io/wake-commands.ts';
import { packetTargets, wake } from '../io/wake-on-lan.ts';
import type { OperationRunner } from '../operation-runner.ts';
import { DeadManLink } from './dead-man-link.ts';
import { fittingReport, fittingSummary } from './fitting-report.ts';
import type { RunFiles } from './run-files.ts';
import { RunOperations } from './run-operations.ts';
import { type AcceptedRun, RunRunner, type RunRunnerPorts } from './run-runner.ts';
import { RunTeller, type RunTellerPorts } from './run-teller.ts';
import { RunWatchers } from './run-watchers.ts';
import { StrayOrders } from './stray-orders.ts';
import { UnitIds } from './unit-ids.ts';

export interface RunServicePorts extends Pick<RunTellerPorts, 'logger' | 'audit' | 'metrics'> {
  readonly clock: Clock;
  readonly epoch: number;
  readonly fleet: FleetStore;
  readonly operations: OperationRunner;
  readonly files: RunFiles;
  config(): ManagerConfig;
  sessionOf(node: NodeName): Session | undefined;
  newOpId(): OpId;
  beforePowerOff: NonNullable<RunRunnerPorts['beforePowerOff']>;
  onTrouble(trouble: HecateError | undefined): void;
}

export class RunService {
  readonly watchers = new RunWatchers();
  readonly probes: GateProbes;
  readonly strayOrders: StrayOrders;
  readonly #ports: RunServicePorts;
  readonly #notifier: Notifier;
  readonly #operations: RunOperations;
  readonly #deadMan: DeadManLink;
  readonly #runner: RunRunner;
  readonly #teller: RunTeller;
  readonly #wakeCommands: WakeCommands;
  readonly #unwatch: () => void;
  /** Orders that could not be given, by run: told in its report until they are. */
  readonly #notArmed = new Map<RunId, Map<NodeName, string>>();

  constructor(ports: RunServicePorts) {
    this.#ports = ports;
    const { clock, fleet, operations, files, logger, config } = ports;
    this.#notifier = new Notifier({ onFailure: (message) => logger.warn(message), file: files.notices });
    this.#operations = new RunOperations({
      clock,
      fleet,
      operations,
      logLines: () => config().operations.logLines,
    });
    const unitIds = new UnitIds(ports.sessionOf);
    this.probes = new GateProbes({
      nodeOf: (node) => fleet.state.nodes.get(node),
      lastHostOf: (node) => files.lastHosts.get(node),
      unitIdOf: (node, unit, timeLimitMs) => unitIds.idOf(node, unit, timeLimitMs),
      execute: (node, argv, timeLimitMs) => this.#execute(node, argv, timeLimitMs),
    });
    this.#deadMan = this.#makeDeadManLink();
    this.#teller = new RunTeller({
      ...ports,
      notifier: this.#notifier,
      watchers: this.watchers,
      site: () => config().site,
      wallMs: () => clock.wallMs(),
      runOf: (runId) => this.#runner.runOf(runId),
    });
    this.#wakeCommands = new WakeCommands({
      nowMs: () => clock.bootTimeMs(),
      tell: (node, sentence) => logger.warn({ node }, sentence),
    });
    this.#runner = this.#makeRunner();
    this.strayOrders = this.#makeStrayOrders();
    this.#unwatch = fleet.watch({ onEvent: (event) => this.#notice(event) });
    this.configure();
  }

  #makeDeadManLink(): DeadManLink {
    const { clock, epoch, sessionOf } = this.#ports;
    return new DeadManLink({
      clock,
      epoch,
      sessionOf,
      onArmed: (runId, node, failure) => this.#onArmed(runId, node, failure),
      onNotWithdrawn: (runId, node, { message }) =>
        this.#teller.note(
          runId,
          'not-withdrawn',
          `the order of ${node} is not withdrawn yet: ${message}`,
          node,
        ),
    });
  }

  #makeStrayOrders(): StrayOrders {
    return new StrayOrders({
      standing: (runId, node) => {
        const run = this.#runner.runOf(runId);
        if (run && (isActive(run) || run.armed.includes(node))) return 'led';
        return run || this.#ports.files.history.get(runId) ? 'over' : 'unknown';
      },
      withdrawOnce: (runId, node) => this.#deadMan.withdrawOnce(runId, node),
      withdraw: (runId, node) => this.#deadMan.withdraw(runId, node),
      tell: (node, text) => this.#ports.logger.warn({ node }, text),
    });
  }

  #makeRunner(): RunRunner {
    const { clock, files, onTrouble } = this.#ports;
    return new RunRunner(
      {
        clock,
        journal: files.journal,
        intentPath: files.intentPath,
        operations: this.#operations,
        observe: (leaves, timeLimitMs) => this.probes.observe(leaves, timeLimitMs),
        runHook: (run, argv, timeLimitMs) => this.#runHook(run, argv, timeLimitMs),
        wake: (targets) => {
          void this.#wakeCommands.wake(targets);
          void wake(packetTargets(targets)).then((failures) => {
            for (const failure of failures) this.#ports.logger.warn(failure);
          });
        },
        beforePowerOff: (run, node, timeLimitMs) => this.#ports.beforePowerOff(run, node, timeLimitMs),
        arm: (runId, order) => void this.#deadMan.arm(runId, order),
        withdraw: (runId, node) => this.#deadMan.withdraw(runId, node),
        onEvent: (runId, event) => this.#teller.tell(runId, event),
        onChange: (runId) => this.watchers.change(runId),
        onEnded: (run) => this.#onEnded(run),
        onTrouble,
      },
      files.opened,
    );
  }

  /** Goes on with what the journal says was going on. */
  start(): void {
    this.#remember();
    this.#runner.start();
  }

  /** Nodes that are off were seen by a manager before this one. */
  #remember(): void {
    const { fleet, files } = this.#ports;
    for (const { name: node } of fleet.state.nodes.values()) {
      const wallMs = files.lastHosts.lastSeenMs(node);
      if (wallMs > 0) fleet.apply({ type: 'remembered', node, wallMs });
    }
  }

  /** The configuration was read again. */
  configure(): void {
    this.#notifier.configure(this.#ports.config().runs.notifications);
  }

  /**
   * @param address that its agent dialled from
   * @param hello of its session: whose order has powered its host off in an earlier boot, and whose it holds
   */
  nodeOnline(
    node: NodeName,
    address: string,
    { carriedOutRunId, armedRunId }: Pick<Hello, 'carriedOutRunId' | 'armedRunId'>,
  ): void {
    const host = hostOf(address).replace(/^\[|\]$/g, '');
    this.#ports.files.lastHosts.set(node, host, this.#ports.clock.wallMs());
    if (carriedOutRunId !== '') this.#hearCarriedOut(node, carriedOutRunId as RunId);
    // What is known of its order now may be on its way through the runner.
    void this.#runner.nodeOnline(node).then(() => this.strayOrders.hear(node, armedRunId as RunId | ''));
  }

  #hearCarriedOut(node: NodeName, runId: RunId): void {
    this.#operations.holdBack(node, this.#runner.orderCarriedOut(runId, node));
    if (this.#runner.runOf(runId)?.outcome !== undefined) return;
    this.#teller.note(runId, 'carried-out', `${node} has powered itself off by its dead man's order`, node);
  }

  onOutcome(opId: OpId, outcome: OperationOutcome): void {
    this.#operations.onOutcome(opId, outcome);
  }

  onRunning(opId: OpId): void {
    this.#operations.onRunning(opId);
  }

  /** @throws HecateError: refused by the take-over table, by an intent, by the disk */
  request(request: RunRequest, isIntentOverridden: boolean): Promise<AcceptedRun> {
    const { intentAgeMaxMs } = this.#ports.config().runs;
    return this.#runner.request(request, { isIntentOverridden, intentAgeMaxMs });
  }

  /** Why it would be refused as things are; empty: it would not. Asks the machine, and changes nothing. */
  wouldRefuse(request: RunRequest, isIntentOverridden: boolean): string {
    const { intentAgeMaxMs } = this.#ports.config().runs;
    return this.#runner.wouldRefuse(request, { isIntentOverridden, intentAgeMaxMs });
  }

  abort(runId: RunId, by: string, reason: string): Promise<void> {
    return this.#runner.abort(runId, by, reason);
  }

  learnt(plan: Plan) {
    return learnt(
      this.#ports.files.history.all().map(({ past }) => past),
      plan,
    );
  }

  /** A dry run: it was nowhere but here. */
  remember(entry: HistoryEntry): Promise<void> {
    return this.#ports.files.history.add({ ...entry, report: fittingReport(entry.report) });
  }

  /** Runs that are going on, oldest first. */
  active(): RunState[] {
    return [...this.#runner.state.runs.values()].filter(isActive);
  }

  /** Newest first. */
  summaries(max: number): RunSummary[] {
    const nowMs = this.#ports.clock.bootTimeMs();
    const going = this.active().map((run) => runSummary(run, nowMs));
    const ids = new Set(going.map(({ runId }) => runId));
    const past = this.#ports.files.history
      .all()
      .map(({ report }) => report.summary ?? createRunSummary())
      .filter(({ runId }) => !ids.has(runId));
    return [...past, ...going]
      .sort((a, b) => (a.runId < b.runId ? 1 : -1))
      .slice(0, max)
      .map(fittingSummary);
  }

  /**
   * @param prefix the first characters of an id, enough to tell it from others; empty: the newest
   * @throws HEC_NO_SUCH_RUN
   */
  find(prefix: string): RunId {
    const matching = this.matching(prefix);
    const found = prefix === '' ? matching.slice(0, 1) : matching;
    const [only] = found;
    if (only !== undefined && found.length === 1) return only;
    const message =
      found.length > 1
        ? `${found.length} runs begin with ${prefix}: ${found.slice(0, 5).join(', ')}`
        : prefix === ''
          ? 'there has been no run yet'
          : `no run ${prefix} is remembered`;
    throw new HecateError('HEC_NO_SUCH_RUN', message, 'hecatectl runs list');
  }

  /** Those that are remembered and begin so, newest first. */
  matching(prefix: string): RunId[] {
    const ids = this.summaries(Number.POSITIVE_INFINITY).map(({ runId }) => runId as RunId);
    return ids.filter((id) => id.startsWith(prefix.toUpperCase()));
  }

  /** @throws HEC_NO_SUCH_RUN */
  report(runId: RunId): RunReport {
    const run = this.#runner.state.runs.get(runId);
    if (run) return fittingReport(this.#withNotArmed(run, runReport(run, this.#ports.clock.bootTimeMs())));
    const past = this.#ports.files.history.get(runId);
    // It was written when the run ended. One whose orders are not all withdrawn is among the runs above until they are.
    if (past) return fittingReport({ ...past.report, armed: [] });
    throw new HecateError('HEC_NO_SUCH_RUN', `no run ${runId} is remembered`, 'hecatectl runs list');
  }

  isActive(runId: RunId): boolean {
    const run = this.#runner.state.runs.get(runId);
    return run !== undefined && isActive(run);
  }

  async close(): Promise<void> {
    this.#unwatch();
    this.#deadMan.close();
    await this.#runner.close();
    this.#operations.close();
    await this.#notifier.close();
    const { journal, history, lastHosts } = this.#ports.files;
    await Promise.all([journal.close(), history.close(), lastHosts.close()]);
  }

  /** At rest nobody is told: units change all day long. */
  #notice({ node, event, atMs }: MonitorEvent): void {
    if (event.case === 'connection' && event.value === 'offline')
      this.#ports.files.lastHosts.set(node, '', atMs);
    if (this.active().length === 0) return;
    if (event.case === 'unit') this.#runner.noticed(node as NodeName, event.value.name);
    else if (event.case === 'unitRemoved') this.#runner.noticed(node as NodeName, event.value);
    else if (event.case === 'connection') this.#runner.noticed(node as NodeName, undefined);
  }

  async #onEnded(run: RunState): Promise<void> {
    const past = pastRunOf(run);
    const isNews = this.#ports.files.history.get(past.id) === undefined;
    const report = fittingReport(this.#withNotArmed(run, runReport(run, this.#ports.clock.bootTimeMs())));
    this.#notArmed.delete(run.request.runId);
    if (isNews) this.#teller.ended(run, past.durationMs);
    // Before the history has it: what is in there is not told once more after a crash.
    await this.#notifier.kept();
    const written = this.#ports.files.history.add({ past, report });
    this.watchers.change(run.request.runId);
    await written;
  }

  #onArmed(runId: RunId, node: NodeName, failure: HecateError | undefined): void {
    const ofRun = this.#notArmed.get(runId) ?? new Map<NodeName, string>();
    if (failure) ofRun.set(node, failure.message);
    else ofRun.delete(node);
    const run = this.#runner.runOf(runId);
    if (run && isActive(run)) this.#notArmed.set(runId, ofRun);
    const text = failure
      ? `${node} could not be given its dead man's order: ${failure.message}`
      : `${node} holds its dead man's order`;
    this.#teller.note(runId, failure ? 'not-armed' : 'armed', text, node);
  }

  #withNotArmed(run: RunState, report: RunReport): RunReport {
    const ofRun = this.#notArmed.get(run.request.runId) ?? new Map<NodeName, string>();
    const told = [...ofRun].map(([node, why]) => `${node} holds no dead man's order: ${why}`);
    return { ...report, degradations: [...report.degradations, ...told] };
  }

  #runHook({ request }: RunState, argv: readonly string[], timeLimitMs: number) {
    const { runId, plan, reason } = request;
    const environment = {
      HECATE_RUN_ID: runId,
      HECATE_PLAN: plan.name,
      HECATE_MODE: plan.mode,
      HECATE_REASON: reason,
    };
    const onLine = (line: string) => this.#teller.note(runId, 'hook-output', `${argv[0]}: ${line}`);
    return runHook(argv, { timeLimitMs, environment, onLine });
  }

  #execute(node: NodeName, argv: readonly string[], timeLimitMs: number): Promise<OperationOutcome> {
    return this.#operations.execute(this.#ports.newOpId(), node, argv, timeLimitMs);
  }
}
