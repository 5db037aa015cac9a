/**
 * One UPS of a simulated manager: the production decision and the production follower of its run, with the disk around
 * them, in the order of manager/src/power/ups-runner.ts and watched-ups.ts.
 */
import type { HecateError } from '@hecate/proto/core/errors.ts';
import { isWithoutOutput, triggeredSupplyMs } from '../../manager/src/core/power/site/triggered-supply.ts';
import { nextUpsTickMs, upsStep } from '../../manager/src/core/power/ups/ups.ts';
import type { UpsConfig } from '../../manager/src/core/power/ups/ups-config.ts';
import {
  resumedUps,
  type UpsEffect,
  type UpsInput,
  type UpsState,
} from '../../manager/src/core/power/ups/ups-state.ts';
import type { RunId, RunRequest } from '../../manager/src/core/runs/run.ts';
import type { ForwardSender } from '../../manager/src/power/forward-sender.ts';
import type { ForwardService } from '../../manager/src/power/forward-service.ts';
import type { KnownAlert, KnownRun, PowerRecord } from '../../manager/src/power/power-file.ts';
import type { ReturningUps } from '../../manager/src/power/site-return.ts';
import {
  type ReverseEffect,
  type TriggerEffect,
  TriggeredRun,
  type TriggeredRunPorts,
} from '../../manager/src/power/triggered-run.ts';
import { forwardOf } from '../../manager/src/power/ups-forward.ts';
import type { Cancel } from './operations-time.ts';
import type { Telemetry } from './power-telemetry.ts';
import type { SimulatedManager } from './runs-manager.ts';
import type { Mutation } from './runs-mutation.ts';

export interface ManagerUpsPorts {
  readonly manager: SimulatedManager;
  readonly telemetry: Telemetry;
  readonly mutation: Mutation;
  readonly kept: PowerRecord | undefined;
  readonly runs: TriggeredRunPorts['runs'];
  readonly forwards: ForwardService;
  /** How long a shutdown of this site itself takes. */
  ownBudgetMs(): number;
  config(): UpsConfig;
  /** Durable when it calls back, unless the disk refused. */
  put(record: PowerRecord, done: () => void): void;
  makeRequest(ups: ManagerUps, trigger: TriggerEffect): RunRequest | undefined;
  isWanted(by: ManagerUps, runId: RunId): boolean;
  restore(ups: ManagerUps): void;
  onLook(ups: ManagerUps): void;
  /** The effects of a step have left (I9); something asynchronous goes on. */
  onEffect(ups: ManagerUps, effect: UpsEffect): void;
  /** Why its trigger is not accepted. */
  onTrouble(ups: ManagerUps, error: HecateError): void;
  onAlert(ups: ManagerUps, key: string, alert: KnownAlert | undefined): void;
  stir(): void;
  /** Where a throw would be caught by the code that is tried, or by nobody. */
  guard(work: () => void): void;
}

type Outgoing = Exclude<UpsEffect, { type: 'persist' }>;

const fastPollMs = 1000;

export class ManagerUps {
  readonly name: string;
  state: UpsState;
  run: KnownRun | undefined;
  takenBack: string | undefined;
  readonly #ports: ManagerUpsPorts;
  readonly #triggered: TriggeredRun;
  readonly #forward: ForwardSender | undefined;
  #alerts: Readonly<Record<string, KnownAlert>>;
  #durable: UpsState;
  #mustWrite = false;
  #effects: Outgoing[] = [];
  #waiting: (() => void)[] = [];
  #isWorking = false;
  #isFast = false;
  #poll: Cancel = () => undefined;
  #pollAtMs = 0;
  #isLooking = false;
  #tick: Cancel = () => undefined;
  #lastTrigger: { readonly effect: TriggerEffect; readonly atMs: number } | undefined;

