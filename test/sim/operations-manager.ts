/**
 * The manager's operations machine with simulated surroundings: its journal, its sessions and calls, its timer; in
 * the order in which manager/src/operation-runner.ts carries effects out. Killed and started again at will.
 */
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
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
import { offline } from '../../manager/src/core/outcome-text.ts';
import { SimulatedDisk } from './operations-disk.ts';
import type { SimulatedSession, ToManager } from './operations-link.ts';
import type { Cancel, VirtualTime } from './operations-time.ts';

export type JournalRecord =
  | { type: 'operation'; request: OperationRequest }
  | { type: 'outcome'; opId: OpId; outcome: OperationOutcome };

/** Told of what the checkers hold against the promises. */
export interface ManagerWitness {
  log(text: string): void;
  onSubmitted(request: OperationRequest, incarnation: number): void;
  onSent(request: OperationRequest, isDurable: boolean): void;
  onAnswered(opId: OpId, outcome: OperationOutcome, incarnation: number): void;
  onSettled(opId: OpId, outcome: OperationOutcome): void;
}

interface Call {
  readonly id: number;
  readonly session: SimulatedSession;
  readonly node: NodeName;
  /** Of apply; undefined: it asks what became of operations. */
  readonly opId: OpId | undefined;
  readonly opIds: ReadonlySet<string>;
  readonly stopTimer: Cancel;
}

interface Connection {
  readonly session: SimulatedSession;
  peerClock: { clockMs: number; atMs: number };
}

const answerSlackMs = 250;
const resolveTimeLimitMs = 10_000;

export class SimulatedManager {
  readonly disk: SimulatedDisk<JournalRecord>;
  state: OperationsState = noOperations();
  isUp = false;
  epoch = 0;
  readonly connections = new Map<NodeName, Connection>();
  readonly #calls = new Map<number, Call>();
  readonly #open = new Set<OpId>();
  readonly #settling = new Map<OpId, ((isDurable: boolean) => void)[]>();
  readonly #inputs: OperationsInput[] = [];
  #isStepping = false;
  #nextCall = 1;
  #timer: { atMs: number; stop: Cancel } | undefined;
  readonly #time: VirtualTime;
  readonly #witness: ManagerWitness;

  constructor(time: VirtualTime, random: () => number, witness: ManagerWitness) {
    this.#time = time;
    this.#witness = witness;
    this.disk = new SimulatedDisk(time, random);
    this.start();
  }

  start(): void {
    if (this.isUp) return;
    this.isUp = true;
    this.epoch += 1;
    this.state = noOperations();
    const open = new Map<OpId, OperationRequest>();
    for (const record of this.disk.durable) {
      if (record.type === 'operation') open.set(record.request.opId, record.request);
      else open.delete(record.opId);
    }
    this.#witness.log(`manager started, epoch ${this.epoch}, ${open.size} open operations`);
    for (const [opId, request] of open) {
      this.#open.add(opId);
      this.#step({ type: 'replayed', request });
    }
  }

