/** A step of one UPS in the making: the state so far, and the effects in their order. */
import type { Threshold } from './threshold.ts';
import type { UpsConfig } from './ups-config.ts';
import { thresholdFor } from './ups-estimate.ts';
import {
  type AlertLevel,
  durableOf,
  type UpsEffect,
  type UpsInstant,
  type UpsPhase,
  type UpsState,
  type UpsStep,
} from './ups-state.ts';

/** What is still there is said again, for ever. */
const repeatAlertMs = 3_600_000;

export class UpsDraft {
  readonly before: UpsState;
  readonly config: UpsConfig;
  readonly nowMs: number;
  state: UpsState;
  private readonly effects: UpsEffect[] = [];

  constructor(state: UpsState, config: UpsConfig, at: UpsInstant) {
    this.before = state;
    this.state = state;
    this.config = config;
    this.nowMs = at.nowMs;
  }

  set(changes: Partial<UpsState>): void {
    this.state = { ...this.state, ...changes };
  }

  enter(phase: UpsPhase): void {
    if (phase !== this.state.phase) this.set({ phase, phaseSinceMs: this.nowMs });
  }

  send(effect: UpsEffect): void {
    this.effects.push(effect);
  }

  /** Said once, and again every hour while it lasts. */
  raise(key: string, level: AlertLevel, sentence: string): void {
    const saidAtMs = Object.hasOwn(this.state.alerts, key) ? this.state.alerts[key] : undefined;
    if (saidAtMs !== undefined && this.nowMs - saidAtMs < repeatAlertMs) return;
    this.set({ alerts: sorted({ ...this.state.alerts, [key]: this.nowMs }) });
    this.send({ type: 'alert', key, level, isRaised: true, sentence });
  }

  clear(key: string, sentence: string): void {
    if (!Object.hasOwn(this.state.alerts, key)) return;
    const { [key]: _over, ...alerts } = this.state.alerts;
    this.set({ alerts });
    this.send({ type: 'alert', key, level: 'notice', isRaised: false, sentence });
  }

  setFast(isFast: boolean): void {
    if (isFast === this.state.isFast) return;
    this.set({ isFast });
    this.send({ type: 'poll-fast', isFast });
  }

  inhibit(sentence: string): void {
    if (sentence === this.state.inhibition) return;
    this.set({ inhibition: sentence });
    this.send({ type: 'inhibit', sentence });
  }

  get threshold(): Threshold {
    return thresholdFor(this.state, this.config);
  }

  /** The record goes ahead of what follows from it (I9); a look that changes nothing durable writes nothing. */
  step(): UpsStep {
    const durable = durableOf(this.state);
    const isNew =
      this.state !== this.before && JSON.stringify(durable) !== JSON.stringify(durableOf(this.before));
    const record: UpsEffect[] = isNew ? [{ type: 'persist', state: durable }] : [];
    return { state: this.state, effects: [...record, ...this.effects] };
  }
}

const sorted = (alerts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(alerts).sort(([one], [other]) => (one < other ? -1 : 1)));
