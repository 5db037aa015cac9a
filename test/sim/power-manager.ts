/**
 * Power of one life of a simulated manager: the production plans, scopes and budgets (site-shutdown.ts), and what
 * manager/src/power/power-service.ts does with them.
 */
import { asHecateError, type ErrorCode, HecateError } from '@hecate/proto/core/errors.ts';
import { makeOpId } from '@hecate/proto/core/names.ts';
import type { ManagerConfig } from '../../manager/src/config/manager-config.ts';
import { judgeSiteStartup, type SiteStartup } from '../../manager/src/core/power/site/site-startup.ts';
import { feedsOf, minFeedsOf } from '../../manager/src/core/power/site/topology.ts';
import { type UpsConfig, upsConfig } from '../../manager/src/core/power/ups/ups-config.ts';
import { thresholdFor } from '../../manager/src/core/power/ups/ups-estimate.ts';
import type { UpsEffect } from '../../manager/src/core/power/ups/ups-state.ts';
import { learnt } from '../../manager/src/core/runs/budget.ts';
import { isActive } from '../../manager/src/core/runs/plan-walk.ts';
import type { RunId, RunRequest, RunState } from '../../manager/src/core/runs/run.ts';
import { runReport } from '../../manager/src/core/runs/run-report.ts';
import { runsStep } from '../../manager/src/core/runs/runs.ts';
import type { ForwardReceiver } from '../../manager/src/power/forward-receiver.ts';
import type { ForwardService } from '../../manager/src/power/forward-service.ts';
import { SiteReturn } from '../../manager/src/power/site-return.ts';
import { type SiteBudget, SiteShutdown } from '../../manager/src/power/site-shutdown.ts';
import { startupHindrance } from '../../manager/src/power/startup-hindrance.ts';
import type { TriggerEffect, TriggeredRunPorts } from '../../manager/src/power/triggered-run.ts';
import type { AcceptedRun } from '../../manager/src/runs/run-runner.ts';
import { RunWatchers } from '../../manager/src/runs/run-watchers.ts';
import { type Neighbour, simulatedForwards } from './forward-manager.ts';
import { ManagerUps } from './power-manager-ups.ts';
import type { Telemetry } from './power-telemetry.ts';
import { intentAgeMaxMs, type SimulatedManager } from './runs-manager.ts';
import { historyEntry, type PowerRecords } from './runs-manager-disk.ts';
import type { ManagerAnswer } from './runs-manager-tickets.ts';
import type { SimulationWorld } from './runs-world.ts';

/** What is learnt, and whether the site is up again, is looked at with a look at a UPS, so long after the last time. */
const lookAroundMs = 5000;

export interface PowerOfManagerPorts {
  readonly world: SimulationWorld;
  readonly manager: SimulatedManager;
  readonly telemetries: readonly Telemetry[];
  config(): ManagerConfig;
  readonly neighbour: Neighbour | undefined;
  onEffect(ups: ManagerUps, effect: UpsEffect): void;
  onLook(ups: ManagerUps): void;
  /** A UPS takes back what it has asked for. */
  onAbort(runId: RunId): void;
  stir(): void;
}

export class PowerOfManager {
  readonly upses: readonly ManagerUps[];
  readonly forwards: ForwardService;
  readonly #ports: PowerOfManagerPorts;
  readonly #shutdown: SiteShutdown;
  readonly #watchers = new RunWatchers();
  readonly #return: SiteReturn;
  readonly #runs: TriggeredRunPorts['runs'];
  readonly #history: SimulatedManager['files']['history'];
  #records: PowerRecords;
  #budget: SiteBudget;
  #knownRuns: number;
  #lastStartup: string;
  #lookedAtMs: number;
  #resumed: ReadonlySet<RunId> = new Set();
  #shownRuns: ReadonlySet<RunId> = new Set();