  kill(): void {
    if (!this.isUp) return;
    this.#witness.log('manager killed');
    this.isUp = false;
    this.#timer?.stop();
    this.#timer = undefined;
    for (const call of this.#calls.values()) call.stopTimer();
    for (const { session } of this.connections.values()) session.isOpenAtManager = false;
    for (const each of [this.#calls, this.#open, this.#settling, this.connections]) each.clear();
    this.disk.crash();
  }

  submit(request: OperationRequest): void {
    this.#witness.onSubmitted(request, this.epoch);
    const isOnline = this.connections.has(request.node);
    const refusal = isOnline ? undefined : offline(request.node, 'no session');
    this.#step({ type: 'submit', nowMs: this.#time.nowMs, request, refusal });
  }

  /** The caller is gone: Ctrl-C, or the end of his session. */
  giveUp(opId: OpId): void {
    this.#witness.log(`${opId} given up by its caller`);
    if (this.isUp) this.#step({ type: 'given-up', opId });
  }

  /** A new session; an older one of the node is replaced, and its calls learn of it a moment later. */
  connected(node: NodeName, session: SimulatedSession, clockMs: number): void {
    const before = this.connections.get(node);
    this.connections.set(node, { session, peerClock: { clockMs, atMs: this.#time.nowMs } });
    if (before) this.#endCalls(node, before.session);
    session.toAgent.send({ type: 'welcome', epoch: this.epoch });
    this.#witness.log(`${node} online, session ${session.id}`);
    this.#step({ type: 'node-online', nowMs: this.#time.nowMs, node });
  }

  endSession(node: NodeName, session: SimulatedSession): void {
    if (!session.isOpenAtManager) return;
    if (this.connections.get(node)?.session === session) this.connections.delete(node);
    this.#endCalls(node, session);
  }

  #endCalls(node: NodeName, session: SimulatedSession): void {
    session.isOpenAtManager = false;
    for (const call of [...this.#calls.values()]) {
      if (call.session !== session) continue;
      this.#take(call.id);
      const { opId } = call;
      if (!opId) continue;
      this.#soon(() => {
        const isOnline = this.connections.has(node);
        this.#step({ type: 'cut-off', nowMs: this.#time.nowMs, opId, isOnline });
      });
    }
  }

  /** As the continuation of a promise: after what is being done now. */
  #soon(run: () => void): void {
    const { epoch } = this;
    this.#time.after(0, () => {
      if (this.isUp && this.epoch === epoch) run();
    });
  }

  receive(node: NodeName, session: SimulatedSession, frame: ToManager): void {
    if (!this.isUp || !session.isOpenAtManager) return;
    const { nowMs } = this.#time;
    switch (frame.type) {
      case 'heartbeat': {
        const connection = this.connections.get(node);
        if (connection) connection.peerClock = { clockMs: frame.clockMs, atMs: nowMs };
        return;
      }
      case 'accepted':
        if (this.#calls.has(frame.call)) this.#step({ type: 'accepted', opId: frame.opId as OpId });
        return;
      case 'outcome':
        if (this.#take(frame.call)) this.#step({ type: 'answered', nowMs, outcome: frame.outcome });
        return;
      case 'resolved': {
        const call = this.#take(frame.call);
        for (const operation of frame.operations)
          if (call?.opIds.has(operation.opId)) this.#step({ type: 'resolved', nowMs, operation });
        return;
      }
      case 'failure':
        this.#take(frame.call);
        if (frame.code !== 'HEC_EPOCH') throw new Error(`unexpected failure ${frame.code}`);
        return;
      case 'report':
        this.#reported(session, frame.outcomes);
    }
  }

  #reported(session: SimulatedSession, outcomes: readonly OperationOutcome[]): void {
    for (const outcome of outcomes) this.#step({ type: 'reported', nowMs: this.#time.nowMs, outcome });
    let missing = outcomes.length;
    let isAllDurable = true;
    for (const outcome of outcomes) {
      this.#settle(outcome.opId as OpId, outcome, (isDurable) => {
        missing -= 1;
        isAllDurable &&= isDurable;
        if (missing > 0 || !session.isOpenAtManager) return;
        const opIds = outcomes.map(({ opId }) => opId);
        session.toAgent.send(isAllDurable ? { type: 'reports-taken', opIds } : { type: 'reports-refused' });
      });
    }
  }

