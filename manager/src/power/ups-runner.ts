/**
 * Runs the decision of one UPS: looks and time go in, and of each step the record is durable before anything else that
 * follows from it leaves (I9).
 */
import { asHecateError, type HecateError } from '@hecate/proto/core/errors.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import { runtimeUnderLoad } from '../core/power/ups/runtime-under-load.ts';
import { alertsNow } from '../core/power/ups/status-alerts.ts';
import { nextUpsTickMs, upsStep } from '../core/power/ups/ups.ts';
import type { UpsConfig } from '../core/power/ups/ups-config.ts';
import type { UpsReading, UpsSample } from '../core/power/ups/ups-sample.ts';
import {
  type AlertLevel,
  resumedUps,
  type UpsEffect,
  type UpsInput,
  type UpsState,
} from '../core/power/ups/ups-state.ts';
import type { UpsWatcher } from '../io/nut/nut-client.ts';
import type { KnownAlert, KnownRun, PowerFile } from './power-file.ts';
import type { ReverseEffect, TriggerEffect } from './triggered-run.ts';

export interface UpsRunnerPorts {
  readonly clock: Pick<Clock, 'bootTimeMs'>;
  readonly bootId: string;
  readonly file: PowerFile;
  readonly watcher: UpsWatcher;
  /** Of the moment. */
  config(): UpsConfig;
  onTrigger(effect: TriggerEffect): void;
  onReverse(effect: ReverseEffect): void;
  /** Raised, or over. */
  onAlert(ups: string, key: string, alert: KnownAlert, isRaised: boolean): void;
  /** Nothing is decided, and why; empty: decisions are made again. */
  onInhibit(ups: string, sentence: string): void;
  /** A look has been taken in. */
  onLook(): void;
  /** It cannot be written what is decided; undefined: it can again. */
  onTrouble(error: HecateError | undefined): void;
}

/** Values that were told and not believed, by variable and reason. */
export type RejectedCounts = ReadonlyMap<string, { variable: string; reason: string; count: number }>;

/** Many batteries never tell 100. */
const fullChargePercent = 99;

/** Variables that values are rejected of are few (I14): they are those that the client reads. */
const rejectedKindsMax = 64;