  constructor(ports: PowerOfManagerPorts) {
    const { manager, telemetries, world, config } = ports;
    this.#ports = ports;
    this.#records = manager.files.power.content ?? {};
    this.#history = new Map(manager.files.history);
    this.#runs = this.#runsPort();
    this.#shutdown = new SiteShutdown({
      config,
      history: () => this.#past(),
      learnt: (plan) => learnt(this.#past(), plan),
      newRunId: () => newRunId(world),
      wallMs: () => world.wallMs(),
      isOnline: (node) => manager.calls.connections.has(node),
    });
    this.#knownRuns = this.#history.size;
    this.#budget = this.#shutdown.budget();
    this.#lastStartup = this.#newestStartup();
    this.#lookedAtMs = manager.host.clockMs();
    this.forwards = this.#makeForwards();
    this.upses = telemetries.map((telemetry) => this.#watch(telemetry));
    this.#return = new SiteReturn({
      upses: this.upses.map((ups) => ups.returning),
      runs: this.#runs,
      history: () => this.#past(),
      startup: () => this.startup(),
      starting: (reason, triggerId) => this.#shutdown.starting(reason, triggerId),
      nowMs: () => manager.host.clockMs(),
      onWait: (sentence) => world.log(`the site is not started yet: ${sentence}`),
    });
  }

  get budget(): SiteBudget {
    return this.#budget;
  }

  #makeForwards(): ForwardService {
    return simulatedForwards({
      ...this.#ports,
      runs: this.#runs,
      shutdown: this.#shutdown,
      upses: () => this.upses,
      budgetMs: () => this.#budget.budgetMs,
      whyDown: () => this.#wanting && `${this.#wanting} has asked for a shutdown`,
      isWanted: (by, runId) => this.#isWanted(by, runId),
      onBudget: () => this.#tellBudget(),
    });
  }

  get #wanting(): string | undefined {
    const ups = this.upses.find(({ state }) => state.trigger !== undefined);
    return ups?.name ?? this.forwards.desk.wanting;
  }

  #isWanted(by: ManagerUps | ForwardReceiver, runId: RunId): boolean {
    if (this.#ports.world.mutation.takesBackWanted) return false;
    return this.upses.some((ups) => ups !== by && ups.wants(runId)) || this.forwards.desk.wants(runId, by);
  }

  /** Of what its UPSes ask for: where that is carried out elsewhere, it takes as long as it takes there. */
  get #decisionBudgetMs(): number {
    return this.forwards.link?.budgetMs ?? this.#budget.budgetMs;
  }

  #tellBudget(): void {
    for (const ups of this.upses) ups.input({ type: 'budget', budgetMs: this.#decisionBudgetMs });
  }

  #past() {
    return [...this.#history.values()].map(({ past }) => past);
  }

  #watch(telemetry: Telemetry): ManagerUps {
    const { manager, world, onEffect, onLook, stir } = this.#ports;
    const { name } = telemetry.ups;
    return new ManagerUps(this.#decisionBudgetMs, {
      manager,
      telemetry,
      mutation: world.mutation,
      kept: this.#records[name],
      runs: this.#runs,
      config: () => this.upsConfig(name),
      put: (record, done) => {
        this.#records = { ...this.#records, [name]: record };
        if (world.mutation.forgetsPower) manager.process.later(1, done);
        else manager.files.power.put(this.#records, () => manager.process.run(done));
      },
      makeRequest: (ups, trigger) =>
        this.forwards.link ? this.#wholeRequest(trigger) : this.#makeRequest(ups, trigger),
      isWanted: (by, runId) => this.#isWanted(by, runId),
      forwards: this.forwards,
      ownBudgetMs: () => this.#budget.budgetMs,
      restore: (ups) => this.#restore(ups),
      onLook: (ups) => {
        this.#lookAround();
        onLook(ups);
      },
      onEffect,
      onTrouble: (ups, error) => {
        world.log(`${ups.name} is refused: ${error.message}`);
        world.sometimes(`trigger refused ${error.code}`);
        // A fault of our own is none of the disk's, nor of the plan's.
        if (error.code === 'HEC_INTERNAL') throw error;
      },
      onAlert: (ups, key, alert) => {
        world.log(`${ups.name} ${key}: ${alert?.sentence ?? 'over'}`);
        if (alert) world.sometimes(`alert ${key}`);
      },
      stir,
      guard: (work) => {
        try {
          work();
        } catch (thrown) {
          world.failure ??= asHecateError(thrown);
        }
      },
    });
  }

  upsConfig(name: string): UpsConfig {
    const { power } = this.#ports.config();
    const { mutation } = this.#ports.world;
    const config = upsConfig(name, {
      runtimeSafetyFactor: power.runtimeSafetyFactor,
      pollIntervalMs: power.pollIntervalMs,
      debouncePolls: power.debouncePolls,
      forwardingLatencyMs: Math.max(power.forwardingLatencyMs, power.forward?.acknowledgeWithinMs ?? 0),
      onBatteryTimerMs: power.onBatteryLimitMs,
      blindLimitMs: power.silenceLimitMs,
      remainingMs: this.#shutdown.remainingMs(name, this.#budget.budgetMs),
    });
    return mutation.upsConfig?.(config) ?? config;
  }

  start(): void {
    this.#resumed = new Set(this.#runs.active().map(({ request }) => request.runId));
    for (const ups of this.upses) ups.start();
    this.forwards.start();
  }

  close(): void {
    for (const ups of this.upses) ups.close();
    // All at once: nobody waits for a process that is killed.
    void this.forwards.close();
    void this.forwards.desk.close();
  }

  // ── Runs, as run-service.ts gives them ──

  #runsPort(): TriggeredRunPorts['runs'] {
    const { manager, stir, onAbort } = this.#ports;
    const answered =
      (resolve: (accepted: AcceptedRun) => void, reject: (error: Error) => void) =>
      (answer: ManagerAnswer) => {
        stir();
        if (answer.type === 'refuse') {
          const { code, message, remedy } = answer.refusal;
          reject(new HecateError(code as ErrorCode, message, remedy));
        } else if (answer.type === 'answer-request') resolve(answer);
        else resolve({ runId: answer.runId, isJoined: false, preempted: [] });
      };
    return {
      watchers: this.#watchers,
      request: (request, isOverridden) =>
        new Promise((resolve, reject) => manager.request(request, isOverridden, answered(resolve, reject))),
      abort: async (runId, by, reason) => {
        onAbort(runId);
        await new Promise<AcceptedRun>((resolve, reject) =>
          manager.abort(runId, by, reason, answered(resolve, reject)),
        );
      },
      report: (runId) => {
        const run = manager.shown?.runs.get(runId);
        if (run) return runReport(run, manager.host.clockMs());
        const past = this.#history.get(runId);
        if (past) return past.report;
        throw new HecateError('HEC_NO_SUCH_RUN', `no run ${runId} is remembered`, 'look');
      },
      active: () => [...(manager.shown?.runs.values() ?? [])].filter(isActive),
    };
  }

  runsSettled(): void {
    this.#ports.stir();
    const now = new Set(this.#ports.manager.shown?.runs.keys());
    for (const runId of new Set([...this.#shownRuns, ...now])) this.#watchers.change(runId);
    this.#shownRuns = now;
  }

  runEnded(run: RunState): void {
    const { runId } = run.request;
    this.#history.set(runId, historyEntry(run, this.#ports.manager.host.clockMs()));
    this.#ports.stir();
    this.#watchers.change(runId);
  }

  // ── As power-service.ts ──

  #lookAround(): void {
    const { manager, config, stir } = this.#ports;
    const nowMs = manager.host.clockMs();
    if (nowMs - this.#lookedAtMs < lookAroundMs) return;
    this.#lookedAtMs = nowMs;
    if (config().power.coordinator === 'stays-up') {
      stir();
      this.#return.look();
    }
    // Nothing but runs teaches anything.
    if (this.#history.size === this.#knownRuns) return;
    this.#knownRuns = this.#history.size;
    const before = this.#budget;
    this.#budget = this.#shutdown.budget();
    if (this.#budget.budgetMs !== before.budgetMs) this.#tellBudget();
    const newest = this.#newestStartup();
    if (newest === this.#lastStartup) return;
    this.#lastStartup = newest;
    for (const ups of this.upses) ups.input({ type: 'recovered' });
  }

  #newestStartup(): string {
    return this.#past()
      .filter(({ kind, outcome }) => kind === 'startup' && (outcome === 'done' || outcome === 'degraded'))
      .reduce((newest, { id }) => (id > newest ? id : newest), '');
  }

  #wholeRequest({ sentence, triggerId, timeLimitMs }: TriggerEffect): RunRequest {
    return this.#shutdown.whole(sentence, triggerId, timeLimitMs);
  }

  #makeRequest(ups: ManagerUps, { triggerId, sentence }: TriggerEffect): RunRequest | undefined {
    const { world } = this.#ports;
    const given = this.upses.flatMap((each): [string, number][] => {
      const leftMs = each.supplyMs();
      return leftMs === undefined ? [] : [[each.name, leftMs]];
    });
    const namesOf = (is: (each: ManagerUps) => boolean) =>
      new Set(this.upses.filter(is).map(({ name }) => name));
    const gone = namesOf((each) => each.isDark);
    const spent = namesOf((each) => each.isSpent);
    const triggered = new Set(given.map(([name]) => name));
    const request = this.#shutdown.request(Object.fromEntries(given), gone, sentence, triggerId, spent);
    const isSpared = request === undefined && (ups.isSpent || this.#shutdown.isSpared(triggered));
    if (isSpared) world.sometimes('spared');
    if (request === undefined && !isSpared) ups.input({ type: 'run', triggerId, event: 'ended' });
    return request && (world.mutation.powerRequest?.(request) ?? request);
  }

  #restore(ups: ManagerUps): void {
    const { world, stir } = this.#ports;
    stir();
    const other = this.#wanting;
    if (other) world.sometimes('not restored for another UPS');
    const asked = other ? Promise.resolve() : this.#requestRestore(ups);
    void asked.then(
      () => void ups.restored(),
      (thrown) => {
        world.log(`nothing is restored: ${asHecateError(thrown).message}`);
        world.sometimes('restore refused');
        void ups.restored();
      },
    );
  }

  async #requestRestore(ups: ManagerUps): Promise<void> {
    const triggerId = `taken-back:${ups.run?.runId ?? ''}`;
    await this.#runs.request(this.#shutdown.restoring(ups.takenBack ?? '', triggerId), false);
    this.#ports.world.sometimes('restored');
  }

  // ── As hecatectl bootstrap asks ──

  startup(): SiteStartup {
    const { manager, config } = this.#ports;
    const names = this.upses.map(({ name }) => name);
    const hindrance = startupHindrance(
      { active: this.#runs.active, wouldRefuse: (request) => this.#wouldRefuse(request) },
      () => this.#shutdown.starting(),
      this.#resumed,
    );
    const elsewhere = hindrance.refusal === '' ? this.forwards.hindrance() : '';
    return judgeSiteStartup({
      upses: this.upses.map(({ name, state }) => ({
        state,
        threshold: thresholdFor(state, this.upsConfig(name)),
      })),
      nodes: config().inventory.nodes.map((node) => ({
        node: node.name,
        feeds: feedsOf(node, names),
        minFeeds: minFeedsOf(node, names),
      })),
      stableMainsMs: config().power.stableMainsMs,
      startupChargePercent: config().power.startupChargePercent,
      ...(elsewhere === '' ? hindrance : { refusal: elsewhere, isRefusalPassing: true }),
      nowMs: manager.host.clockMs(),
    });
  }

  #wouldRefuse(request: RunRequest): string {
    const { manager, world } = this.#ports;
    if (!manager.state) return 'the manager is down';
    const input = { type: 'request', ticket: 0, request, isIntentOverridden: false, intentAgeMaxMs } as const;
    const at = { nowMs: manager.host.clockMs(), wallMs: world.wallMs() };
    const refused = runsStep(manager.state, input, at).effects.find((effect) => effect.type === 'refuse');
    return refused ? refused.refusal.message : '';
  }

  /** The run that bootstrap, or an operator, asks for. */
  startupRequest(requestedBy: string): RunRequest {
    return { ...this.#shutdown.starting(), reason: requestedBy, requestedBy };
  }
}

function newRunId(world: SimulationWorld): RunId {
  const random = Uint8Array.from({ length: 10 }, () => Math.floor(world.random() * 256));
  return makeOpId(world.wallMs(), random) as string as RunId;
}