  #take(id: number): Call | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    call?.stopTimer();
    return call;
  }

  #step(input: OperationsInput): void {
    this.#inputs.push(input);
    if (this.#isStepping) return;
    this.#isStepping = true;
    for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
      const { state, effects } = operationsStep(this.state, next);
      this.state = state;
      for (const effect of effects) this.#perform(effect);
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
    const stop = this.#time.after(atMs - this.#time.nowMs, () => {
      this.#timer = undefined;
      this.#step({ type: 'tick', nowMs: this.#time.nowMs });
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
      case 'settled':
        this.#witness.onSettled(effect.request.opId, effect.outcome);
        this.#settle(effect.request.opId, effect.outcome, () => undefined);
        return;
      case 'answer':
        this.#witness.onAnswered(effect.request.opId, effect.outcome, this.epoch);
        return;
      case 'audit':
        return;
      case 'resolve':
        this.#resolve(effect.node, effect.opIds);
    }
  }

  #record(request: OperationRequest): void {
    const { opId } = request;
    this.#open.add(opId);
    this.disk.append([{ type: 'operation', request }], (isDurable) => {
      const { nowMs } = this.#time;
      if (isDurable) this.#step({ type: 'recorded', nowMs, opId });
      else {
        this.#open.delete(opId);
        this.#step({ type: 'not-recorded', nowMs, opId, why: 'the disk is full' });
      }
    });
  }

  #settle(opId: OpId, outcome: OperationOutcome, done: (isDurable: boolean) => void): void {
    const settling = this.#settling.get(opId);
    if (settling) {
      settling.push(done);
      return;
    }
    if (!this.#open.has(opId)) {
      done(true);
      return;
    }
    const waiting = [done];
    this.#settling.set(opId, waiting);
    this.disk.append([{ type: 'outcome', opId, outcome }], (isDurable) => {
      this.#settling.delete(opId);
      if (isDurable) this.#open.delete(opId);
      for (const each of waiting) each(isDurable);
    });
  }

  #send(request: OperationRequest, timeLimitMs: number): void {
    const { opId, node, unit, verb } = request;
    const connection = this.connections.get(node);
    if (!connection) {
      this.#notSent(opId, 'HEC_OFFLINE', `${node} went offline before it was sent`);
      return;
    }
    const isDurable = this.disk.durable.some(
      (record) => record.type === 'operation' && record.request.opId === opId,
    );
    this.#witness.onSent(request, isDurable);
    const { session, peerClock } = connection;
    const clockMs = peerClock.clockMs + (this.#time.nowMs - peerClock.atMs);
    const notAfterClockMs = Math.floor(clockMs + timeLimitMs);
    const call = this.#call(session, node, opId, new Set([opId]), timeLimitMs + answerSlackMs);
    const { epoch } = this;
    const operation = createOperation({ opId, epoch, verb, unit, notAfterClockMs, timeLimitMs });
    session.toAgent.send({ type: 'apply', call, operation });
  }

  #notSent(opId: OpId, code: ErrorCode, message: string): void {
    this.#step({ type: 'not-sent', nowMs: this.#time.nowMs, opId, code, message });
  }

  #resolve(node: NodeName, opIds: readonly OpId[]): void {
    const session = this.connections.get(node)?.session;
    if (!session) return;
    const call = this.#call(session, node, undefined, new Set(opIds), resolveTimeLimitMs);
    session.toAgent.send({ type: 'resolve', call, epoch: this.epoch, opIds });
  }

  #call(
    session: SimulatedSession,
    node: NodeName,
    opId: OpId | undefined,
    opIds: ReadonlySet<string>,
    timeLimitMs: number,
  ): number {
    const id = this.#nextCall;
    this.#nextCall += 1;
    const stopTimer = this.#time.after(timeLimitMs, () => {
      this.#take(id);
      session.toAgent.send({ type: 'cancel', call: id });
      const { nowMs } = this.#time;
      this.#soon(() =>
        this.#step(opId ? { type: 'no-answer', nowMs, opId } : { type: 'not-resolved', nowMs, node }),
      );
    });
    this.#calls.set(id, { id, session, node, opId, opIds, stopTimer });
    return id;
  }

  /** Nobody waits, nothing is open, no timer is set (I14). */
  get isAtRest(): boolean {
    return this.state.records.size === 0 && this.#calls.size === 0 && !this.#timer && this.disk.isAtRest;
  }
}
