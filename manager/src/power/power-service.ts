/** Power of a site, put together: UPSes are watched, each has its decision, and what they decide becomes runs. */
import { asHecateError, type HecateError } from '@hecate/proto/core/errors.ts';
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import type { ManagerConfig, PowerConfig } from '../config/manager-config.ts';
import type { Finding } from '../core/plan/finding.ts';
import { isByHand, shutDownByHand } from '../core/power/site/shut-down-by-hand.ts';
import { judgeSiteStartup, type SiteStartup } from '../core/power/site/site-startup.ts';
import { feedsOf, minFeedsOf, nodeSupplyMs, supplyMs } from '../core/power/site/topology.ts';
import { startupNeedMs } from '../core/power/ups/recovery.ts';
import { type UpsConfig, upsConfig } from '../core/power/ups/ups-config.ts';
import { thresholdFor } from '../core/power/ups/ups-estimate.ts';
import type { PastRun } from '../core/runs/past-run.ts';
import type { RunId, RunRequest, RunState } from '../core/runs/run.ts';
import type { ManagerLogger } from '../io/logger.ts';
import type { PowerMetrics } from '../io/power-metrics.ts';
import type { PowerOffHearer } from '../runs/run-runner.ts';
import type { RunService } from '../runs/run-service.ts';
import type { SitePlan } from '../runs/site-plans.ts';
import { beforeCoordinatorOff } from './coordinator-off.ts';
import type { ForwardFile } from './forward-file.ts';
import type { ForwardReceiver } from './forward-receiver.ts';
import type { ForwardService } from './forward-service.ts';
import { PowerAlerts } from './power-alerts.ts';
import type { PowerFile } from './power-file.ts';
import { raceFindings } from './race-findings.ts';
import { runtimeFindings } from './runtime-findings.ts';
import { siteForwards } from './site-forwards.ts';
import { SiteReturn } from './site-return.ts';
import { type SiteBudget, SiteShutdown, type SupplyLimits } from './site-shutdown.ts';
import { startupHindrance } from './startup-hindrance.ts';
import type { TriggerEffect } from './triggered-run.ts';
import { upsPlan, upsPlanFindings } from './ups-plan.ts';
import { WatchedUps } from './watched-ups.ts';

export interface PowerServicePorts {
  readonly clock: Clock;
  readonly bootId: string;
  readonly file: PowerFile;
  readonly forwardFile: ForwardFile;
  readonly softwareVersion: string;
  /** Other managers that hold a certificate of this site. */
  peers(): readonly string[];
  /** Managers whose certificate was taken away from them. */
  revokedPeers(): readonly string[];
  readonly runs: RunService;
  readonly logger: ManagerLogger;
  config(): ManagerConfig;
  /** Runs that are over. */
  history(): readonly PastRun[];
  newOpId(): OpId;
  /** Whether the node has a session. */
  isOnline(node: NodeName): boolean;
  onTrouble(trouble: HecateError | undefined): void;
}

/** A node, and what it hangs on. */
export interface FedNode {
  readonly node: string;
  readonly feeds: readonly string[];
  readonly minFeeds: number;
  /** Undefined: it is not on battery. */
  readonly runtimeMs: number | undefined;
}

/** What is learnt, and whether the site is up again, is looked at with a look at a UPS, so long after the last time. */
const lookAroundMs = 5000;

export class PowerService {
  readonly #ports: PowerServicePorts;
  readonly #upses: readonly WatchedUps[];
  readonly #shutdown: SiteShutdown;
  readonly #alerts: PowerAlerts;
  readonly forwards: ForwardService;
  readonly #return: SiteReturn;
  #budget: SiteBudget;
  #lookedAtMs: number;
  /** The newest startup that had succeeded at the last look. */
  #lastStartup: string;
  /** Runs that were going on when the manager started. */
  #resumed: ReadonlySet<RunId> = new Set();
  #isClosed = false;

