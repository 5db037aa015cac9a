/** Power of a site, put together: UPSes are watched, each has its decision, and what they decide becomes runs. */
import { asHecateError, type HecateError } from '@hecate/proto/core/errors.ts';
import type { OpId } from '@hecate/proto/core/names.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import type { ManagerConfig, PowerConfig, UpsDeclaration } from '../config/manager-config.ts';
import { type UpsConfig, upsConfig } from '../core/power/ups-config.ts';
import type { RunId } from '../core/runs/run.ts';
import type { ManagerLogger } from '../io/logger.ts';
import type { NutServer } from '../io/nut/nut-client.ts';
import { createUpsWatcher } from '../io/nut/nut-client.ts';
import type { RunService } from '../runs/run-service.ts';
import { ForcedShutdown } from './forced-shutdown.ts';
import { PowerAlerts } from './power-alerts.ts';
import type { KnownAlert, PowerFile } from './power-file.ts';
import { CompiledPlans, powerRun } from './shutdown-plan.ts';
import { type SiteBudget, siteBudget } from './site-budget.ts';
import { type TriggerEffect, TriggeredRun } from './triggered-run.ts';
import { UpsRunner } from './ups-runner.ts';

export interface PowerServicePorts {
  readonly clock: Clock;
  readonly bootId: string;
  readonly file: PowerFile;
  readonly runs: RunService;
  readonly logger: ManagerLogger;
  config(): ManagerConfig;
  newOpId(): OpId;
  onTrouble(trouble: HecateError | undefined): void;
}

/** A declared UPS, what is decided of it, and what that has led to. */
export interface WatchedUps {
  readonly declaration: UpsDeclaration;
  readonly runner: UpsRunner;
  /** Triggers since the manager started, by cause. */
  readonly triggers: ReadonlyMap<string, number>;
  /** Why its trigger has no run yet; empty: it has, or there is none. */
  readonly refusal: () => string;
}

/** Budgets are looked at again with a look at a UPS, and so long after the last time. */
const budgetAgeMaxMs = 5000;

export class PowerService {
  readonly #ports: PowerServicePorts;
  readonly #upses: readonly OneUps[];
  readonly #plans = new CompiledPlans();
  readonly #alerts: PowerAlerts;
  #budget: SiteBudget;
  #budgetAtMs: number;
  #isClosed = false;

  constructor(ports: PowerServicePorts) {
    this.#ports = ports;
    const { clock, logger, config } = ports;
    this.#alerts = new PowerAlerts({ logger, site: () => config().site, wallMs: () => clock.wallMs() });
    this.#alerts.configure(config().runs.notifications);
    this.#budget = this.#readBudget();
    this.#budgetAtMs = clock.nowMs();
    const { upses } = config().power;
    ports.file.forgetOthers(upses.map(({ name }) => name));
    this.#upses = upses.map((declaration) => new OneUps(declaration, this.#budget.budgetMs, this.#around()));
  }

