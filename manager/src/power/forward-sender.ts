/**
 * Runs the forward of one UPS: what the decision asks for, answers and time go in, and of each step the record is
 * durable before anything else that follows from it leaves (I9).
 */
import { asHecateError, type HecateError } from '@hecate/proto/core/errors.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import { forwardStep, nextForwardTickMs } from '../core/power/forward/forward.ts';
import { sayForward } from '../core/power/forward/forward-sentence.ts';
import {
  type ForwardConfig,
  type ForwardEffect,
  type ForwardInput,
  type ForwardProgress,
  type ForwardRunEvent,
  type ForwardState,
  type OwnSupply,
  resumedForward,
} from '../core/power/forward/forward-state.ts';
import { type After, after } from '../io/after.ts';
import type { ForwardFile } from './forward-file.ts';
import type { KnownAlert } from './power-file.ts';
import type { ReverseEffect, TriggerEffect } from './triggered-run.ts';

export type Send = Extract<ForwardEffect, { type: 'send' }>;
export type HeardEvent = Extract<ForwardEffect, { type: 'hear' }>['event'];

export interface ForwardSenderPorts {
  readonly clock: Pick<Clock, 'bootTimeMs'>;
  readonly bootId: string;
  readonly file: ForwardFile;
  /** Of the system, unless another is given. */
  readonly after?: After;
  config(): ForwardConfig;
  /** @throws why it was not answered */
  send(ups: string, instance: string, send: Send): Promise<ForwardProgress>;
  /** What the decision hears of its trigger. */
  hear(triggerId: string, event: HeardEvent): void;
  /** Mains is back, and what was forwarded is over. */
  onRecovered(): void;
  /** It was taken back, and nothing has to be started again. */
  onLetGo(): void;
  /** What the battery is good for. @param deadlineAtMs what the trigger says of it */
  supply(deadlineAtMs: number | undefined): OwnSupply;
  /** This host's own shutdown. */
  readonly local: {
    resume(triggerId: string): void;
    ask(trigger: TriggerEffect): void;
    reverse(reversal: ReverseEffect): void;
  };
  alert(key: string, alert: KnownAlert | undefined): void;
  /** It cannot be written; undefined: it can again. */
  onTrouble(error: HecateError | undefined): void;
}

/** Since the manager started. */
export interface ForwardCounts {
  sent: number;
  acknowledged: number;
  withdrawn: number;
  local: number;
}

export class ForwardSender {
  readonly counts: ForwardCounts = { sent: 0, acknowledged: 0, withdrawn: 0, local: 0 };
  readonly #ports: ForwardSenderPorts;
  #state: ForwardState;
  #acknowledgedAfterMs: number | undefined;
  #queue: ForwardEffect[] = [];
  #working: Promise<void> | undefined;
  #cancelTick: () => void = () => undefined;
  #isClosed = false;

  constructor(ups: string, ports: ForwardSenderPorts) {
    const { file, bootId } = ports;
    this.#ports = ports;
    this.#state = resumedForward(file.sent(ups), ups, bootId, file.instance);
  }

  get state(): ForwardState {
    return this.#state;
  }

  /** How long the newest acknowledgement took; undefined: none since the manager started. */
  get acknowledgedAfterMs(): number | undefined {
    return this.#acknowledgedAfterMs;
  }

  /** What becomes of it, for people; empty: nothing is forwarded. */
  sentence(receiver: string): string {
    return sayForward(this.#state, receiver, this.#ports.clock.bootTimeMs());
  }

  /** After a start. @param open what the decision has open */
  start(open: { readonly triggerId: string; readonly isStarted: boolean } | undefined): void {
    const { local } = this.#state;
    if (local && !local.isOver) this.#ports.local.resume(local.triggerId);
    this.#input({ type: 'resume', open });
  }

  ask({ triggerId, cause, sentence, timeLimitMs }: TriggerEffect): void {
    if (this.#state.forward?.triggerId !== triggerId) this.counts.sent += 1;
    this.#input({ type: 'trigger', triggerId, cause, sentence, timeLimitMs });
    this.look();
  }

  reverse({ triggerId, sentence }: ReverseEffect): void {
    this.#input({ type: 'reverse', triggerId, sentence });
  }

  /** A look has been taken in. */
  look(): void {
    if (this.#state.forward === undefined) return;
    this.#input({ type: 'supply', supply: this.#ports.supply(this.#state.forward.deadlineAtMs) });
  }

  /** What became of this host's own shutdown. */
  localRun(triggerId: string, event: ForwardRunEvent): void {
    this.#input({ type: 'local-run', triggerId, event });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTick();
    await this.#working;
  }

  #input(input: ForwardInput): void {
    if (this.#isClosed) return;
    const { clock, bootId, config, after: later = after } = this.#ports;
    const nowMs = clock.bootTimeMs();
    const { state, effects } = forwardStep(this.#state, config(), input, { nowMs, bootId });
    this.#state = state;
    this.#queue.push(...effects);
    if (this.#queue.length > 0) this.#working ??= this.#work();
    this.#cancelTick();
    const atMs = nextForwardTickMs(this.#state, nowMs);
    if (atMs === undefined || this.#isClosed) return;
    this.#cancelTick = later(Math.max(1, atMs - nowMs), () => this.#tick());
  }

  /** Time goes by for the battery, too: what was looked at last is counted down. */
  #tick(): void {
    this.look();
    this.#input({ type: 'tick' });
  }

  async #work(): Promise<void> {
    for (let effect = this.#queue.shift(); effect; effect = this.#queue.shift()) await this.#perform(effect);
    // In the turn that finds the queue empty: what comes in the next one begins anew.
    this.#working = undefined;
  }

  /** A disk that refuses does not keep a trigger from being forwarded: the receiver has a disk of its own (I10). */
  async #perform(effect: ForwardEffect): Promise<void> {
    const { file, hear, onRecovered, onTrouble, alert, local } = this.#ports;
    switch (effect.type) {
      case 'persist':
        await file.putSent(effect.state).then(
          () => onTrouble(undefined),
          (error) => onTrouble(asHecateError(error, 'HEC_STATE')),
        );
        return;
      case 'send':
        void this.#send(effect);
        return;
      case 'hear':
        this.#tellDecision(effect);
        hear(effect.triggerId, effect.event);
        return;
      case 'recovered':
        onRecovered();
        return;
      case 'local': {
        const { triggerId, sentence, timeLimitMs } = effect;
        this.counts.local += 1;
        local.ask({ type: 'trigger', triggerId, cause: 'runtime', sentence, slackMs: 0, timeLimitMs });
        return;
      }
      case 'local-reverse':
        local.reverse({ type: 'reverse', triggerId: effect.triggerId, sentence: effect.sentence });
        return;
      case 'acknowledged':
        this.counts.acknowledged += 1;
        this.#acknowledgedAfterMs = effect.afterMs;
        return;
      case 'alert':
        alert(effect.key, effect.isRaised ? { level: 'critical', sentence: effect.sentence } : undefined);
    }
  }

  #tellDecision({ event }: Extract<ForwardEffect, { type: 'hear' }>): void {
    if (event !== 'failed') return;
    this.counts.withdrawn += 1;
    this.#ports.onLetGo();
  }

  async #send(effect: Send): Promise<void> {
    const { sequence } = effect;
    try {
      const progress = await this.#ports.send(this.#state.ups, this.#state.instance, effect);
      this.#input({ type: 'answer', sequence, progress });
    } catch (thrown) {
      this.#input({ type: 'unanswered', sequence, why: asHecateError(thrown).message });
    }
  }
}
