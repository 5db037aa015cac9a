/** One UPS of a site: how it is watched, what is decided of it, and what that leads to. */
import type { HecateError } from '@hecate/proto/core/errors.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import type { UpsDeclaration } from '../config/manager-config.ts';
import { isWithoutOutput, triggeredSupplyMs } from '../core/power/site/triggered-supply.ts';
import type { UpsConfig } from '../core/power/ups/ups-config.ts';
import { estimateOf, thresholdFor } from '../core/power/ups/ups-estimate.ts';
import { outlookOf } from '../core/power/ups/ups-outlook.ts';
import type { RunId, RunRequest } from '../core/runs/run.ts';
import type { ManagerLogger } from '../io/logger.ts';
import { createUpsWatcher, type NutServer } from '../io/nut/nut-client.ts';
import type { UpsMetrics } from '../io/power-metrics.ts';
import type { RunService } from '../runs/run-service.ts';
import { ForcedShutdown, readCredentials } from './forced-shutdown.ts';
import type { ForwardSender } from './forward-sender.ts';
import type { ForwardService } from './forward-service.ts';
import { type CutHindrance, OutputCut } from './output-cut.ts';
import type { PowerAlerts } from './power-alerts.ts';
import type { KnownAlert, PowerFile } from './power-file.ts';
import { isSpared } from './site-return.ts';
import { type TriggerEffect, TriggeredRun } from './triggered-run.ts';
import { forwardOf } from './ups-forward.ts';
import { UpsRunner } from './ups-runner.ts';

/** What a UPS needs of the service that it is part of. */
export interface WatchedUpsPorts {
  readonly clock: Clock;
  readonly bootId: string;
  readonly file: PowerFile;
  readonly runs: RunService;
  readonly logger: ManagerLogger;
  readonly alerts: PowerAlerts;
  readonly forwards: ForwardService;
  /** How long a shutdown of this site itself takes, where what its UPSes ask for is carried out elsewhere. */
  ownBudgetMs(): number;
  upsConfig(name: string): UpsConfig;
  /** How long the coordinator takes to power itself off, at most. */
  coordinatorHaltMs(): number;
  /** Undefined: no node goes down with it. @throws HEC_PLAN */
  makeRequest(ups: WatchedUps, trigger: TriggerEffect): RunRequest | undefined;
  /** Whether another UPS has asked for this run, too, and does not take it back. */
  isWanted(by: WatchedUps, runId: RunId): boolean;
  restore(ups: WatchedUps): void;
  onLook(): void;
  onTrouble(trouble: HecateError | undefined): void;
}

export class WatchedUps {
  readonly declaration: UpsDeclaration;
  readonly runner: UpsRunner;
  readonly #ports: WatchedUpsPorts;
  /** The run of its trigger; where that goes to another site, of this site's own shutdown. */
  readonly #triggered: TriggeredRun;
  readonly #forward: ForwardSender | undefined;
  readonly #forcedShutdown: ForcedShutdown | undefined;
  readonly #triggers = new Map<string, number>();
  readonly #outputCut: OutputCut | undefined;
  /** What it carried when it asked for a shutdown. */
  #loadBeforePercent: number | undefined;
  #lastTrigger: { readonly effect: TriggerEffect; readonly atMs: number } | undefined;
  #refusal = '';

  constructor(declaration: UpsDeclaration, budgetMs: number, ports: WatchedUpsPorts) {
    this.declaration = declaration;
    this.#ports = ports;
    this.runner = this.#makeRunner(budgetMs);
    this.#triggered = this.#makeTriggered();
    this.#forward = ports.forwards.link && this.#makeForward();
    this.#forcedShutdown = this.#makeForcedShutdown();
    this.#outputCut = this.#makeOutputCut();
  }

  get name(): string {
    return this.declaration.name;
  }

  /** Since the manager started, by cause. */
  get triggers(): ReadonlyMap<string, number> {
    return this.#triggers;
  }