  #around(): Around {
    const { config } = this.#ports;
    return {
      ...this.#ports,
      alerts: this.#alerts,
      upsConfig: (name) => configOf(name, config().power),
      makeRequest: (trigger) => this.#makeRequest(trigger),
      restore: (ups) => void this.#restore(ups),
      onLook: () => this.#refreshBudget(),
    };
  }

  get upses(): readonly WatchedUps[] {
    return this.#upses;
  }

  get budget(): SiteBudget {
    return this.#budget;
  }

  upsConfig(name: string): UpsConfig {
    return configOf(name, this.#ports.config().power);
  }

  /** Goes on with what was decided before, and looks at every UPS. After the runs have been started. */
  start(): void {
    for (const ups of this.#upses) ups.start();
  }

  /** The configuration was read again. */
  configure(): void {
    this.#alerts.configure(this.#ports.config().runs.notifications);
    this.#budgetAtMs = Number.NEGATIVE_INFINITY;
    this.#refreshBudget();
  }

  /** What is raised, as sentences; empty: all is well. */
  troubles(): string[] {
    return this.#upses.flatMap(({ runner }) =>
      Object.values(runner.alerts)
        .filter(({ level }) => level !== 'notice')
        .map(({ sentence }) => sentence),
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#upses.map((ups) => ups.close()));
    await this.#alerts.close();
  }

  #refreshBudget(): void {
    const nowMs = this.#ports.clock.nowMs();
    if (nowMs - this.#budgetAtMs < budgetAgeMaxMs) return;
    this.#budgetAtMs = nowMs;
    const before = this.#budget;
    this.#budget = this.#readBudget();
    if (this.#budget.budgetMs === before.budgetMs) return;
    for (const { runner } of this.#upses) runner.input({ type: 'budget', budgetMs: this.#budget.budgetMs });
  }

  #readBudget(): SiteBudget {
    const { config, runs } = this.#ports;
    const { power } = config();
    try {
      const { plan } = this.#plans.get(config(), 'shutdown', power.mode);
      return siteBudget(plan, plan && runs.learnt(plan), power.budgetMs);
    } catch {
      // No shutdown is declared, nor any node: who asks for one is told.
      return siteBudget(undefined, undefined, power.budgetMs);
    }
  }

  #makeRequest({ triggerId, sentence, timeLimitMs }: TriggerEffect) {
    const { config, runs, newOpId, clock } = this.#ports;
    return powerRun({
      runId: newOpId() as string as RunId,
      compiled: this.#plans.get(config(), 'shutdown', config().power.mode),
      reason: sentence,
      triggerId,
      timeLimitMs,
      wallMs: clock.wallMs(),
      learnt: (plan) => runs.learnt(plan),
    });
  }

  /** What a shutdown that was taken back had taken down comes up again, unless another UPS wants it down. */
  async #restore(ups: OneUps): Promise<void> {
    const { config, runs, newOpId, clock, logger } = this.#ports;
    const { runner } = ups;
    const other = this.#upses.find(({ runner: { state } }) => state.trigger !== undefined);
    if (other) {
      logger.warn({ ups: ups.name }, `nothing is started again: ${other.name} has asked for a shutdown`);
      await runner.restored();
      return;
    }
    try {
      const compiled = this.#plans.get(config(), 'startup', 'cluster-only');
      const request = powerRun({
        runId: newOpId() as string as RunId,
        compiled,
        reason: runner.takenBack ?? '',
        triggerId: `taken-back:${runner.run?.runId ?? ''}`,
        timeLimitMs: undefined,
        wallMs: clock.wallMs(),
        learnt: (plan) => runs.learnt(plan),
      });
      await runs.request(request, false);
      runner.alert('not-restored', undefined);
    } catch (thrown) {
      if (this.#isClosed) return;
      const { message, remedy } = asHecateError(thrown);
      const sentence = `${ups.name}: its shutdown was taken back, and what it had stopped does not start: ${message}; ${remedy}`;
      runner.alert('not-restored', { level: 'critical', sentence });
    }
    await runner.restored();
  }
}

const configOf = (name: string, power: PowerConfig): UpsConfig =>
  upsConfig(name, {
    runtimeSafetyFactor: power.runtimeSafetyFactor,
    pollIntervalMs: power.pollIntervalMs,
    debouncePolls: power.debouncePolls,
    forwardingLatencyMs: power.forwardingLatencyMs,
    onBatteryTimerMs: power.onBatteryLimitMs,
  });

const serverOf = ({ host, port, tls, authorityFile, serverName }: UpsDeclaration): NutServer => ({
  host,
  port,
  tls:
    tls === 'off'
      ? { mode: 'off' }
      : {
          mode: tls,
          ...(authorityFile === undefined ? {} : { authorityFile }),
          ...(serverName === undefined ? {} : { serverName }),
        },
});

/** What a UPS needs of the service that it is part of. */
interface Around extends PowerServicePorts {
  readonly alerts: PowerAlerts;
  upsConfig(name: string): UpsConfig;
  makeRequest(trigger: TriggerEffect): ReturnType<typeof powerRun>;
  restore(ups: OneUps): void;
  onLook(): void;
}

class OneUps implements WatchedUps {
  readonly declaration: UpsDeclaration;
  readonly runner: UpsRunner;
  readonly #around: Around;
  readonly #triggered: TriggeredRun;
  readonly #forcedShutdown: ForcedShutdown | undefined;
  readonly #triggers = new Map<string, number>();
  #lastTriggerId = '';
  #refusal = '';

  constructor(declaration: UpsDeclaration, budgetMs: number, around: Around) {
    this.declaration = declaration;
    this.#around = around;
    this.runner = this.#makeRunner(budgetMs);
    this.#triggered = this.#makeTriggered();
    this.#forcedShutdown = this.#makeForcedShutdown();
  }

  get name(): string {
    return this.declaration.name;
  }

  get triggers(): ReadonlyMap<string, number> {
    return this.#triggers;
  }

  refusal = (): string => this.#refusal;

  start(): void {
    const { state, run, takenBack } = this.runner;
    const { trigger } = state;
    this.runner.start();
    const runId = run?.triggerId === trigger?.triggerId ? run?.runId : undefined;
    if (trigger?.isStarted) {
      this.#triggered.resume(trigger.triggerId, runId);
      if (trigger.isReversing)
        this.#triggered.reverse({ type: 'reverse', triggerId: trigger.triggerId, sentence: takenBack ?? '' });
    }
    // It was being taken back when the manager ended, and its run is over.
    else if (takenBack !== undefined && trigger === undefined) this.#around.restore(this);
    this.#forcedShutdown?.check();
  }

  async close(): Promise<void> {
    this.#triggered.close();
    await this.runner.close();
  }

  #makeRunner(budgetMs: number): UpsRunner {
    const { clock, bootId, file, logger, upsConfig, onLook, onTrouble } = this.#around;
    const { name, nutName } = this.declaration;
    const watcher = createUpsWatcher({
      ups: name,
      nutName,
      server: serverOf(this.declaration),
      pollIntervalMs: upsConfig(name).pollIntervalMs,
      clock,
      onTrouble: (trouble) => {
        if (trouble) logger.warn({ ups: name, code: trouble.code }, `${trouble.message}; ${trouble.remedy}`);
        else logger.info({ ups: name }, `${name} answers`);
      },
    });
    return new UpsRunner(name, budgetMs, {
      clock,
      bootId,
      file,
      watcher,
      config: () => upsConfig(name),
      onTrigger: (effect) => this.#onTrigger(effect),
      onReverse: (effect) => {
        logger.warn({ ups: name }, effect.sentence);
        this.#triggered.reverse(effect);
      },
      onAlert: (ups, key, alert, isRaised) => this.#around.alerts.tell(ups, key, alert, isRaised),
      onInhibit: (ups, sentence) => logger.warn({ ups }, sentence || 'decisions are made again'),
      onLook,
      onTrouble,
    });
  }

  #makeTriggered(): TriggeredRun {
    const { runs, makeRequest, restore } = this.#around;
    return new TriggeredRun({
      runs,
      makeRequest,
      keep: (triggerId, runId) => this.runner.keepRun({ triggerId, runId }),
      hear: (triggerId, event) => this.runner.input({ type: 'run', triggerId, event }),
      onTakenBack: () => restore(this),
      onTrouble: (_triggerId, error) => this.#onRefused(error),
      onNoReturn: () => this.#forcedShutdown?.set(),
    });
  }

  #makeForcedShutdown(): ForcedShutdown | undefined {
    const { nutName, credentials, setsForcedShutdown } = this.declaration;
    if (!setsForcedShutdown || credentials === undefined) return undefined;
    return new ForcedShutdown({
      nutName,
      server: serverOf(this.declaration),
      credentials,
      onTrouble: (key, sentence) => {
        const alert: KnownAlert | undefined =
          sentence === undefined ? undefined : { level: 'critical', sentence };
        this.runner.alert(key, alert);
      },
    });
  }

  #onTrigger(effect: TriggerEffect): void {
    const { triggerId, cause, sentence } = effect;
    if (triggerId !== this.#lastTriggerId) {
      this.#lastTriggerId = triggerId;
      this.#triggers.set(cause, (this.#triggers.get(cause) ?? 0) + 1);
      this.#around.alerts.tell(this.name, 'trigger', { level: 'critical', sentence }, true);
    }
    this.#triggered.ask(effect);
  }

  #onRefused(error: HecateError | undefined): void {
    this.#refusal = error === undefined ? '' : error.message;
    const sentence = `${this.name} asks for a shutdown, and none begins: ${error?.message}; ${error?.remedy}`;
    this.runner.alert('refused', error && { level: 'critical', sentence });
  }
}
