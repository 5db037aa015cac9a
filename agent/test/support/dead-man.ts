/** Short ways to make orders, and to drive the dead man's machine in tests. */
import {
  type ArmShutdown,
  createArmedOperation,
  createArmShutdown,
  createOperationOutcome,
  createVerbOptions,
  type OperationOutcome,
} from '@hecate/proto/generated/wire.ts';
import type { ArmedOrder } from '../../src/core/armed-order.ts';
import { deadManStep } from '../../src/core/dead-man.ts';
import {
  type DeadManEffect,
  type DeadManInput,
  type DeadManState,
  openDeadMan,
} from '../../src/core/dead-man-state.ts';
import { defaultPolicy, type Policy } from '../../src/core/policy.ts';
import { opId, ownUnit } from './operations.ts';

export const runId = opId(77);
export const openPolicy: Policy = { ...defaultPolicy, exec: true, poweroff: true };

export const part = (fields: Partial<ArmShutdown> = {}): ArmShutdown =>
  createArmShutdown({
    runId,
    epoch: 5,
    beginAtClockMs: 600_000,
    reason: 'on battery',
    operations: [
      createArmedOperation({ verb: 'stop', unit: 'k3s.service', timeLimitMs: 90_000 }),
      createArmedOperation({
        verb: 'exec',
        options: createVerbOptions({ argv: ['sync'] }),
        timeLimitMs: 20_000,
      }),
      createArmedOperation({ verb: 'poweroff', timeLimitMs: 30_000 }),
    ],
    ...fields,
  });

export const armedOrder = (fields: Partial<ArmedOrder> = {}): ArmedOrder => ({
  version: 1,
  runId,
  epoch: 5,
  bootId: 'boot-1',
  armedAtClockMs: 500_000,
  beginAtClockMs: 600_000,
  operations: part().operations,
  reason: 'on battery',
  begunAtClockMs: null,
  next: 0,
  isPoweroffTaken: false,
  ...fields,
});

export const ended = (id: string, fields: Partial<OperationOutcome> = {}): OperationOutcome =>
  createOperationOutcome({ opId: id, status: 'done', result: 'done', ...fields });

type Told = Extract<DeadManEffect, { type: 'tell' }>;

/** The machine, its clock, its file, and what it has let out. The disk answers at once unless a test stops it. */
export class DeadManDriver {
  state: DeadManState;
  bootTimeMs: number;
  file: ArmedOrder | undefined;
  /** full: it refuses · silent: it does not answer. */
  disk: 'well' | 'full' | 'silent' = 'well';
  /** Whether systemd says at once that units have no other names. */
  tellsNames = true;
  readonly effects: DeadManEffect[] = [];
  #ticket = 0;

  constructor(
    options: {
      order?: ArmedOrder;
      policy?: Policy;
      bootId?: string;
      bootTimeMs?: number;
      epoch?: number;
    } = {},
  ) {
    const { order, policy = openPolicy, bootId = 'boot-1', bootTimeMs = 500_000, epoch = 5 } = options;
    this.bootTimeMs = bootTimeMs;
    this.file = order;
    const opening = { bootId, ownUnit, policy, highestEpoch: epoch, order };
    const { state, effects } = openDeadMan(opening, { bootTimeMs });
    this.state = state;
    this.#take(effects);
  }

  step(input: DeadManInput): readonly DeadManEffect[] {
    const before = this.effects.length;
    const { state, effects } = deadManStep(this.state, input, { bootTimeMs: this.bootTimeMs });
    this.state = state;
    this.#take(effects);
    return this.effects.slice(before);
  }

  #take(effects: readonly DeadManEffect[]): void {
    for (const effect of effects) {
      this.effects.push(effect);
      if (effect.type === 'name-units' && this.tellsNames) this.#name(effect);
      if (effect.type === 'persist' || effect.type === 'forget') this.#write(effect);
    }
  }

  #name({ ticket, units }: Extract<DeadManEffect, { type: 'name-units' }>): void {
    const known = { case: 'known', unitNames: undefined } as const;
    this.step({ type: 'named', ticket, names: new Map(units.map((unit) => [unit, known])) });
  }

  #write(effect: Extract<DeadManEffect, { type: 'persist' | 'forget' }>): void {
    if (this.disk === 'silent') return;
    if (this.disk === 'full') {
      this.step({ type: 'not-persisted', message: 'no space' });
      return;
    }
    this.file = effect.type === 'persist' ? effect.order : undefined;
    this.step({ type: 'persisted' });
  }

  arm(fields: Partial<ArmShutdown> = {}): readonly DeadManEffect[] {
    this.#ticket += 1;
    return this.step({ type: 'arm', ticket: this.#ticket, order: part(fields) });
  }

  disarm(fields: { runId?: string; epoch?: number } = {}): readonly DeadManEffect[] {
    this.#ticket += 1;
    return this.step({ type: 'disarm', ticket: this.#ticket, runId, epoch: 5, ...fields });
  }

  /** A session and a bus, as before an order comes. */
  connect(): this {
    this.step({ type: 'bus', isConnected: true });
    this.step({ type: 'session', isOpen: true });
    return this;
  }

  session(isOpen: boolean): readonly DeadManEffect[] {
    return this.step({ type: 'session', isOpen });
  }

  at(bootTimeMs: number): readonly DeadManEffect[] {
    this.bootTimeMs = bootTimeMs;
    return this.step({ type: 'tick' });
  }

  /** The operation that is under way has ended. */
  end(fields: Partial<OperationOutcome> = {}): readonly DeadManEffect[] {
    const id = this.applied.at(-1)?.opId ?? '';
    return this.step({ type: 'operation-ended', outcome: ended(id, fields) });
  }

  get applied() {
    return this.effects.flatMap((effect) => (effect.type === 'apply' ? [effect.operation] : []));
  }

  /** "stop k3s.service", in the order they were let out. */
  get verbs(): string[] {
    return this.applied.map(({ verb, unit }) => `${verb} ${unit}`.trimEnd());
  }

  get told(): Told['event'][] {
    return this.effects.flatMap((effect) => (effect.type === 'tell' ? [effect.event] : []));
  }
}