  /** Why its trigger has no run here yet; empty: it has, or there is none. */
  get refusal(): string {
    const { link } = this.#ports.forwards;
    if (link && this.#refusal === '') return `${link.receiver} carries it out`;
    return this.#refusal;
  }

  get areHostsOff(): boolean {
    return this.runner.state.phase === 'hosts-off';
  }

  /** It has asked for this run, and does not take it back. */
  wants(runId: RunId): boolean {
    const { run, state } = this.runner;
    const { trigger } = state;
    if (trigger === undefined || trigger.isReversing) return false;
    return run?.triggerId === trigger.triggerId && run.runId === runId;
  }

  /** The hosts are off, and what has stayed up has to go, too. */
  get isSpent(): boolean {
    return this.runner.state.trigger?.isLast === true;
  }

  /** The hosts are off, and its battery is good for what has stayed up, and no longer. */
  isRestDue(nowMs: number): boolean {
    const config = this.#ports.upsConfig(this.name);
    return this.areHostsOff && estimateOf(this.runner.state, config, nowMs).slackMs <= 0;
  }

  /** It has asked for a shutdown, which concerns no node: each has feeds enough without it. */
  get isSpared(): boolean {
    return isSpared(this);
  }

  /** What hangs on it alone is off by now, however that came. */
  isDark(nowMs: number): boolean {
    return this.areHostsOff || this.isSpent || isWithoutOutput(this.runner.state, nowMs);
  }

  /** It is declared, and this UPS has given out. */
  get isToBeCut(): boolean {
    const { trigger } = this.runner.state;
    const hasGivenOut = this.areHostsOff || (trigger !== undefined && !trigger.isReversing);
    return this.#outputCut !== undefined && hasGivenOut;
  }

  /** Why its output cannot be cut, where that is declared. */
  get cutHindrance(): CutHindrance | undefined {
    return this.#outputCut?.hindrance;
  }

  /** `ups.load` when it asked for a shutdown, and now; undefined: not told. */
  get loads(): { readonly loadBeforePercent: number | undefined; readonly loadPercent: number | undefined } {
    const loadPercent = this.runner.state.reading?.loadPercent;
    return { loadBeforePercent: this.#loadBeforePercent, loadPercent };
  }

  /** Cuts its output, and tells what became of it. */
  async cut(): Promise<void> {
    const outcome = await this.#outputCut?.cut();
    if (outcome === undefined) return;
    const sentence = `${this.name}: the coordinator goes off: ${outcome}`;
    this.#ports.alerts.tell(this.name, 'cut', { level: 'critical', sentence }, true);
  }

  /** The coordinator stays up, and its power is not to be cut. */
  async takeCutBack(why: string): Promise<void> {
    const outcome = await this.#outputCut?.takeBack();
    if (outcome === undefined) return;
    this.runner.alert('not-cut', { level: 'critical', sentence: `${this.name}: ${why}; ${outcome}` });
  }

  /** The site is up again. */
  recovered(): void {
    this.runner.input({ type: 'recovered' });
    for (const key of ['not-restored', 'not-cut']) this.runner.alert(key, undefined);
  }

  /** What its supply is good for, when it has given out; undefined: it has not. */
  supplyMs(nowMs: number): number | undefined {
    return triggeredSupplyMs(this.runner.state, this.#lastTrigger, nowMs);
  }

  metrics(nowMs: number): UpsMetrics {
    const { state, device, rejected } = this.runner;
    const config = this.#ports.upsConfig(this.name);
    const { leftMs, slackMs } = outlookOf(state, config, nowMs);
    const isHeard = state.lookAtMs !== undefined && state.silentSinceMs === undefined;
    return {
      ups: this.name,
      // A look that is kept from before a restart is none of now.
      reading: isHeard ? state.reading : undefined,
      device,
      phase: state.phase,
      believedRuntimeMs: leftMs,
      thresholdMs: thresholdFor(state, config).thresholdMs,
      slackMs,
      dataAgeMs: state.lookAtMs === undefined ? undefined : Math.max(0, nowMs - state.lookAtMs),
      triggersByCause: this.#triggers,
      rejected: [...rejected.values()],
    };
  }

  start(): void {
    const { run, state } = this.runner;
    const { trigger } = state;
    const runId = run?.triggerId === trigger?.triggerId ? run?.runId : undefined;
    // First: what the decision asks for again is asked of a run that is known.
    if (this.#forward) this.#forward.start(trigger);
    else if (trigger) this.#triggered.resume(trigger.triggerId, runId, trigger.isStarted);
    this.runner.start();
    // It was being taken back when the manager ended, and its run is over.
    if (this.runner.takenBack !== undefined && this.runner.state.trigger === undefined) {
      if (this.#forward) void this.runner.restored();
      else this.#ports.restore(this);
    }
    this.#forcedShutdown?.check();
  }

  async close(): Promise<void> {
    this.#triggered.close();
    this.#outputCut?.close();
    await this.runner.close();
  }

  #makeRunner(budgetMs: number): UpsRunner {
    const { clock, bootId, file, logger, alerts, upsConfig, onLook, onTrouble } = this.#ports;
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
        (this.#forward ?? this.#triggered).reverse(effect);
      },
      onAlert: (ups, key, alert, isRaised) => alerts.tell(ups, key, alert, isRaised),
      onInhibit: (ups, sentence) => logger.warn({ ups }, sentence || 'decisions are made again'),
      onLook: () => {
        this.#outputCut?.checkInTime();
        this.#forward?.look();
        this.#leaveUnfinished();
        onLook();
      },
      onTrouble,
    });
  }

  #makeTriggered(): TriggeredRun {
    const { runs, makeRequest, isWanted, restore } = this.#ports;
    return new TriggeredRun({
      runs,
      makeRequest: (trigger) => makeRequest(this, trigger),
      keep: (triggerId, runId) => this.runner.keepRun({ triggerId, runId }),
      hear: (triggerId, event) => {
        if (this.#forward) {
          this.#forward.localRun(triggerId, event);
          return;
        }
        this.runner.input({ type: 'run', triggerId, event });
        if (this.runner.state.trigger === undefined) this.#clear();
      },
      isWanted: (runId) => isWanted(this, runId),
      onTakenBack: () => restore(this),
      onNothingTaken: () => void this.runner.restored(),
      onTrouble: (error) => this.#onRefused(error),
      onNoReturn: (runId) => this.#forcedShutdown?.set(runId),
    });
  }

  #makeForward(): ForwardSender {
    const { forwards, clock, upsConfig, ownBudgetMs } = this.#ports;
    return forwardOf(forwards, {
      runner: this.runner,
      triggered: this.#triggered,
      config: () => upsConfig(this.name),
      ownBudgetMs,
      bootTimeMs: () => clock.bootTimeMs(),
      onLetGo: () => this.#clear(),
    });
  }

