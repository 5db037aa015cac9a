/** Carries out the effects of the dead man's machine: the file, the operations, the answers, and a line in the log. */
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import type {
  ArmShutdown,
  DisarmShutdown,
  Operation,
  OperationOutcome,
} from '@hecate/proto/generated/wire.ts';
import { BootTimeTimer } from '@hecate/proto/io/boot-time-timer.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import { type ArmedOrder, operationWords } from '../core/armed-order.ts';
import { deadManStep, nextDeadManTickMs } from '../core/dead-man.ts';
import {
  carriedOutRunId,
  type DeadManEffect,
  type DeadManInput,
  type DeadManState,
  openDeadMan,
} from '../core/dead-man-state.ts';
import { nameNode } from '../core/operation-outcomes.ts';
import type { Policy } from '../core/policy.ts';
import type { UnitNamesAnswer } from '../core/policy-decision.ts';
import type { ArmedOrderStore } from './armed-order-file.ts';
import type { LogFields, Logger } from './logger.ts';

export interface DeadManOptions {
  readonly nodeName: string;
  readonly store: ArmedOrderStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly bootId: string;
  readonly ownUnit: string;
  readonly policy: Policy;
  readonly highestEpoch: number;
  /** Through the operation machine and its journal (I2). */
  readonly apply: (operation: Operation) => Promise<OperationOutcome>;
  /** Never rejects. */
  readonly unitNames: (unit: string) => Promise<UnitNamesAnswer>;
}

/** How late a host that was suspended notices that its order is due. */
const lookIntervalMs = 10_000;

interface Waiting {
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: HecateError) => void;
}

type Effect<Type extends DeadManEffect['type']> = Extract<DeadManEffect, { type: Type }>;

export class DeadManRunner {
  readonly #options: DeadManOptions;
  #state: DeadManState;
  readonly #waiting = new Map<number, Waiting>();
  #nextTicket = 1;
  readonly #timer: BootTimeTimer;
  #isClosed = false;

  constructor(options: DeadManOptions) {
    this.#options = options;
    this.#timer = new BootTimeTimer(options.clock, lookIntervalMs, () => this.#step({ type: 'tick' }));
    const { bootId, ownUnit, policy, highestEpoch, store } = options;
    const opening = { bootId, ownUnit, policy, highestEpoch, order: store.order };
    const { state, effects } = openDeadMan(opening, this.#instant());
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    this.#arm();
  }

  /** For status reports: a line that a person can read, or none. */
  get summary(): string[] {
    const { order, carriedOut, isSessionOpen } = this.#state;
    if (carriedOut) return [`Armed=run ${carriedOut.runId}: carried out, not withdrawn yet`];
    if (!order) return [];
    const count = `${order.operations.length} operations`;
    if (order.begunAtClockMs !== null)
      return [`Armed=run ${order.runId}: begun, ${order.next} of ${count} are over`];
    const leftMs = order.beginAtClockMs - this.#instant().bootTimeMs;
    const when = leftMs > 0 ? `in ${formatDuration(leftMs)}` : `since ${formatDuration(-leftMs)}`;
    const whether = isSessionOpen ? 'unless a manager is there' : 'no manager is there';
    return [`Armed=run ${order.runId}: ${count}, due ${when}, ${whether}`];
  }

  /** The run whose order has powered this host off in an earlier boot; empty: none. */
  get carriedOutRunId(): string {
    return carriedOutRunId(this.#state);
  }

  /** The run whose order is held, begun or not; empty: none. */
  get armedRunId(): string {
    return this.#state.order?.runId ?? '';
  }

  arm(order: ArmShutdown): Promise<Outcome> {
    return this.#serve((ticket) => ({ type: 'arm', ticket, order }));
  }

  disarm({ runId, epoch }: DisarmShutdown): Promise<Outcome> {
    return this.#serve((ticket) => ({ type: 'disarm', ticket, runId, epoch }));
  }

  /** @param isOpen with a manager of the highest epoch */
  sessionChanged(isOpen: boolean): void {
    this.#step({ type: 'session', isOpen });
  }

  busChanged(isConnected: boolean): void {
    this.#step({ type: 'bus', isConnected });
  }

  raiseEpoch(epoch: number): void {
    this.#step({ type: 'epoch', epoch });
  }

  setPolicy(policy: Policy): void {
    this.#step({ type: 'policy', policy });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer.stop();
  }

  #instant() {
    return { bootTimeMs: this.#options.clock.bootTimeMs() };
  }

  #serve(makeInput: (ticket: number) => DeadManInput): Promise<Outcome> {
    const ticket = this.#nextTicket;
    this.#nextTicket += 1;
    return new Promise<Outcome>((resolve, reject) => {
      this.#waiting.set(ticket, { resolve, reject });
      this.#step(makeInput(ticket));
    });
  }

  #step(input: DeadManInput): void {
    if (this.#isClosed) return;
    const { state, effects } = deadManStep(this.#state, input, this.#instant());
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    this.#arm();
  }

  #perform(effect: DeadManEffect): void {
    const { store } = this.#options;
    switch (effect.type) {
      case 'name-units':
        void this.#nameUnits(effect);
        return;
      case 'persist':
        this.#persisted(store.save(effect.order));
        return;
      case 'forget':
        this.#persisted(store.remove());
        return;
      case 'apply':
        void this.#apply(effect.operation);
        return;
      case 'answer':
        this.#take(effect.ticket)?.resolve({ case: 'done', value: {} });
        return;
      case 'answer-failure': {
        const remedy = nameNode(effect.remedy, this.#options.nodeName);
        this.#take(effect.ticket)?.reject(new HecateError(effect.code, effect.message, remedy));
        return;
      }
      case 'tell':
        this.#tell(effect);
    }
  }

  #persisted(written: Promise<void>): void {
    written.then(
      () => this.#step({ type: 'persisted' }),
      (thrown) => this.#step({ type: 'not-persisted', message: asHecateError(thrown).message }),
    );
  }

  async #nameUnits({ ticket, units }: Effect<'name-units'>): Promise<void> {
    const { unitNames } = this.#options;
    const answers = await Promise.all(units.map(async (unit) => [unit, await unitNames(unit)] as const));
    this.#step({ type: 'named', ticket, names: new Map(answers) });
  }