  constructor(budgetMs: number, ports: ManagerUpsPorts) {
    const { kept, manager, telemetry, makeRequest, restore, runs, guard } = ports;
    this.#ports = ports;
    this.name = telemetry.ups.name;
    this.state = resumedUps(kept?.state, this.name, manager.host.bootId, budgetMs);
    this.#durable = this.state;
    this.#alerts = kept?.alerts ?? {};
    this.run = kept?.run;
    this.takenBack = kept?.takenBack;
    this.#triggered = new TriggeredRun({
      runs,
      makeRequest: (trigger) => makeRequest(this, trigger),
      keep: (triggerId, runId) => {
        this.run = { triggerId, runId };
        return this.#written();
      },
      hear: (triggerId, event) =>
        guard(() => {
          if (this.#forward) this.#forward.localRun(triggerId, event);
          else this.input({ type: 'run', triggerId, event });
        }),
      isWanted: (runId) => ports.isWanted(this, runId),
      onTakenBack: () => guard(() => restore(this)),
      onNothingTaken: () => guard(() => void this.restored()),
      onTrouble: (error) => {
        if (error) guard(() => ports.onTrouble(this, error));
      },
      onNoReturn: () => undefined,
    });
    this.#forward = ports.forwards.link && this.#makeForward();
  }

  #makeForward(): ForwardSender {
    const { forwards, config, ownBudgetMs, manager } = this.#ports;
    return forwardOf(forwards, {
      runner: this,
      triggered: this.#triggered,
      config,
      ownBudgetMs,
      bootTimeMs: () => manager.host.clockMs(),
      onLetGo: () => undefined,
    });
  }

  /** As a forward calls it. */
  get ups(): string {
    return this.name;
  }

  alert(key: string, alert: KnownAlert | undefined): void {
    this.#ports.onAlert(this, key, alert);
  }

  get #nowMs(): number {
    return this.#ports.manager.host.clockMs();
  }

  get areHostsOff(): boolean {
    return this.state.phase === 'hosts-off';
  }

  /** What hangs on it alone is off by now, however that came. */
  get isDark(): boolean {
    return this.areHostsOff || this.isSpent || isWithoutOutput(this.state, this.#nowMs);
  }

  wants(runId: RunId): boolean {
    const { trigger } = this.state;
    if (trigger === undefined || trigger.isReversing) return false;
    return this.run?.triggerId === trigger.triggerId && this.run.runId === runId;
  }

  get isSpent(): boolean {
    return this.state.trigger?.isLast === true;
  }

  /** As whoever starts the site again sees it. */
  get returning(): ReturningUps {
    const of = (): ManagerUps => this;
    const runner: ReturningUps['runner'] = {
      get state() {
        return of().state;
      },
      get run() {
        return of().run;
      },
      alert: () => undefined,
    };
    return { name: this.name, runner };
  }

  supplyMs(): number | undefined {
    const { trigger } = this.state;
    const asked = this.#lastTrigger;
    const isUnasked = trigger && asked?.effect.triggerId !== trigger.triggerId;
    if (isUnasked && this.#ports.mutation.countsUnasked) return 0;
    return triggeredSupplyMs(this.state, asked, this.#nowMs);
  }

  start(): void {
    const { trigger } = this.state;
    const runId = this.run?.triggerId === trigger?.triggerId ? this.run?.runId : undefined;
    this.#ports.stir();
    if (this.#forward) this.#forward.start(trigger);
    else if (trigger && (trigger.isStarted || !this.#ports.mutation.forgetsAccepted))
      this.#triggered.resume(trigger.triggerId, runId, trigger.isStarted);
    this.input({ type: 'resume' });
    this.#look();
    if (this.takenBack === undefined || this.state.trigger !== undefined) return;
    if (this.#forward) void this.restored();
    else this.#ports.restore(this);
  }

  close(): void {
    this.#triggered.close();
  }

  // ── Looks ──

  #look(): void {
    const { manager, telemetry, onLook, stir } = this.#ports;
    this.#pollAtMs = this.#nowMs;
    this.#isLooking = true;
    // Until the answer is there.
    manager.process.later(5, () => {
      const { reading, failure } = telemetry.look();
      const sample = { ups: this.name, atMs: this.#nowMs, reading, failure, rejected: [] };
      this.input({ type: 'sample', sample });
      if (this.#forward) {
        stir();
        this.#forward.look();
        this.#leaveUnfinished();
      }
      onLook(this);
      this.#isLooking = false;
      this.#armPoll();
    });
  }

  #armPoll(): void {
    const { pollIntervalMs } = this.#ports.config();
    const intervalMs = this.#isFast ? Math.min(fastPollMs, pollIntervalMs) : pollIntervalMs;
    this.#poll();
    if (this.#isLooking) return;
    const delayMs = Math.max(0, this.#pollAtMs + intervalMs - this.#nowMs);
    this.#poll = this.#ports.manager.process.later(delayMs, () => this.#look());
  }

  // ── The decision ──

  input(input: UpsInput): void {
    const { manager, mutation, config } = this.#ports;
    if (!manager.isUp) return;
    const step = mutation.upsStep?.(upsStep) ?? upsStep;
    const at = { nowMs: this.#nowMs, bootId: manager.host.bootId };
    const { state, effects } = step(this.state, config(), input, at);
    this.state = state;
    if (input.type === 'run' && input.event === 'past-no-return') this.takenBack = undefined;
    for (const effect of effects) {
      if (effect.type === 'persist') this.#write(effect.state);
      else this.#effects.push(effect);
      if (effect.type === 'reverse') this.takenBack = effect.sentence;
    }
    this.#goOn();
    this.#arm();
  }

  #write(state: UpsState): void {
    this.#durable = state;
    this.#mustWrite = true;
  }

  #written(): Promise<void> {
    this.#mustWrite = true;
    const written = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#goOn();
    return written;
  }

  restored(): Promise<void> {
    this.takenBack = undefined;
    return this.#written();
  }

  #goOn(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    this.#work();
  }

  /** Of several steps the newest record stands for all: it is written before the effects of any of them leave. */
  #work(): void {
    while (this.#mustWrite || this.#effects.length > 0) {
      const effects = this.#effects.splice(0);
      const waiting = this.#waiting.splice(0);
      if (!this.#mustWrite) {
        this.#leave(effects, waiting);
        continue;
      }
      this.#mustWrite = false;
      const { run, takenBack } = this;
      const record = { state: this.#durable, run, takenBack, alerts: this.#alerts };
      this.#ports.put(record, () => {
        this.#leave(effects, waiting);
        this.#work();
      });
      return;
    }
    this.#isWorking = false;
  }

  #leave(effects: readonly Outgoing[], waiting: readonly (() => void)[]): void {
    this.#ports.stir();
    for (const resolve of waiting) resolve();
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Outgoing): void {
    this.#ports.onEffect(this, effect);
    switch (effect.type) {
      case 'trigger':
        this.#lastTrigger = { effect, atMs: this.#nowMs };
        (this.#forward ?? this.#triggered).ask(effect);
        break;
      case 'reverse':
        this.#reverse(effect);
        break;
      case 'poll-fast':
        this.#isFast = effect.isFast;
        this.#armPoll();
        break;
      default:
    }
  }

  #reverse(effect: ReverseEffect): void {
    (this.#forward ?? this.#triggered).reverse(effect);
  }

  /** Its trigger has ended with a look, and not with what became of a run. */
  #leaveUnfinished(): void {
    const asked = this.#lastTrigger?.effect;
    const { trigger, alerts } = this.state;
    if (trigger !== undefined || asked === undefined || !Object.hasOwn(alerts, 'unfinished')) return;
    this.#lastTrigger = undefined;
    const sentence = 'mains is back, and the shutdown that failed is not asked for again';
    this.#forward?.reverse({ type: 'reverse', triggerId: asked.triggerId, sentence });
  }

  #arm(): void {
    this.#tick();
    this.#tick = () => undefined;
    const nowMs = this.#nowMs;
    const atMs = nextUpsTickMs(this.state, nowMs);
    if (atMs === undefined) return;
    this.#tick = this.#ports.manager.process.later(Math.max(0, atMs - nowMs), () =>
      this.input({ type: 'tick' }),
    );
  }
}
