/** Two sites in one test: the sender's machine and the receiver's, and a wire that loses, repeats and delays. */
import { forwardStep, nextForwardTickMs } from '../../../../src/core/power/forward.ts';
import { nextReceivedTickMs, receivedStep } from '../../../../src/core/power/forward-received.ts';
import {
  initialReceived,
  type ReceivedEffect,
  type ReceivedInput,
  type ReceivedState,
  resumedReceived,
} from '../../../../src/core/power/forward-received-state.ts';
import {
  type ForwardConfig,
  type ForwardEffect,
  type ForwardInput,
  type ForwardProgress,
  type ForwardState,
  forwardConfigDefaults,
  initialForward,
  resumedForward,
} from '../../../../src/core/power/forward-state.ts';

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

/** One side alone: steps, and what came out of them. */
export class SenderBench {
  nowMs = 1000;
  state: ForwardState = initialForward('rack-a', 'boot', 'instance');
  durable: ForwardState | undefined;
  effects: ForwardEffect[] = [];
  readonly config: ForwardConfig;

  constructor(config: Partial<ForwardConfig> = {}) {
    this.config = { ...forwardConfigDefaults, ...config };
  }

  take(input: ForwardInput): ForwardEffect[] {
    const { state, effects } = forwardStep(this.state, this.config, input, {
      nowMs: this.nowMs,
      bootId: this.state.bootId,
    });
    this.state = state;
    for (const effect of effects) if (effect.type === 'persist') this.durable = effect.state;
    this.effects.push(...effects);
    return [...effects];
  }

  /** Ticks as they are wanted. */
  pass(durationMs: number): ForwardEffect[] {
    const untilMs = this.nowMs + durationMs;
    const all: ForwardEffect[] = [];
    for (;;) {
      const atMs = nextForwardTickMs(this.state, this.nowMs);
      if (atMs === undefined || atMs > untilMs) break;
      this.nowMs = Math.max(atMs, this.nowMs + 1);
      all.push(...this.take({ type: 'tick' }));
    }
    this.nowMs = untilMs;
    return all;
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

export class ReceiverBench {
  nowMs = 1000;
  state: ReceivedState = initialReceived('tethys', 'rack-a', 'boot');
  durable: ReceivedState | undefined;
  effects: ReceivedEffect[] = [];

  take(input: ReceivedInput): ReceivedEffect[] {
    const { state, effects } = receivedStep(this.state, input, {
      nowMs: this.nowMs,
      bootId: this.state.bootId,
    });
    this.state = state;
    for (const effect of effects) if (effect.type === 'persist') this.durable = effect.state;
    this.effects.push(...effects);
    return [...effects];
  }

  pass(durationMs: number): ReceivedEffect[] {
    const untilMs = this.nowMs + durationMs;
    const all: ReceivedEffect[] = [];
    for (;;) {
      const atMs = nextReceivedTickMs(this.state);
      if (atMs === undefined || atMs > untilMs) break;
      this.nowMs = Math.max(atMs, this.nowMs + 1);
      all.push(...this.take({ type: 'tick' }));
    }
    this.nowMs = untilMs;
    return all;
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