  async #apply(operation: Operation): Promise<void> {
    try {
      const outcome = await this.#options.apply(operation);
      this.#step({ type: 'operation-ended', outcome });
    } catch (thrown) {
      // Nobody cancels these: the machine gives it up at its time.
      const why = asHecateError(thrown).message;
      this.#options.log.error('an operation of the order was not answered', { opId: operation.opId, why });
    }
  }

  #take(ticket: number): Waiting | undefined {
    const waiting = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    return waiting;
  }

  #tell(told: Effect<'tell'>): void {
    const { log } = this.#options;
    const { order } = told;
    switch (told.event) {
      case 'armed':
      case 'renewed':
        log.info(`an order of a shutdown is ${told.event}: ${whenWords}`, this.#describe(order));
        return;
      case 'void':
        log.warn('an order of a shutdown is void: it is of a boot before this one', this.#describe(order));
        return;
      case 'carried-out':
        log.warn('an order of a shutdown has powered this host off: its manager is told', {
          run: order?.runId,
        });
        return;
      case 'begun':
        log.warn(
          'the order of a shutdown begins: it is time, and no manager is there',
          this.#describe(order),
        );
        return;
      case 'resumed':
        log.warn('the order of a shutdown had begun, and goes on', this.#describe(order));
        return;
      case 'manager-back':
        log.warn('a manager is back; the order goes on until it is withdrawn', this.#describe(order));
        return;
      case 'withdrawn':
        log.info('the order of a shutdown is withdrawn', this.#describe(order));
        return;
      case 'finished':
        log.warn('the order of a shutdown is carried out', this.#describe(order));
        return;
      case 'operation-ended':
        this.#tellOutcome(order, told.index, told.outcome);
        return;
      case 'given-up':
        log.error('no answer came to an operation of the order, and it goes on', {
          ...stepOf(order, told.index),
          opId: told.opId,
        });
        return;
      case 'not-recorded':
        log.error(notRecorded[told.what], { run: order?.runId, why: told.message });
    }
  }

  #tellOutcome(order: ArmedOrder | undefined, index: number, outcome: OperationOutcome): void {
    const { opId, status, result, code, message } = outcome;
    const fields = { ...stepOf(order, index), opId, status, result, code, why: message };
    const text = 'an operation of the order has ended';
    if (status === 'done') this.#options.log.info(text, fields);
    else this.#options.log.error(text, fields);
  }

  #describe(order: ArmedOrder | undefined): LogFields {
    if (!order) return {};
    const dueInS = inSeconds(order.beginAtClockMs - this.#instant().bootTimeMs);
    const operations = order.operations.map(operationWords).join(', ');
    return { run: order.runId, reason: order.reason, epoch: order.epoch, operations, dueInS };
  }

  #arm(): void {
    if (!this.#isClosed) this.#timer.arm(nextDeadManTickMs(this.#state));
  }
}

const whenWords = 'it is carried out at its time if no manager is there';

const notRecorded = {
  arm: 'the order of a shutdown could not be recorded, and is not armed',
  disarm: 'the file of an order that was withdrawn could not be removed',
  progress: 'how far the order is could not be recorded; it goes on',
  discard: 'the file of an order that is over could not be removed',
} as const;

const inSeconds = (ms: number): number => Math.round(ms / 1000);

function stepOf(order: ArmedOrder | undefined, index: number): LogFields {
  const operation = order?.operations[index];
  return { run: order?.runId, operation: operation && operationWords(operation), step: index + 1 };
}