  #makeForcedShutdown(): ForcedShutdown | undefined {
    const { nutName, credentials, setsForcedShutdown } = this.declaration;
    if (!setsForcedShutdown || credentials === undefined) return undefined;
    return new ForcedShutdown({
      nutName,
      server: serverOf(this.declaration),
      credentials,
      onTrouble: (sentence) => {
        const alert: KnownAlert | undefined =
          sentence === undefined ? undefined : { level: 'critical', sentence: `${this.name}: ${sentence}` };
        this.runner.alert('cannot-set-fsd', alert);
      },
    });
  }

  #makeOutputCut(): OutputCut | undefined {
    const { nutName, credentials, cutsPower } = this.declaration;
    if (!cutsPower || credentials === undefined) return undefined;
    return new OutputCut({
      nutName,
      server: serverOf(this.declaration),
      credentials: () => readCredentials(credentials),
      haltMs: () => this.#ports.coordinatorHaltMs(),
      nowMs: () => this.#ports.clock.nowMs(),
      onHindrance: (sentence) => {
        const told = sentence && ({ level: 'warning', sentence: `${this.name}: ${sentence}` } as const);
        this.runner.alert('cannot-cut', told || undefined);
      },
      onStillUp: () =>
        void this.takeCutBack('the coordinator is still up, and its power was to be cut by now'),
    });
  }

  #onTrigger(effect: TriggerEffect): void {
    const { triggerId, cause, sentence } = effect;
    if (triggerId !== this.#lastTrigger?.effect.triggerId) {
      this.#triggers.set(cause, (this.#triggers.get(cause) ?? 0) + 1);
      this.runner.alert('not-cut', undefined);
      if (!this.isSpent) this.#loadBeforePercent = this.runner.state.reading?.loadPercent;
      this.#ports.alerts.tell(this.name, 'trigger', { level: 'critical', sentence }, true);
    }
    this.#lastTrigger = { effect, atMs: this.#ports.clock.bootTimeMs() };
    (this.#forward ?? this.#triggered).ask(effect);
  }

  /** Its trigger has ended with a look, and not with what became of a run. */
  #leaveUnfinished(): void {
    const { trigger, alerts } = this.runner.state;
    const asked = this.#lastTrigger?.effect;
    if (trigger !== undefined || asked === undefined || !Object.hasOwn(alerts, 'unfinished')) return;
    this.#lastTrigger = undefined;
    const sentence = 'mains is back, and the shutdown that failed is not asked for again';
    this.#forward?.reverse({ type: 'reverse', triggerId: asked.triggerId, sentence });
    this.#clear();
  }

  /** Nothing is asked for any more. */
  #clear(): void {
    this.#refusal = '';
    for (const key of ['refused', 'spared']) this.runner.alert(key, undefined);
  }

  #onRefused(error: HecateError | undefined): void {
    this.#refusal = error === undefined ? '' : error.message;
    const sentence = `${this.name} asks for a shutdown, and none begins: ${error?.message}; ${error?.remedy}`;
    this.runner.alert('refused', error && { level: 'critical', sentence });
  }
}

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