  constructor(ports: PowerServicePorts) {
    this.#ports = ports;
    const { clock, logger, config, file, runs, newOpId } = ports;
    this.#alerts = new PowerAlerts({ logger, site: () => config().site, wallMs: () => clock.wallMs() });
    this.#alerts.configure(config().runs.notifications);
    this.#shutdown = new SiteShutdown({
      config,
      history: ports.history,
      learnt: (plan) => runs.learnt(plan),
      newRunId: () => newOpId() as string as RunId,
      wallMs: () => clock.wallMs(),
      isOnline: ports.isOnline,
    });
    this.#budget = this.#shutdown.budget();
    this.#lookedAtMs = clock.nowMs();
    this.#lastStartup = this.#newestStartup();
    this.forwards = this.#makeForwards();
    const { upses } = config().power;
    file.forgetOthers(upses.map(({ name }) => name));
    this.#upses = upses.map((declaration) => this.#watch(declaration));
    this.#return = this.#makeReturn();
  }

  #makeForwards(): ForwardService {
    return siteForwards({
      ...this.#ports,
      file: this.#ports.forwardFile,
      alerts: this.#alerts,
      shutdown: this.#shutdown,
      upses: () => this.#upses,
      budgetMs: () => this.#budget.budgetMs,
      whyDown: () => this.#whyDown,
      isWanted: (by, runId) => this.#isWanted(runId, by),
      onBudget: () => this.#tellBudget(),
    });
  }

  /** By another UPS than this one, here or at another site; or by a person. */
  #isWanted(runId: RunId, by: WatchedUps | ForwardReceiver): boolean {
    const run = this.#ports.runs.active().find(({ request }) => request.runId === runId);
    if (run !== undefined && isByHand(run)) return true;
    return this.#upses.some((ups) => ups !== by && ups.wants(runId)) || this.forwards.desk.wants(runId, by);
  }

  #ownRequest(ups: WatchedUps, trigger: TriggerEffect): RunRequest | undefined {
    const nowMs = this.#ports.clock.bootTimeMs();
    const { isAnyOtherUp } = this.#shutdown;
    const spent = this.#upses.filter((each) => each.isSpent || (!isAnyOtherUp && each.isRestDue(nowMs)));
    return this.#shutdown.own(trigger, ups.name, new Set(spent.map(({ name }) => name)));
  }

  /** Of what its UPSes ask for: where that is carried out elsewhere, it takes as long as it takes there. */
  get decisionBudgetMs(): number {
    return this.forwards.link?.budgetMs ?? this.#budget.budgetMs;
  }

  #tellBudget(): void {
    const budgetMs = this.decisionBudgetMs;
    for (const { runner } of this.#upses) runner.input({ type: 'budget', budgetMs });
  }

  #makeReturn(): SiteReturn {
    const { runs, history, clock, logger } = this.#ports;
    return new SiteReturn({
      upses: this.#upses,
      runs,
      history,
      startup: () => this.startup(),
      starting: (reason, triggerId) => this.#shutdown.starting(reason, triggerId),
      nowMs: () => clock.nowMs(),
      onWait: (sentence) => logger.info(`the site is not started yet: ${sentence}`),
    });
  }

  #watch(declaration: PowerConfig['upses'][number]): WatchedUps {
    return new WatchedUps(declaration, this.decisionBudgetMs, {
      ...this.#ports,
      alerts: this.#alerts,
      upsConfig: (name) => this.upsConfig(name),
      forwards: this.forwards,
      ownBudgetMs: () => this.#budget.budgetMs,
      makeRequest: (ups, trigger) =>
        this.forwards.link ? this.#ownRequest(ups, trigger) : this.#makeRequest(ups, trigger),
      isWanted: (by, runId) => this.#isWanted(runId, by),
      restore: (ups) => void this.#restore(ups),
      coordinatorHaltMs: () => this.#ports.config().power.coordinatorHaltMs,
      onLook: () => this.#lookAround(),
    });
  }

  get upses(): readonly WatchedUps[] {
    return this.#upses;
  }

  get budget(): SiteBudget {
    return this.#budget;
  }

  upsConfig(name: string): UpsConfig {
    const { power } = this.#ports.config();
    return upsConfig(name, {
      runtimeSafetyFactor: power.runtimeSafetyFactor,
      pollIntervalMs: power.pollIntervalMs,
      debouncePolls: power.debouncePolls,
      forwardingLatencyMs: Math.max(power.forwardingLatencyMs, power.forward?.acknowledgeWithinMs ?? 0),
      onBatteryTimerMs: power.onBatteryLimitMs,
      blindLimitMs: power.silenceLimitMs,
      remainingMs: this.#shutdown.remainingMs(name, this.#budget.budgetMs),
    });
  }

  /** Goes on with what was decided before, and looks at every UPS. After the runs have been started. */
  start(): void {
    this.#resumed = new Set(this.#ports.runs.active().map(({ request }) => request.runId));
    for (const ups of this.#upses) ups.start();
    this.forwards.start();
  }

  /** The configuration was read again. */
  configure(): void {
    this.#alerts.configure(this.#ports.config().runs.notifications);
    this.#refreshBudget();
  }

  /** What is raised, as sentences; empty: all is well. */
  troubles(): string[] {
    const raised = this.#upses.flatMap(({ runner }) =>
      Object.values(runner.alerts)
        .filter(({ level }) => level !== 'notice')
        .map(({ sentence }) => sentence),
    );
    return [...raised, ...this.forwards.troubles()];
  }

  /** Every node of the inventory, and how long it has power. */
  nodes(): FedNode[] {
    const names = this.#upses.map(({ name }) => name);
    const nowMs = this.#ports.clock.bootTimeMs();
    const supplies = Object.fromEntries(
      this.#upses.map(({ name, runner }) => [name, supplyMs(runner.state, this.upsConfig(name), nowMs)]),
    );
    return this.#ports.config().inventory.nodes.map((node) => {
      const runtimeMs = nodeSupplyMs(node, names, supplies);
      return {
        node: node.name,
        feeds: feedsOf(node, names),
        minFeeds: minFeedsOf(node, names),
        runtimeMs: Number.isFinite(runtimeMs) ? runtimeMs : undefined,
      };
    });
  }

  /** Whether the site may be started up as things are. */
  startup(): SiteStartup {
    const { runs, clock, config } = this.#ports;
    const upses = this.#upses.map(({ name, runner: { state } }) => ({
      state,
      threshold: thresholdFor(state, this.upsConfig(name)),
    }));
    const hindrance = startupHindrance(runs, () => this.#shutdown.starting(), this.#resumed);
    const elsewhere = hindrance.refusal === '' ? this.forwards.hindrance() : '';
    return judgeSiteStartup({
      upses,
      nodes: this.nodes(),
      stableMainsMs: config().power.stableMainsMs,
      startupChargePercent: config().power.startupChargePercent,
      ...(elsewhere === '' ? hindrance : { refusal: elsewhere, isRefusalPassing: true }),
      nowMs: clock.bootTimeMs(),
    });
  }

  /** The shutdown that these UPSes ask for. @throws HEC_USAGE, HEC_NO_SUCH_UPS, HEC_NO_SUCH_PLAN */
  plan(name: string, upses: readonly string[]): SitePlan {
    return upsPlan(this.#shutdown, name, upses, this.#upses);
  }

  /** What a plan has that does not fit the UPSes: warnings, where they have shown their runtime at full charge. */
  findings(compiled: SitePlan): Finding[] {
    if (compiled.name !== 'shutdown') return [];
    const runtimes = this.#upses.map(({ name, runner }) => ({
      ups: name,
      fullRuntimeMs: runner.fullRuntimeMs,
      fullUnderLoadMs: runner.fullUnderLoadMs,
      neededMs: startupNeedMs(thresholdFor(runner.state, this.upsConfig(name))),
    }));
    const cuts = this.#upses.map(({ name, cutHindrance }) => ({ ups: name, hindrance: cutHindrance }));
    const { tails } = this.#budget;
    const { power, inventory } = this.#ports.config();
    return [
      ...(compiled.mode === power.mode ? upsPlanFindings(this.#shutdown, compiled, this.#upses) : []),
      ...runtimeFindings(compiled, runtimes),
      ...raceFindings({ compiled, cuts, tails, power, inventory, peers: this.#ports.peers() }),
    ];
  }

  /** Undefined: no UPS is watched, and no other site is known. */
  metrics(): PowerMetrics | undefined {
    const forwards = this.forwards.metrics();
    if (this.#upses.length === 0 && forwards.peers.length === 0) return undefined;
    const nowMs = this.#ports.clock.bootTimeMs();
    const { budgetMs, samples: budgetSamples } = this.#budget;
    return { upses: this.#upses.map((ups) => ups.metrics(nowMs)), budgetMs, budgetSamples, forwards };
  }

  /** Resolves when the coordinator may go off; before any other node there is nothing to do. */
  beforePowerOff(run: RunState, node: NodeName, timeLimitMs: number): Promise<PowerOffHearer | undefined> {
    const { logger, isOnline, config } = this.#ports;
    const names = this.#upses.map(({ name }) => name);
    const nodesOn = (ups: string): NodeName[] =>
      config()
        .inventory.nodes.filter((each) => feedsOf(each, names).includes(ups))
        .map(({ name }) => name);
    return beforeCoordinatorOff(
      { logger, upses: () => this.#upses, nodesOn, isOnline },
      run,
      node,
      timeLimitMs,
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#upses.map((ups) => ups.close()));
    await this.forwards.close();
    await this.#alerts.close();
  }

  #lookAround(): void {
    const nowMs = this.#ports.clock.nowMs();
    if (nowMs - this.#lookedAtMs < lookAroundMs) return;
    this.#lookedAtMs = nowMs;
    this.#refreshBudget();
    const newest = this.#newestStartup();
    const isUpAgain = newest !== this.#lastStartup;
    this.#lastStartup = newest;
    if (isUpAgain) for (const ups of this.#upses) ups.recovered();
    // Behind it: what has been started meanwhile, by whomever, is not started again.
    if (this.#ports.config().power.coordinator === 'stays-up') this.#return.look();
  }

  #refreshBudget(): void {
    const before = this.#budget;
    this.#budget = this.#shutdown.budget();
    if (this.#budget.budgetMs === before.budgetMs) return;
    this.#tellBudget();
  }

  /** Of those that have brought something up: whoever asked for it. */
  #newestStartup(): string {
    const startups = this.#ports
      .history()
      .filter(({ kind, outcome, isDryRun }) => kind === 'startup' && !isDryRun && isDone(outcome));
    return startups.reduce((newest, { id }) => (id > newest ? id : newest), '');
  }

  #makeRequest(ups: WatchedUps, { triggerId, sentence }: TriggerEffect): RunRequest | undefined {
    const nowMs = this.#ports.clock.bootTimeMs();
    const given = this.#upses.flatMap((each): [string, number][] => {
      const leftMs = each.supplyMs(nowMs);
      return leftMs === undefined ? [] : [[each.name, leftMs]];
    });
    const supplies: SupplyLimits = Object.fromEntries(given);
    const namesOf = (is: (each: WatchedUps) => boolean) =>
      new Set(this.#upses.filter(is).map(({ name }) => name));
    const gone = namesOf((each) => each.isDark(nowMs));
    const spent = namesOf((each) => each.isSpent);
    const triggered = new Set(Object.keys(supplies));
    const request = this.#shutdown.request(supplies, gone, sentence, triggerId, spent);
    const isSpared = request === undefined && (ups.isSpent || this.#shutdown.isSpared(triggered));
    const spared = `${ups.name} gives out: ${this.#shutdown.scope(triggered, spent).sentence}`;
    ups.runner.alert('spared', isSpared ? { level: 'warning', sentence: spared } : undefined);
    // What goes down with it is off by now, or stays up: that is how it ends.
    if (request === undefined && !isSpared) ups.runner.input({ type: 'run', triggerId, event: 'ended' });
    return request;
  }

  /** Who wants this site down, as a sentence: a UPS, another site, or a person from before; undefined: nobody does. */
  get #whyDown(): string | undefined {
    const ups = this.#upses.find((each) => each.runner.state.trigger !== undefined && !each.isSpared);
    const other = ups?.name ?? this.forwards.desk.wanting;
    if (other) return `${other} has asked for a shutdown`;
    const byHand = this.#downByHand;
    return byHand && `the site was shut down before, by run ${byHand}`;
  }

  /** The shutdown of a person that the site was down by before a UPS has asked for one; undefined: it was up. */
  get #downByHand(): string | undefined {
    const { history, config, isOnline } = this.#ports;
    const { nodes, coordinator } = config().inventory;
    const shutdown = shutDownByHand(history());
    const isAnyOn = nodes.some(({ name }) => name !== coordinator && isOnline(name));
    return shutdown && (shutdown.mode === 'cluster-only' || !isAnyOn) ? shutdown.id : undefined;
  }

  /** What a shutdown that was taken back had taken down comes up again, unless somebody else wants it down. */
  async #restore(ups: WatchedUps): Promise<void> {
    const { runs, logger } = this.#ports;
    const { runner, name } = ups;
    const whyDown = this.#whyDown;
    if (whyDown) logger.warn({ ups: name }, `nothing is started again: ${whyDown}`);
    else {
      try {
        const triggerId = `taken-back:${runner.run?.runId ?? ''}`;
        await runs.request(this.#shutdown.restoring(runner.takenBack ?? '', triggerId), false);
        runner.alert('not-restored', undefined);
      } catch (thrown) {
        if (this.#isClosed) return;
        const { message, remedy } = asHecateError(thrown);
        const sentence = `${name}: its shutdown was taken back, and what it had stopped does not start: ${message}; ${remedy}`;
        runner.alert('not-restored', { level: 'critical', sentence });
      }
    }
    await runner.restored();
  }
}

const isDone = (outcome: PastRun['outcome']): boolean => outcome === 'done' || outcome === 'degraded';
