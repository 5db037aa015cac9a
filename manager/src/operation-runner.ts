/** Runs the operations machine: journal, agents' sessions, callers and one timer on the outside of it. */
import { asHecateError, type HecateError } from '@hecate/proto/core/errors.ts';
import type { Item } from '@hecate/proto/core/frames.ts';
import { type NodeName, type OpId, timeOfOpIdMs } from '@hecate/proto/core/names.ts';
import {
  createKnownOperation,
  createOperation,
  type KnownOperation,
  type OperationOutcome,
} from '@hecate/proto/generated/wire.ts';
import type { Session } from '@hecate/proto/io/session-host.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import {
  nextOperationTickMs,
  noOperations,
  type OperationRequest,
  type OperationsEffect,
  type OperationsInput,
  type OperationsState,
  operationsStep,
} from './core/operations.ts';
import type { OperationHistory } from './operation-history.ts';
import type { OperationJournal } from './operation-journal.ts';

export interface OperationRunnerPorts {
  readonly clock: Clock;
  readonly journal: OperationJournal;
  readonly history: OperationHistory;
  readonly epoch: number;
  /** The open session of a node, if there is one. */
  sessionOf(node: NodeName): Session | undefined;
  /** Every outcome, also the late ones; `isLate`: the caller was told something vaguer before. */
  onOutcome(request: OperationRequest, outcome: OperationOutcome, isLate: boolean): void;
  /** The journal could not take a record; or it can again. */
  onJournal(trouble: HecateError | undefined): void;
  /** Of one that was cut off, or sent by an earlier start: its agent says that it is being carried out. */
  onRunning?(opId: OpId): void;
}

export interface SubmitOptions {
  /** The outcome of one that cannot be sent at all: its node is offline, say. */
  readonly refusal: OperationOutcome | undefined;
  /** Output of exec. */
  readonly onItem?: (item: Item) => void | Promise<void>;
  /** What was not sent yet is not sent; an exec is ended; other verbs go on, because systemd does. */
  readonly signal?: AbortSignal;
  /** Sent although the journal does not take it: for what has been decided and cannot wait for a disk. */
  readonly isSentUnrecorded?: boolean;
}

interface Waiter {
  readonly resolve: (outcome: OperationOutcome) => void;
  readonly options: SubmitOptions;
}

/** After the agent's own time limit it has this long to say so. */
const answerSlackMs = 250;
/** How long an agent may take to say what it knows of operations that were cut off. */
const resolveTimeLimitMs = 10_000;
const resolveBatch = 500;

export class OperationRunner {
  readonly #state: OperationsState = noOperations();
  readonly #ports: OperationRunnerPorts;
  readonly #waiters = new Map<OpId, Waiter>();
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  /** Inputs that came while the effects of another were carried out: one after the other. */
  readonly #inputs: OperationsInput[] = [];
  #isStepping = false;
  /** What a node is to be asked next; nodes without a question in flight are not in it. */
  readonly #toResolve = new Map<NodeName, Set<OpId>>();
  #isClosed = false;
  #latestOperationMs = 0;

  constructor(ports: OperationRunnerPorts, open: readonly OperationRequest[]) {
    this.#ports = ports;
    for (const request of open) {
      this.#noteTime(request);
      this.#step({ type: 'replayed', request });
    }
  }

  /** The latest time in an operation id that was open at the start or asked for since. Wall clock; 0: none was. */
  get latestOperationMs(): number {
    return this.#latestOperationMs;
  }

  /** Always resolves, at the latest when the request's time limit is over. */
  submit(request: OperationRequest, options: SubmitOptions): Promise<OperationOutcome> {
    this.#noteTime(request);
    return new Promise((resolve) => {
      const { opId } = request;
      const onAbort = () => this.#step({ type: 'given-up', opId });
      options.signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.set(opId, {
        options,
        resolve: (outcome) => {
          options.signal?.removeEventListener('abort', onAbort);
          resolve(outcome);
        },
      });
      this.#step({ type: 'submit', nowMs: this.#now(), request, refusal: options.refusal });
      if (options.signal?.aborted) onAbort();
    });
  }

  /** The agent is back: asks it for everything that was cut off. */
  nodeOnline(node: NodeName): void {
    this.#step({ type: 'node-online', nowMs: this.#now(), node });
  }

