/**
 * The manager's machine of operations with its journal, calls and timer around it, in the order in which
 * manager/src/operation-runner.ts carries effects out.
 */
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import { type NodeName, type OpId, timeOfOpIdMs } from '@hecate/proto/core/names.ts';
import { createOperation, type OperationOutcome } from '@hecate/proto/generated/wire.ts';
import {
  nextOperationTickMs,
  noOperations,
  type OperationRequest,
  type OperationsEffect,
  type OperationsInput,
  type OperationsState,
  operationsStep,
} from '../../manager/src/core/operations.ts';
import type { Cancel } from './operations-time.ts';
import type { RecordLog } from './runs-disk.ts';
import type { SimulatedSession } from './runs-link.ts';
import type { CallEnd, ManagerCalls } from './runs-manager-calls.ts';
import type { SimulatedProcess } from './runs-process.ts';
import type { SimulationWorld } from './runs-world.ts';

export type OperationJournalRecord =
  | { type: 'operation'; request: OperationRequest }
  | { type: 'outcome'; opId: OpId; outcome: OperationOutcome };

export interface OperationsPorts {
  readonly world: SimulationWorld;
  readonly process: SimulatedProcess;
  readonly calls: ManagerCalls;
  readonly log: RecordLog<OperationJournalRecord>;
  readonly epoch: number;
  nowMs(): number;
  onOutcome(opId: OpId, outcome: OperationOutcome): void;
  onRunning(opId: OpId): void;
}

interface Waiter {
  readonly isSentUnrecorded: boolean;
  readonly onAccepted: () => void;
  readonly onEnd: (outcome: OperationOutcome) => void;
}

const answerSlackMs = 250;
const resolveTimeLimitMs = 10_000;

export class ManagerOperations {
  readonly state: OperationsState = noOperations();
  latestOperationMs = 0;
  readonly #ports: OperationsPorts;
  readonly #past = new Map<OpId, { request: OperationRequest; outcome: OperationOutcome }>();
  /** Without an outcome in the file. */
  readonly #open = new Map<OpId, OperationRequest>();
  readonly #settling = new Map<OpId, ((isDurable: boolean) => void)[]>();
  readonly #waiters = new Map<OpId, Waiter>();
  readonly #inputs: OperationsInput[] = [];
  #isStepping = false;
  readonly #toResolve = new Map<NodeName, Set<OpId>>();
  #timer: { readonly atMs: number; readonly stop: Cancel } | undefined;

  constructor(ports: OperationsPorts) {
    this.#ports = ports;
    for (const record of ports.log.open()) {
      if (record.type === 'operation') this.#open.set(record.request.opId, record.request);
      else this.#close(record.opId, record.outcome);
    }
    for (const request of this.#open.values()) {
      this.#noteTime(request);
      this.#step({ type: 'replayed', request });
    }
  }

  get isAtRest(): boolean {
    return this.state.records.size === 0 && this.#timer === undefined;
  }

  submit(request: OperationRequest, refusal: OperationOutcome | undefined, waiter: Waiter): void {
    this.#noteTime(request);
    this.#waiters.set(request.opId, waiter);
    this.#step({ type: 'submit', nowMs: this.#ports.nowMs(), request, refusal });
  }

  giveUp(opId: OpId): void {
    this.#step({ type: 'given-up', opId });
  }

  nodeOnline(node: NodeName): void {
    this.#step({ type: 'node-online', nowMs: this.#ports.nowMs(), node });
  }

  known(opId: OpId): { readonly outcome: OperationOutcome | undefined } | undefined {
    const record = this.state.records.get(opId);
    if (record) return { outcome: record.outcome };
    const past = this.#past.get(opId);
    return past && { outcome: past.outcome };
  }

  isOpen(opId: OpId): boolean {
    return this.state.records.has(opId);
  }

  isAccepted(opId: OpId): boolean {
    return this.state.records.get(opId)?.isAccepted === true;
  }

