/** One UPS before the real decision: looks go in, what came out is kept; the manager can start anew at any moment. */
import { upsStep } from '../../../../src/core/power/ups/ups.ts';
import { type UpsConfig, upsConfig } from '../../../../src/core/power/ups/ups-config.ts';
import type { LookFailure, UpsReading, UpsSample } from '../../../../src/core/power/ups/ups-sample.ts';
import {
  resumedUps,
  type UpsEffect,
  type UpsInput,
  type UpsState,
} from '../../../../src/core/power/ups/ups-state.ts';

export const readingOf = (status: string, more: Partial<UpsReading> = {}): UpsReading => ({
  flags: status === '' ? [] : status.split(' '),
  runtimeMs: undefined,
  chargePercent: undefined,
  lowChargePercent: undefined,
  loadPercent: undefined,
  inputVoltage: undefined,
  batteryVoltage: undefined,
  refreshIntervalMs: undefined,
  device: {},
  ...more,
});

export type Told = { readonly effect: UpsEffect; readonly atMs: number };
export type TriggerEffect = Extract<UpsEffect, { type: 'trigger' }>;

export interface WorldOptions extends Partial<UpsConfig> {
  readonly budgetMs?: number;
}

/** The host has been up for a while: CLOCK_BOOTTIME is never 0 in real life. */
export const bootedMs = 5_000_000;

export class UpsWorld {
  readonly config: UpsConfig;
  readonly told: Told[] = [];
  state: UpsState;
  /** What is on the disk, as text. */
  disk: string | undefined;
  /** Since the first look. */
  nowMs = 0;
  bootId = 'boot-1';

  constructor({ budgetMs = 120_000, ...declared }: WorldOptions = {}) {
    this.config = upsConfig(declared.ups ?? 'rack-a', declared);
    this.state = resumedUps(undefined, this.config.ups, this.bootId, budgetMs);
  }

  take(input: UpsInput): readonly UpsEffect[] {
    const at = { nowMs: bootedMs + this.nowMs, bootId: this.bootId };
    const { state, effects } = upsStep(this.state, this.config, input, at);
    this.state = state;
    for (const effect of effects) {
      if (effect.type === 'persist') this.disk = JSON.stringify(effect.state);
      this.told.push({ effect, atMs: this.nowMs });
    }
    return effects;
  }

  sample(reading: UpsReading | LookFailure): readonly UpsEffect[] {
    const isReading = typeof reading !== 'string';
    const sample: UpsSample = {
      ups: this.config.ups,
      atMs: bootedMs + this.nowMs,
      reading: isReading ? reading : undefined,
      failure: isReading ? undefined : reading,
      rejected: [],
    };
    return this.take({ type: 'sample', sample });
  }

  /** Looks at the poll interval, `count` of them, the first after one interval. */
  looks(
    count: number,
    reading: UpsReading | LookFailure | ((sinceMs: number) => UpsReading),
    everyMs?: number,
  ): void {
    const intervalMs = everyMs ?? this.config.pollIntervalMs;
    for (let look = 0; look < count; look += 1) {
      this.nowMs += intervalMs;
      this.sample(typeof reading === 'function' ? reading((look + 1) * intervalMs) : reading);
    }
  }

  tick(afterMs: number): readonly UpsEffect[] {
    this.nowMs += afterMs;
    return this.take({ type: 'tick' });
  }

  /** The manager dies, and starts anew from its disk; `bootId`: the host, too. */
  restart(bootId = this.bootId): void {
    this.bootId = bootId;
    const kept = this.disk === undefined ? undefined : (JSON.parse(this.disk) as UpsState);
    this.state = resumedUps(kept, this.config.ups, bootId, this.state.budgetMs);
    this.take({ type: 'resume' });
  }

  run(event: Extract<UpsInput, { type: 'run' }>['event']): readonly UpsEffect[] {
    return this.take({ type: 'run', triggerId: this.state.trigger?.triggerId ?? '', event });
  }

  triggers(): { readonly effect: TriggerEffect; readonly atMs: number }[] {
    return this.told.flatMap(({ effect, atMs }) => (effect.type === 'trigger' ? [{ effect, atMs }] : []));
  }

  get triggerAtMs(): number | undefined {
    return this.triggers()[0]?.atMs;
  }

  alerts(): string[] {
    return this.told.flatMap(({ effect }) =>
      effect.type === 'alert' ? [`${effect.isRaised ? effect.level : 'over'} ${effect.key}`] : [],
    );
  }
}
