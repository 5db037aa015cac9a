/** The manager's ends of its sessions: who is there, what is known of units, and requests that wait for an answer. */
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { OperationOutcome, ResolvedOperation } from '@hecate/proto/generated/wire.ts';
import type { Cancel } from './operations-time.ts';
import type { SimulatedSession, ToAgent, ToManager } from './runs-link.ts';
import type { SimulatedProcess } from './runs-process.ts';

export type CallEnd =
  | { readonly type: 'outcome'; readonly outcome: OperationOutcome }
  | { readonly type: 'resolved'; readonly operations: readonly ResolvedOperation[] }
  | { readonly type: 'done' }
  | { readonly type: 'failure'; readonly code: ErrorCode }
  | { readonly type: 'no-answer' }
  | { readonly type: 'ended' };

interface Call {
  readonly session: SimulatedSession;
  readonly onEnd: (end: CallEnd) => void;
  readonly onAccepted: (() => void) | undefined;
  readonly stopTimer: Cancel;
}

export interface Connection {
  readonly session: SimulatedSession;
  readonly clockMs: number;
  readonly atMs: number;
  /** Undefined: not all known yet. */
  units: Map<string, string> | undefined;
}

export interface CallPorts {
  readonly process: SimulatedProcess;
  nowMs(): number;
  onReport(node: NodeName, session: SimulatedSession, outcomes: readonly OperationOutcome[]): void;
  onOffline(node: NodeName): void;
  /** A unit of it is another than before. */
  onNotice(node: NodeName, unit: string): void;
  /** All of its units are known. */
  onReady(node: NodeName): void;
}

type Numbered = Extract<ToAgent, { call: number }>;
export type Question<Frame extends Numbered = Numbered> = Frame extends Numbered
  ? Omit<Frame, 'call'>
  : never;

export class ManagerCalls {
  readonly connections = new Map<NodeName, Connection>();
  readonly #calls = new Map<number, Call>();
  readonly #ports: CallPorts;
  #nextCall = 1;

  constructor(ports: CallPorts) {
    this.#ports = ports;
  }

  get count(): number {
    return this.#calls.size;
  }

  clear(): void {
    for (const { stopTimer } of this.#calls.values()) stopTimer();
    for (const { session } of this.connections.values()) session.isOpenAtManager = false;
    this.#calls.clear();
    this.connections.clear();
  }

  sessionOf(node: NodeName): SimulatedSession | undefined {
    return this.connections.get(node)?.session;
  }

  /** A new session; one of before is replaced, and its calls learn of it a moment later. */
  connected(node: NodeName, session: SimulatedSession, clockMs: number): void {
    const before = this.connections.get(node);
    this.connections.set(node, { session, clockMs, atMs: this.#ports.nowMs(), units: undefined });
    if (before) this.#end(before.session);
  }

  endSession(node: NodeName, session: SimulatedSession): void {
    if (!session.isOpenAtManager) return;
    const isCurrent = this.connections.get(node)?.session === session;
    if (isCurrent) this.connections.delete(node);
    this.#end(session);
    if (isCurrent) this.#ports.onOffline(node);
  }

  #end(session: SimulatedSession): void {
    session.isOpenAtManager = false;
    for (const [id, call] of [...this.#calls]) {
      if (call.session !== session) continue;
      this.#take(id);
      this.#ports.process.later(0, () => call.onEnd({ type: 'ended' }));
    }
  }

  call(
    session: SimulatedSession,
    question: Question,
    timeLimitMs: number,
    onEnd: (end: CallEnd) => void,
    onAccepted?: () => void,
  ): void {
    const id = this.#nextCall;
    this.#nextCall += 1;
    const stopTimer = this.#ports.process.later(timeLimitMs, () => {
      this.#take(id);
      session.toAgent.send({ type: 'cancel', call: id });
      onEnd({ type: 'no-answer' });
    });
    this.#calls.set(id, { session, onEnd, onAccepted, stopTimer });
    session.toAgent.send({ ...question, call: id } as ToAgent);
  }

  #take(id: number): Call | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    call?.stopTimer();
    return call;
  }

  receive(node: NodeName, session: SimulatedSession, frame: ToManager): void {
    if (!session.isOpenAtManager) return;
    const connection = this.connections.get(node);
    switch (frame.type) {
      case 'units':
        if (connection?.session !== session) return;
        connection.units = new Map(frame.units);
        for (const unit of connection.units.keys()) this.#ports.onNotice(node, unit);
        this.#ports.onReady(node);
        return;
      case 'unit':
        if (connection?.session !== session || !connection.units) return;
        connection.units.set(frame.unit, frame.state);
        this.#ports.onNotice(node, frame.unit);
        return;
      case 'accepted':
        this.#calls.get(frame.call)?.onAccepted?.();
        return;
      case 'report':
        this.#ports.onReport(node, session, frame.outcomes);
        return;
      case 'outcome':
        this.#take(frame.call)?.onEnd({ type: 'outcome', outcome: frame.outcome });
        return;
      case 'resolved':
        this.#take(frame.call)?.onEnd({ type: 'resolved', operations: frame.operations });
        return;
      case 'done':
        this.#take(frame.call)?.onEnd({ type: 'done' });
        return;
      case 'failure':
        this.#take(frame.call)?.onEnd({ type: 'failure', code: frame.code });
    }
  }
}