  reported(node: NodeName, session: SimulatedSession, outcomes: readonly OperationOutcome[]): void {
    const own = outcomes.filter(({ opId }) => this.#requestOf(opId as OpId)?.node === node);
    for (const outcome of own) this.#step({ type: 'reported', nowMs: this.#ports.nowMs(), outcome });
    let missing = own.length;
    let isAllDurable = true;
    const answer = () => {
      if (!session.isOpenAtManager) return;
      const opIds = outcomes.map(({ opId }) => opId);
      session.toAgent.send(isAllDurable ? { type: 'reports-taken', opIds } : { type: 'reports-refused' });
    };
    if (missing === 0) answer();
    for (const outcome of own) {
      this.#settle(outcome.opId as OpId, outcome, (isDurable) => {
        missing -= 1;
        isAllDurable &&= isDurable;
        if (missing === 0) answer();
      });
    }
  }

  #requestOf(opId: OpId): OperationRequest | undefined {
    return this.state.records.get(opId)?.request ?? this.#past.get(opId)?.request;
  }

  #noteTime({ opId }: OperationRequest): void {
    this.latestOperationMs = Math.max(this.latestOperationMs, timeOfOpIdMs(opId));
  }

  #close(opId: OpId, outcome: OperationOutcome): void {
    const request = this.#open.get(opId);
    if (!request) return;
    this.#open.delete(opId);
    this.#past.set(opId, { request, outcome });
  }

  #step(input: OperationsInput): void {
    this.#inputs.push(input);
    if (this.#isStepping) return;
    this.#isStepping = true;
    const step = this.#ports.world.mutation.managerOperationsStep?.(operationsStep) ?? operationsStep;
    for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
      for (const effect of step(this.state, next).effects) this.#perform(effect);
    }
    this.#isStepping = false;
    this.#arm();
  }

  #arm(): void {
    const atMs = nextOperationTickMs(this.state);
    if (this.#timer?.atMs === atMs) return;
    this.#timer?.stop();
    this.#timer = undefined;
    if (atMs === Number.POSITIVE_INFINITY) return;
    const stop = this.#ports.process.later(Math.max(1, Math.ceil(atMs - this.#ports.nowMs())), () => {
      this.#timer = undefined;
      this.#step({ type: 'tick', nowMs: this.#ports.nowMs() });
    });
    this.#timer = { atMs, stop };
  }

  #perform(effect: OperationsEffect): void {
    switch (effect.type) {
      case 'record':
        this.#record(effect.request);
        return;
      case 'send':
        this.#send(effect.request, effect.timeLimitMs);
        return;
      case 'settled': {
        const { request, outcome } = effect;
        this.#past.set(request.opId, { request, outcome });
        this.#settle(request.opId, outcome, () => undefined);
        return;
      }
      case 'audit':
        this.#ports.world.checkers.operations.onOutcome(effect.request, effect.outcome, this.#ports.epoch);
        this.#ports.onOutcome(effect.request.opId, effect.outcome);
        return;
      case 'answer': {
        const waiter = this.#waiters.get(effect.request.opId);
        this.#waiters.delete(effect.request.opId);
        if (waiter) this.#ports.process.later(0, () => waiter.onEnd(effect.outcome));
        return;
      }
      case 'resolve':
        this.#resolve(effect.node, effect.opIds);
    }
  }

  #record(request: OperationRequest): void {
    const { opId } = request;
    this.#open.set(opId, request);
    this.#ports.log.append([{ type: 'operation', request }], (isDurable) =>
      this.#ports.process.run(() => {
        const nowMs = this.#ports.nowMs();
        if (!isDurable) this.#open.delete(opId);
        const isSent = isDurable || this.#waiters.get(opId)?.isSentUnrecorded === true;
        if (isSent) this.#step({ type: 'recorded', nowMs, opId });
        else this.#step({ type: 'not-recorded', nowMs, opId, why: 'the disk is full' });
      }),
    );
  }

  #settle(opId: OpId, outcome: OperationOutcome, done: (isDurable: boolean) => void): void {
    const settling = this.#settling.get(opId);
    if (settling) {
      settling.push(done);
      return;
    }
    if (!this.#open.has(opId)) {
      this.#ports.process.later(0, () => done(true));
      return;
    }
    const waiting = [done];
    this.#settling.set(opId, waiting);
    this.#ports.log.append([{ type: 'outcome', opId, outcome }], (isDurable) =>
      this.#ports.process.run(() => {
        this.#settling.delete(opId);
        if (isDurable) this.#close(opId, outcome);
        for (const each of waiting) each(isDurable);
      }),
    );
  }

  #send(request: OperationRequest, timeLimitMs: number): void {
    const { opId, node, unit, verb, options, requestedBy } = request;
    const { calls, epoch, world } = this.#ports;
    const connection = calls.connections.get(node);
    if (!connection) {
      const message = `${node} went offline before it was sent`;
      this.#notSent(opId, 'HEC_OFFLINE', message);
      return;
    }
    const waiter = this.#waiters.get(opId);
    const isRecorded = this.#ports.log.durable.some(
      (record) => record.type === 'operation' && record.request.opId === opId,
    );
    world.checkers.operations.onSent(request, isRecorded || waiter?.isSentUnrecorded === true, epoch);
    const { session } = connection;
    const clockMs = connection.clockMs + (this.#ports.nowMs() - connection.atMs);
    const notAfterClockMs = Math.floor(clockMs + timeLimitMs);
    const operation = createOperation({
      opId,
      epoch,
      verb,
      unit,
      options,
      requestedBy,
      notAfterClockMs,
      timeLimitMs,
    });
    calls.call(
      session,
      { type: 'apply', operation },
      timeLimitMs + answerSlackMs,
      (end) => this.#answered(opId, session, end),
      () => {
        this.#step({ type: 'accepted', opId });
        waiter?.onAccepted();
      },
    );
  }

  #answered(opId: OpId, session: SimulatedSession, end: CallEnd): void {
    const nowMs = this.#ports.nowMs();
    if (end.type === 'outcome') this.#step({ type: 'answered', nowMs, outcome: { ...end.outcome, opId } });
    else if (end.type !== 'ended') this.#step({ type: 'no-answer', nowMs, opId });
    else {
      const node = this.#requestOf(opId)?.node;
      const newest = node && this.#ports.calls.sessionOf(node);
      const isOnline = newest !== undefined && newest !== session;
      this.#step({ type: 'cut-off', nowMs, opId, isOnline });
    }
  }

  #notSent(opId: OpId, code: ErrorCode, message: string): void {
    this.#step({ type: 'not-sent', nowMs: this.#ports.nowMs(), opId, code, message });
  }

  /** One question to a node at a time. */
  #resolve(node: NodeName, opIds: readonly OpId[]): void {
    const waiting = this.#toResolve.get(node);
    if (waiting) {
      for (const opId of opIds) waiting.add(opId);
      return;
    }
    const asked = new Set(opIds);
    this.#toResolve.set(node, asked);
    this.#resolveNext(node, asked);
  }

  #resolveNext(node: NodeName, asked: Set<OpId>): void {
    const batch = [...asked];
    asked.clear();
    if (batch.length === 0) {
      this.#toResolve.delete(node);
      return;
    }
    const { calls, epoch, process } = this.#ports;
    const session = calls.sessionOf(node);
    const goOn = () => process.later(0, () => this.#resolveNext(node, asked));
    if (!session) {
      goOn();
      return;
    }
    calls.call(session, { type: 'resolve', epoch, opIds: batch }, resolveTimeLimitMs, (end) => {
      this.#resolved(node, session, batch, end);
      goOn();
    });
  }

  #resolved(node: NodeName, session: SimulatedSession, asked: readonly OpId[], end: CallEnd): void {
    const nowMs = this.#ports.nowMs();
    if (end.type === 'resolved') {
      for (const operation of end.operations) {
        const opId = operation.opId as OpId;
        if (!asked.includes(opId)) continue;
        this.#step({ type: 'resolved', nowMs, operation });
        if (operation.resolution === 'running') this.#ports.onRunning(opId);
      }
      return;
    }
    const newest = this.#ports.calls.sessionOf(node);
    const isCutOff = end.type === 'ended' && (newest === undefined || newest === session);
    if (isCutOff || (end.type === 'failure' && end.code === 'HEC_EPOCH')) return;
    this.#step({ type: 'not-resolved', nowMs, node });
  }
}