export class UpsRunner {
  readonly ups: string;
  readonly rejected: RejectedCounts;
  readonly #rejected = new Map<string, { variable: string; reason: string; count: number }>();
  readonly #ports: UpsRunnerPorts;
  #state: UpsState;
  #device: Readonly<Record<string, string>> = {};
  #fullRuntimeMs: number | undefined;
  #fullReading: UpsReading | undefined;
  #alerts: Readonly<Record<string, KnownAlert>>;
  #run: KnownRun | undefined;
  #takenBack: string | undefined;
  /** As the disk is to have it. */
  #durable: UpsState;
  #mustWrite = false;
  #effects: Exclude<UpsEffect, { type: 'persist' }>[] = [];
  #waiting: (() => void)[] = [];
  #working: Promise<void> | undefined;
  #isWorking = false;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(ups: string, budgetMs: number, ports: UpsRunnerPorts) {
    const kept = ports.file.get(ups);
    this.ups = ups;
    this.rejected = this.#rejected;
    this.#ports = ports;
    this.#state = resumedUps(kept?.state, ups, ports.bootId, budgetMs);
    this.#durable = this.#state;
    this.#alerts = kept?.alerts ?? {};
    this.#run = kept?.run;
    this.#takenBack = kept?.takenBack;
  }

  get state(): UpsState {
    return this.#state;
  }

  get alerts(): Readonly<Record<string, KnownAlert>> {
    return alertsNow(this.#alerts, this.#state);
  }

  /** Of its trigger. */
  get run(): KnownRun | undefined {
    return this.#run;
  }

  get takenBack(): string | undefined {
    return this.#takenBack;
  }

  /** The runtime that it told when it was full, since the manager started; undefined: it has not. */
  get fullRuntimeMs(): number | undefined {
    return this.#fullRuntimeMs;
  }

  /** The same with the site up, as far as that is known. */
  get fullUnderLoadMs(): number | undefined {
    const [reading, runtimeMs] = [this.#fullReading, this.#fullRuntimeMs];
    if (reading === undefined || runtimeMs === undefined) return undefined;
    return runtimeUnderLoad(runtimeMs, reading, this.#state.load) ?? runtimeMs;
  }

  /** What the UPS says of itself: of its last look. */
  get device(): Readonly<Record<string, string>> {
    return this.#device;
  }

  start(): void {
    const lost = this.#ports.file.lossOf(this.ups);
    this.alert('record-lost', lost === undefined ? undefined : { level: 'critical', sentence: lost });
    this.input({ type: 'resume' });
    this.#ports.watcher.start((sample) => this.#hear(sample));
  }

  #hear(sample: UpsSample): void {
    if (this.#isClosed) return;
    if (sample.reading) this.#learn(sample.reading);
    for (const { variable, reason } of sample.rejected) this.#count(variable, reason);
    this.input({ type: 'sample', sample });
    this.#ports.onLook();
  }

  #learn(reading: UpsReading): void {
    const { device, flags, chargePercent, runtimeMs } = reading;
    this.#device = device;
    const isFull = flags.includes('OL') && chargePercent !== undefined && chargePercent >= fullChargePercent;
    if (!isFull || runtimeMs === undefined) return;
    this.#fullRuntimeMs = runtimeMs;
    this.#fullReading = reading;
  }

  #count(variable: string, reason: string): void {
    const key = `${variable} ${reason}`;
    const known = this.#rejected.get(key);
    if (known) known.count += 1;
    else if (this.#rejected.size < rejectedKindsMax) this.#rejected.set(key, { variable, reason, count: 1 });
  }

  input(input: UpsInput): void {
    if (this.#isClosed) return;
    const { clock, bootId, config } = this.#ports;
    const at = { nowMs: clock.bootTimeMs(), bootId };
    const { state, effects } = upsStep(this.#state, config(), input, at);
    this.#state = state;
    // It goes on to its end: nothing is taken back.
    if (input.type === 'run' && input.event === 'past-no-return') this.#takenBack = undefined;
    for (const effect of effects) {
      if (effect.type === 'persist') this.#write(effect.state);
      else this.#effects.push(effect);
      if (effect.type === 'alert') this.#note(effect.key, effect.isRaised ? effect : undefined);
      if (effect.type === 'reverse') this.#takenBack = effect.sentence;
    }
    this.#goOn();
    this.#arm(at.nowMs);
  }

  /** An alert that the decision does not know of; undefined: it is over. */
  alert(key: string, alert: KnownAlert | undefined): void {
    const known = this.#alerts[key];
    if (known?.sentence === alert?.sentence) return;
    this.#note(key, alert);
    this.#write(this.#durable);
    const level: AlertLevel = alert?.level ?? 'notice';
    const sentence = alert?.sentence ?? `over: ${known?.sentence ?? key}`;
    this.#effects.push({ type: 'alert', key, level, isRaised: alert !== undefined, sentence });
    this.#goOn();
  }

  /** The run of its trigger; durable when it resolves. */
  keepRun(run: KnownRun): Promise<void> {
    this.#run = run;
    return this.#written();
  }

  /** What its shutdown took down is up again, or has been given up. */
  restored(): Promise<void> {
    this.#takenBack = undefined;
    return this.#written();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#ports.watcher.stop();
    await this.#working;
  }

  #note(key: string, alert: KnownAlert | undefined): void {
    const { [key]: _before, ...others } = this.#alerts;
    this.#alerts = alert ? { ...others, [key]: { level: alert.level, sentence: alert.sentence } } : others;
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

  #goOn(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    this.#working = this.#work();
  }

  /** Of several steps the newest record stands for all: it is written before the effects of any of them leave. */
  async #work(): Promise<void> {
    while (this.#mustWrite || this.#effects.length > 0) {
      const effects = this.#effects.splice(0);
      const waiting = this.#waiting.splice(0);
      if (this.#mustWrite) await this.#put();
      for (const resolve of waiting) resolve();
      for (const effect of effects) this.#perform(effect);
    }
    // In the turn that finds nothing more to do: what comes in the next one begins anew.
    this.#isWorking = false;
  }

  /** A disk that refuses does not keep a shutdown from being asked for: the run has a journal of its own (I10). */
  async #put(): Promise<void> {
    this.#mustWrite = false;
    const { file, onTrouble } = this.#ports;
    const record = {
      state: this.#durable,
      run: this.#run,
      takenBack: this.#takenBack,
      alerts: this.#alerts,
    };
    await file.put(this.ups, record).then(
      () => onTrouble(undefined),
      (error) => onTrouble(asHecateError(error, 'HEC_STATE')),
    );
  }

  #perform(effect: Exclude<UpsEffect, { type: 'persist' }>): void {
    const { watcher, onTrigger, onReverse, onAlert, onInhibit } = this.#ports;
    switch (effect.type) {
      case 'trigger':
        onTrigger(effect);
        break;
      case 'reverse':
        onReverse(effect);
        break;
      case 'poll-fast':
        watcher.setFast(effect.isFast);
        break;
      case 'inhibit':
        onInhibit(this.ups, effect.sentence);
        break;
      case 'alert':
        onAlert(this.ups, effect.key, effect, effect.isRaised);
    }
  }

  #arm(nowMs: number): void {
    clearTimeout(this.#timer);
    const atMs = nextUpsTickMs(this.#state, nowMs);
    if (atMs === undefined || this.#isClosed) return;
    this.#timer = setTimeout(() => this.input({ type: 'tick' }), Math.max(0, atMs - nowMs));
  }
}