  /**
   * Resolves when what the agent reported is durable here, so that the agent may forget it. What it says of other
   * nodes' operations, or of none of ours, is not heard.
   */
  async reported(node: NodeName, outcomes: readonly OperationOutcome[]): Promise<void> {
    const own = outcomes.filter(({ opId }) => this.#requestOf(opId as OpId)?.node === node);
    for (const outcome of own) this.#step({ type: 'reported', nowMs: this.#now(), outcome });
    await Promise.all(own.map((outcome) => this.#ports.journal.settle(outcome.opId as OpId, outcome)));
  }

  #requestOf(opId: OpId): OperationRequest | undefined {
    return (this.#state.records.get(opId) ?? this.#ports.history.get(opId))?.request;
  }

  /** Those without a last word, then the newest that are over; newest first, at most `max` of both. */
  recent(max: number): KnownOperation[] {
    const ids = [...this.#ports.history.all()].map(({ request }) => request.opId);
    const open = [...this.#state.records.keys()].reverse();
    const chosen = [...open, ...ids.reverse()].slice(0, max);
    return chosen.map((opId) => this.known(opId)).filter((known) => known !== undefined);
  }

  known(opId: OpId): KnownOperation | undefined {
    const record = this.#state.records.get(opId);
    const past = this.#ports.history.get(opId);
    const request = record?.request ?? past?.request;
    if (!request) return undefined;
    const outcome = record ? record.outcome : past?.outcome;
    const { node, unit, verb, requestedBy, requestedMs } = request;
    return createKnownOperation({ opId, node, unit, verb, requestedBy, requestedMs, outcome });
  }

  /** The node was revoked, or taken out of the site: nobody will tell how its operations ended. */
  nodeRemoved(node: NodeName): void {
    this.#step({ type: 'node-removed', node });
  }

  /** Whether its last word is still to come. */
  isOpen(opId: OpId): boolean {
    return this.#state.records.has(opId);
  }

  /** Whether it is open, and systemd has taken it. */
  isAccepted(opId: OpId): boolean {
    return this.#state.records.get(opId)?.isAccepted === true;
  }

  /** Operations without a final outcome. */
  openCount(): number {
    return this.#state.records.size;
  }

  /** What is still in flight is asked for after the next start. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #noteTime({ opId }: OperationRequest): void {
    this.#latestOperationMs = Math.max(this.#latestOperationMs, timeOfOpIdMs(opId));
  }

  #now(): number {
    return this.#ports.clock.nowMs();
  }

  #step(input: OperationsInput): void {
    this.#inputs.push(input);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
        const { effects } = operationsStep(this.#state, next);
        for (const effect of effects) this.#perform(effect);
      }
    } finally {
      this.#isStepping = false;
    }
    this.#arm();
  }

  #perform(effect: OperationsEffect): void {
    switch (effect.type) {
      case 'record':
        void this.#record(effect.request);
        return;
      case 'send':
        void this.#send(effect.request, effect.timeLimitMs);
        return;
      case 'settled':
        this.#ports.history.add({ request: effect.request, outcome: effect.outcome });
        this.#ports.journal
          .settle(effect.request.opId, effect.outcome)
          .catch((error) => this.#ports.onJournal(asHecateError(error, 'HEC_STATE')));
        return;
      case 'audit':
        this.#ports.onOutcome(effect.request, effect.outcome, effect.isLate);
        return;
      case 'answer': {
        const waiter = this.#waiters.get(effect.request.opId);
        this.#waiters.delete(effect.request.opId);
        waiter?.resolve(effect.outcome);
        return;
      }
      case 'resolve':
        void this.#resolve(effect.node, effect.opIds);
    }
  }

  async #record(request: OperationRequest): Promise<void> {
    const { opId } = request;
    try {
      await this.#ports.journal.record(request);
    } catch (error) {
      const trouble = asHecateError(error, 'HEC_STATE');
      this.#ports.onJournal(trouble);
      const isSent = this.#waiters.get(opId)?.options.isSentUnrecorded === true;
      if (isSent) this.#step({ type: 'recorded', nowMs: this.#now(), opId });
      else this.#step({ type: 'not-recorded', nowMs: this.#now(), opId, why: trouble.message });
      return;
    }
    this.#ports.onJournal(undefined);
    this.#step({ type: 'recorded', nowMs: this.#now(), opId });
  }

  async #send(request: OperationRequest, timeLimitMs: number): Promise<void> {
    const { opId } = request;
    const session = this.#ports.sessionOf(request.node);
    const clockMs = session?.peerClockAtLeastMs();
    if (!session || clockMs === undefined) {
      const message = `${request.node} went offline before it was sent`;
      this.#step({ type: 'not-sent', nowMs: this.#now(), opId, code: 'HEC_OFFLINE', message });
      return;
    }
    const value = createOperation({
      opId,
      epoch: this.#ports.epoch,
      verb: request.verb,
      unit: request.unit,
      notAfterClockMs: Math.floor(clockMs + timeLimitMs),
      timeLimitMs,
      requestedBy: request.requestedBy,
      options: request.options,
      logLines: request.logLines,
    });
    const options = this.#waiters.get(opId)?.options;
    const signal = request.verb === 'exec' ? options?.signal : undefined;
    if (signal?.aborted) {
      const message = 'the caller gave it up before it was sent';
      this.#step({ type: 'not-sent', nowMs: this.#now(), opId, code: 'HEC_CANCELLED', message });
      return;
    }
    try {
      const outcome = await session.call(
        { case: 'apply', value },
        {
          timeLimitMs: timeLimitMs + answerSlackMs,
          onItem: (item) => this.#onItem(opId, item, options),
          signal,
        },
      );
      if (outcome.case === 'operation') {
        this.#step({ type: 'answered', nowMs: this.#now(), outcome: { ...outcome.value, opId } });
      } else this.#step({ type: 'no-answer', nowMs: this.#now(), opId });
    } catch (error) {
      this.#onSendError(opId, asHecateError(error), session);
    }
  }

  #onItem(opId: OpId, item: Item, options: SubmitOptions | undefined): void | Promise<void> {
    // A command that writes something is running.
    if (item.case === 'accepted' || item.case === 'output') this.#step({ type: 'accepted', opId });
    return options?.onItem?.(item);
  }

  /** Busy and unsupported are said before anything is begun; every other end leaves it open what the agent did. */
  #onSendError(opId: OpId, error: HecateError, session: Session): void {
    const nowMs = this.#now();
    const node = this.#requestOf(opId)?.node;
    const isOnline = node !== undefined && this.#hasAnother(node, session);
    // A session may end with any of these codes, too: then it says nothing about what was sent before.
    if (!session.isEstablished()) this.#step({ type: 'cut-off', nowMs, opId, isOnline });
    else if (error.code === 'HEC_BUSY' || error.code === 'HEC_UNSUPPORTED') {
      this.#step({ type: 'not-sent', nowMs, opId, code: error.code, message: error.message });
    } else this.#step({ type: 'no-answer', nowMs, opId });
  }

  /** The node's agent opened a newer session before this one ended. */
  #hasAnother(node: NodeName, session: Session): boolean {
    const newest = this.#ports.sessionOf(node);
    return newest !== undefined && newest !== session;
  }

  /**
   * One question to a node at a time: what is to be asked meanwhile goes into the next. Many operations that run
   * into their time limit together would otherwise take the places of those that are to be sent.
   */
  async #resolve(node: NodeName, opIds: readonly OpId[]): Promise<void> {
    const waiting = this.#toResolve.get(node);
    if (waiting) {
      for (const opId of opIds) waiting.add(opId);
      return;
    }
    const asked = new Set(opIds);
    this.#toResolve.set(node, asked);
    while (asked.size > 0) {
      const batch = [...asked].slice(0, resolveBatch);
      for (const opId of batch) asked.delete(opId);
      await this.#resolveBatch(node, batch);
    }
    this.#toResolve.delete(node);
  }

  async #resolveBatch(node: NodeName, opIds: readonly OpId[]): Promise<void> {
    const session = this.#ports.sessionOf(node);
    if (!session) return;
    try {
      const value = { epoch: this.#ports.epoch, opIds: [...opIds] };
      const outcome = await session.call(
        { case: 'resolveOperations', value },
        { timeLimitMs: resolveTimeLimitMs },
      );
      if (outcome.case !== 'resolvedOperations') return;
      const asked = new Set<string>(opIds);
      for (const operation of outcome.value.operations) {
        if (!asked.has(operation.opId)) continue;
        this.#step({ type: 'resolved', nowMs: this.#now(), operation });
        if (operation.resolution === 'running') this.#ports.onRunning?.(operation.opId as OpId);
      }
    } catch (error) {
      // Cut off again, or another manager's by now: they stay open, and the next session asks again.
      const isCutOff = !session.isEstablished() && !this.#hasAnother(node, session);
      if (isCutOff || asHecateError(error).code === 'HEC_EPOCH') return;
      this.#step({ type: 'not-resolved', nowMs: this.#now(), node });
    }
  }

  #arm(): void {
    const atMs = nextOperationTickMs(this.#state);
    const isAtRest = atMs === Number.POSITIVE_INFINITY;
    if (atMs >= this.#timerAtMs && !isAtRest) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    if (isAtRest || this.#isClosed) return;
    const delayMs = Math.max(1, Math.ceil(atMs - this.#now()));
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.#step({ type: 'tick', nowMs: this.#now() });
    }, delayMs);
  }
}
