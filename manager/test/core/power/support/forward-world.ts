/** Two sites in one test: the sender's machine and the receiver's, and a wire that loses, repeats and delays. */
import { forwardStep, nextForwardTickMs } from '../../../../src/core/power/forward/forward.ts';
import { nextReceivedTickMs, receivedStep } from '../../../../src/core/power/forward/forward-received.ts';
import {
  initialReceived,
  type ReceivedEffect,
  type ReceivedInput,
  type ReceivedState,
  resumedReceived,
} from '../../../../src/core/power/forward/forward-received-state.ts';
import {
  type ForwardConfig,
  type ForwardEffect,
  type ForwardInput,
  type ForwardProgress,
  type ForwardState,
  forwardConfigDefaults,
  initialForward,
  resumedForward,
} from '../../../../src/core/power/forward/forward-state.ts';

type Of<Type extends ForwardEffect['type']> = Extract<ForwardEffect, { type: Type }>;

export const trigger = (triggerId: string, timeLimitMs = 300_000) =>
  ({ type: 'trigger', triggerId, cause: 'runtime', sentence: 'no power', timeLimitMs }) as const;

export const progressOf = (over: Partial<ForwardProgress> = {}): ForwardProgress => ({
  standing: 'running',
  newestSequence: 1,
  runId: 'run-1',
  stage: 'workers',
  boundLeftMs: 120_000,
  coversSender: true,
  trouble: '',
  ...over,
});

/** What a side does with time and records is the same for both. */
abstract class Side<
  State extends { readonly bootId: string },
  Input extends { type: string },
  Effect extends { type: string },
> {
  nowMs = 1000;
  effects: Effect[] = [];
  durable: State | undefined;
  abstract state: State;

  protected abstract step(input: Input | { type: 'tick' }): { state: State; effects: readonly Effect[] };
  protected abstract nextTickMs(): number | undefined;
  protected abstract recordOf(effect: Effect): State | undefined;

  take(input: Input | { type: 'tick' }): Effect[] {
    const { state, effects } = this.step(input);
    this.state = state;
    for (const effect of effects) this.durable = this.recordOf(effect) ?? this.durable;
    this.effects.push(...effects);
    return [...effects];
  }

  /** Ticks as they are wanted. */
  pass(durationMs: number): Effect[] {
    const untilMs = this.nowMs + durationMs;
    const all: Effect[] = [];
    for (;;) {
      const atMs = this.nextTickMs();
      if (atMs === undefined || atMs > untilMs) break;
      this.nowMs = Math.max(atMs, this.nowMs + 1);
      all.push(...this.take({ type: 'tick' }));
    }
    this.nowMs = untilMs;
    return all;
  }

  protected get now(): { nowMs: number; bootId: string } {
    return { nowMs: this.nowMs, bootId: this.state.bootId };
  }
}

/** One side alone: steps, and what came out of them. */
export class SenderBench extends Side<ForwardState, ForwardInput, ForwardEffect> {
  state: ForwardState = initialForward('rack-a', 'boot', 'instance');
  readonly config: ForwardConfig;

  constructor(config: Partial<ForwardConfig> = {}) {
    super();
    this.config = { ...forwardConfigDefaults, ...config };
  }

  protected step(input: ForwardInput) {
    return forwardStep(this.state, this.config, input, this.now);
  }

  protected nextTickMs(): number | undefined {
    return nextForwardTickMs(this.state, this.nowMs);
  }

  protected recordOf(effect: ForwardEffect): ForwardState | undefined {
    return effect.type === 'persist' ? effect.state : undefined;
  }

  answer(over: Partial<ForwardProgress> = {}): ForwardEffect[] {
    const { sendingSequence: sequence } = this.state;
    return this.take({ type: 'answer', sequence, progress: progressOf(over) });
  }

  restart(bootId = this.state.bootId): void {
    this.state = resumedForward(this.durable, 'rack-a', bootId, 'instance');
  }

  of<Type extends ForwardEffect['type']>(type: Type, effects: readonly ForwardEffect[] = this.effects) {
    return effects.filter((effect): effect is Of<Type> => effect.type === type);
  }

  heard(): string[] {
    return this.of('hear').map(({ event }) => event);
  }
}

export class ReceiverBench extends Side<ReceivedState, ReceivedInput, ReceivedEffect> {
  state: ReceivedState = initialReceived('tethys', 'rack-a', 'boot');

  protected step(input: ReceivedInput) {
    return receivedStep(this.state, input, this.now);
  }

  protected nextTickMs(): number | undefined {
    return nextReceivedTickMs(this.state);
  }

  protected recordOf(effect: ReceivedEffect): ReceivedState | undefined {
    return effect.type === 'persist' ? effect.state : undefined;
  }

  forwarded(sequence: number, over: { timeLimitMs?: number | undefined; instance?: string } = {}) {
    const { instance = 'instance', timeLimitMs = 300_000 } = over;
    const told = { triggerId: `ups:rack-a:${sequence}`, cause: 'runtime', sentence: 'no power' };
    const trigger = { instance, sequence, timeLimitMs, ...told };
    return this.take({ type: 'forwarded', ticket: sequence, trigger });
  }

  withdrawn(sequence: number, instance = 'instance') {
    return this.take({ type: 'withdrawn', ticket: sequence, instance, sequence, sentence: 'mains is back' });
  }

  /** Of what it has asked for last. */
  run(event: Extract<ReceivedInput, { type: 'run' }>['event']): ReceivedEffect[] {
    return this.take({ type: 'run', triggerId: this.state.forward?.runTriggerId ?? '', event });
  }

  restart(bootId = this.state.bootId): void {
    const fresh = initialReceived('tethys', 'rack-a', bootId);
    this.state = this.durable ? resumedReceived(this.durable, bootId) : fresh;
  }

  standing(effects: readonly ReceivedEffect[]): string {
    const answers = effects.filter(({ type }) => type === 'answer');
    const [answer] = answers;
    return answers.length === 1 && answer?.type === 'answer' ? answer.standing : `${answers.length} answers`;
  }
}
