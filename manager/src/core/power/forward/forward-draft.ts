/** A step of a forward in the making: the state so far, and the effects in their order. */
import {
  durableForward,
  type Forward,
  type ForwardConfig,
  type ForwardEffect,
  type ForwardInstant,
  type ForwardState,
  type ForwardStep,
} from './forward-state.ts';

export class ForwardDraft {
  readonly config: ForwardConfig;
  readonly nowMs: number;
  state: ForwardState;
  private readonly before: ForwardState;
  private readonly effects: ForwardEffect[] = [];

  constructor(state: ForwardState, config: ForwardConfig, at: ForwardInstant) {
    this.before = state;
    this.state = state;
    this.config = config;
    this.nowMs = at.nowMs;
  }

  set(changes: Partial<ForwardState>): void {
    this.state = { ...this.state, ...changes };
  }

  change(changes: Partial<Forward>): void {
    const { forward } = this.state;
    if (forward) this.set({ forward: { ...forward, ...changes } });
  }

  send(effect: ForwardEffect): void {
    this.effects.push(effect);
  }

  raise(key: string, sentence: string): void {
    if (this.state.alerts.includes(key)) return;
    this.set({ alerts: [...this.state.alerts, key].sort() });
    this.send({ type: 'alert', key, isRaised: true, sentence });
  }

  clear(key: string, sentence: string): void {
    if (!this.state.alerts.includes(key)) return;
    this.set({ alerts: this.state.alerts.filter((each) => each !== key) });
    this.send({ type: 'alert', key, isRaised: false, sentence });
  }

  /** The record goes ahead of what follows from it (I9). */
  step(): ForwardStep {
    const durable = durableForward(this.state);
    const isNew = JSON.stringify(durable) !== JSON.stringify(durableForward(this.before));
    const record: ForwardEffect[] = isNew ? [{ type: 'persist', state: durable }] : [];
    return { state: this.state, effects: [...record, ...this.effects] };
  }
}
