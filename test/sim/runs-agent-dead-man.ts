/** The dead man's machine of a simulated agent, as agent/src/io/dead-man-runner.ts carries its effects out. */
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import type { Operation } from '@hecate/proto/generated/wire.ts';
import type { ArmedOrder } from '../../agent/src/core/armed-order.ts';
import { deadManStep, nextDeadManTickMs } from '../../agent/src/core/dead-man.ts';
import {
  carriedOutRunId,
  type DeadManEffect,
  type DeadManInput,
  type DeadManState,
  openDeadMan,
} from '../../agent/src/core/dead-man-state.ts';
import type { Cancel } from './operations-time.ts';
import { namesOf } from './runs-agent-facts.ts';
import type { SmallFile } from './runs-disk.ts';
import type { SimulatedHost } from './runs-host.ts';
import type { SimulatedProcess } from './runs-process.ts';
import type { SimulationWorld } from './runs-world.ts';

export interface DeadManPorts {
  readonly world: SimulationWorld;
  readonly process: SimulatedProcess;
  readonly host: SimulatedHost;
  readonly file: SmallFile<ArmedOrder>;
  apply(operation: Operation): void;
  answer(ticket: number): void;
  fail(ticket: number, code: ErrorCode): void;
  tell(effect: Extract<DeadManEffect, { type: 'tell' }>): void;
}

type Opening = Omit<Parameters<typeof openDeadMan>[0], 'order' | 'bootId'>;

export class AgentDeadMan {
  #state: DeadManState | undefined;
  #timer: Cancel = () => undefined;
  readonly #ports: DeadManPorts;

  constructor(ports: DeadManPorts) {
    this.#ports = ports;
  }

  get order(): ArmedOrder | undefined {
    return this.#state?.order;
  }

  /** For the hello. */
  get carriedOutRunId(): string {
    return this.#state ? carriedOutRunId(this.#state) : '';
  }

  get isAtRest(): boolean {
    if (!this.#state) return true;
    return this.#state.order === undefined && nextDeadManTickMs(this.#state) === Number.POSITIVE_INFINITY;
  }

  open(options: Opening): void {
    const { file, host } = this.#ports;
    const opening = { ...options, bootId: host.bootId, order: file.content };
    const { state, effects } = openDeadMan(opening, { bootTimeMs: host.clockMs() });
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  close(): void {
    this.#state = undefined;
  }

  step(input: DeadManInput): void {
    const { world, host } = this.#ports;
    if (!this.#state) return;
    const step = world.mutation.deadManStep?.(deadManStep) ?? deadManStep;
    const { state, effects } = step(this.#state, input, { bootTimeMs: host.clockMs() });
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    this.#arm();
  }

  #arm(): void {
    const { host, process } = this.#ports;
    this.#timer();
    this.#timer = () => undefined;
    if (!this.#state) return;
    const atMs = nextDeadManTickMs(this.#state);
    if (atMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(1, Math.ceil(atMs - host.clockMs()));
    this.#timer = process.later(delayMs, () => this.step({ type: 'tick' }));
  }

  #perform(effect: DeadManEffect): void {
    const { process, file, world } = this.#ports;
    const persisted = (isDurable: boolean) =>
      process.run(() =>
        this.step(isDurable ? { type: 'persisted' } : { type: 'not-persisted', message: 'the disk is full' }),
      );
    switch (effect.type) {
      case 'persist':
        file.put(effect.order, persisted);
        return;
      case 'forget':
        if (world.mutation.keepsOrderFile) process.later(1, () => persisted(true));
        else file.put(undefined, persisted);
        return;
      case 'apply':
        this.#ports.apply(effect.operation);
        return;
      case 'answer':
        this.#ports.answer(effect.ticket);
        return;
      case 'answer-failure':
        this.#ports.fail(effect.ticket, effect.code);
        return;
      case 'tell':
        this.#ports.tell(effect);
        return;
      case 'name-units': {
        const { ticket, units } = effect;
        const names = new Map(units.map((unit) => [unit, namesOf(unit)] as const));
        process.later(1, () => this.step({ type: 'named', ticket, names }));
      }
    }
  }
}
