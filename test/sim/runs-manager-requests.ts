/**
 * Operations of runs, as manager/src/runs/run-operations.ts carries them out: a node that was heard a moment ago is
 * waited for, what was lost on its way is asked for again under the id that follows, what an earlier life has sent is
 * recalled.
 */
import { isErrorCode } from '@hecate/proto/core/errors.ts';
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import { offline } from '../../manager/src/core/outcome-text.ts';
import type { PlannedOperation } from '../../manager/src/core/plan/plan.ts';
import type { OperationEnd } from '../../manager/src/core/runs/run.ts';
import { isLost, pauseBeforeSuccessorMs, successorOf } from '../../manager/src/runs/operation-successor.ts';
import type { Cancel } from './operations-time.ts';
import type { ManagerCalls } from './runs-manager-calls.ts';
import type { ManagerOperations } from './runs-manager-operations.ts';
import type { SimulatedProcess } from './runs-process.ts';

const reconnectGraceMs = 10_000;
const successorsMax = 5;

export interface RequestPorts {
  readonly process: SimulatedProcess;
  readonly calls: ManagerCalls;
  readonly nodes: ReadonlySet<NodeName>;
  nowMs(): number;
  wallMs(): number;
  /** Whether the run still waits for it. */
  isWanted(opId: OpId): boolean;
  onSuccessor(opId: OpId, successor: OpId): void;
}

export interface AppliedOperation {
  readonly opId: OpId;
  readonly operation: PlannedOperation;
  readonly timeLimitMs: number;
  readonly requestedBy: string;
  readonly isSentUnrecorded: boolean;
}

interface Wait {
  readonly node: NodeName;
  readonly end: () => void;
  readonly stopTimer: Cancel;
}

type OnEnd = (outcome: OperationOutcome) => void;

export class ManagerRequests {
  operations!: ManagerOperations;
  readonly #ports: RequestPorts;
  readonly #startedAtMs: number;
  readonly #changedAtMs = new Map<NodeName, number>();
  readonly #recalled = new Map<OpId, OnEnd>();
  readonly #recalledAccepted = new Map<OpId, () => void>();
  readonly #waits = new Set<Wait>();
  /** By the id under which the run waits for it: the one that is asked for now. */
  readonly #current = new Map<OpId, OpId>();

  constructor(ports: RequestPorts) {
    this.#ports = ports;
    this.#startedAtMs = ports.nowMs();
  }

  apply(applied: AppliedOperation, onAccepted: () => void, onEnd: (end: OperationEnd) => void): void {
    const deadlineMs = this.#ports.nowMs() + applied.timeLimitMs;
    this.#attempt(applied, this.#lastOf(applied.opId), 0, deadlineMs, onAccepted, onEnd);
  }

  #attempt(
    applied: AppliedOperation,
    opId: OpId,
    count: number,
    deadlineMs: number,
    onAccepted: () => void,
    onEnd: (end: OperationEnd) => void,
  ): void {
    this.#current.set(applied.opId, opId);
    const ended: OnEnd = (outcome) => {
      this.#current.delete(applied.opId);
      const pauseMs = pauseBeforeSuccessorMs(outcome, count);
      const isOver = count >= successorsMax || this.#ports.nowMs() + pauseMs >= deadlineMs;
      if (!isLost(outcome) || isOver || !this.#ports.isWanted(applied.opId)) {
        onEnd(endOf(outcome));
        return;
      }
      const successor = successorOf(opId);
      this.#ports.onSuccessor(opId, successor);
      this.#ports.process.later(pauseMs, () =>
        this.#attempt(applied, successor, count + 1, deadlineMs, onAccepted, onEnd),
      );
    };
    if (this.operations.known(opId)) this.#outcomeOf(opId, onAccepted, ended);
    else this.#submit({ ...applied, opId }, applied.opId, deadlineMs, onAccepted, ended);
  }

  /** What nobody waits for any more, and was not sent yet, is not sent. */
  giveUpUnwanted(): void {
    for (const [wanted, opId] of [...this.#current])
      if (!this.#ports.isWanted(wanted)) this.operations.giveUp(opId);
  }

  execute(applied: AppliedOperation, onEnd: OnEnd): void {
    const deadlineMs = this.#ports.nowMs() + applied.timeLimitMs;
    this.#submit(applied, undefined, deadlineMs, () => undefined, onEnd);
  }

  /** Undefined: nothing of it can have been applied. */
  recall(opId: OpId, onAccepted: () => void, onEnd: (end: OperationEnd | undefined) => void): void {
    const next = (id: OpId): void => {
      if (!this.operations.known(id)) {
        this.#ports.process.later(0, () => onEnd(undefined));
        return;
      }
      this.#outcomeOf(id, onAccepted, (outcome) => {
        if (!isLost(outcome)) onEnd(endOf(outcome));
        else {
          this.#ports.onSuccessor(id, successorOf(id));
          next(successorOf(id));
        }
      });
    };
    next(this.#lastOf(opId));
  }

  onOutcome(opId: OpId, outcome: OperationOutcome): void {
    if (this.operations.isOpen(opId)) return;
    const resolve = this.#recalled.get(opId);
    this.#recalled.delete(opId);
    this.#recalledAccepted.delete(opId);
    if (resolve) this.#ports.process.later(0, () => resolve(outcome));
  }

  onRunning(opId: OpId): void {
    this.#recalledAccepted.get(opId)?.();
  }

  /** It came or went. */
  onChanged(node: NodeName): void {
    this.#changedAtMs.set(node, this.#ports.nowMs());
  }

  onReady(node: NodeName): void {
    for (const wait of [...this.#waits]) if (wait.node === node) wait.end();
  }

  #lastOf(opId: OpId): OpId {
    let last = opId;
    for (let count = 0; count <= successorsMax; count += 1) {
      const known = this.operations.known(last);
      const isOver = known?.outcome && !this.operations.isOpen(last);
      if (!isOver || !known.outcome || !isLost(known.outcome)) break;
      this.#ports.onSuccessor(last, successorOf(last));
      last = successorOf(last);
    }
    return last;
  }

  #outcomeOf(opId: OpId, onAccepted: () => void, onEnd: OnEnd): void {
    const outcome = this.operations.known(opId)?.outcome;
    if (outcome && !this.operations.isOpen(opId)) {
      this.#ports.process.later(0, () => onEnd(outcome));
      return;
    }
    if (this.operations.isAccepted(opId)) onAccepted();
    this.#recalled.set(opId, onEnd);
    this.#recalledAccepted.set(opId, onAccepted);
  }

  /** @param wantedAs the id under which the run waits for it; undefined: no run does */
  #submit(
    applied: AppliedOperation,
    wantedAs: OpId | undefined,
    deadlineMs: number,
    onAccepted: () => void,
    onEnd: OnEnd,
  ): void {
    const { opId, operation, requestedBy, isSentUnrecorded } = applied;
    const { node, unit, verb, options } = operation;
    this.#untilReady(node, deadlineMs, () => {
      const timeLimitMs = Math.max(1, Math.floor(deadlineMs - this.#ports.nowMs()));
      const isOnline = this.#ports.calls.connections.has(node);
      const isWanted = wantedAs === undefined || this.#ports.isWanted(wantedAs);
      const refusal = isOnline && isWanted ? undefined : offline(node, 'no session');
      const request = {
        opId,
        node,
        unit,
        verb,
        options,
        requestedBy,
        requestedFrom: '',
        reason: '',
        requestedMs: this.#ports.wallMs(),
        timeLimitMs,
        logLines: 0,
      };
      this.operations.submit(request, refusal, { isSentUnrecorded, onAccepted, onEnd });
    });
  }

  #untilReady(node: NodeName, deadlineMs: number, then: () => void): void {
    const { calls, process, nodes } = this.#ports;
    const nowMs = this.#ports.nowMs();
    const changedAtMs = this.#changedAtMs.get(node) ?? this.#startedAtMs;
    const waitMs = Math.min(changedAtMs + reconnectGraceMs - nowMs, (deadlineMs - nowMs) / 2);
    if (calls.connections.get(node)?.units || !nodes.has(node) || waitMs <= 0) {
      then();
      return;
    }
    const wait: Wait = {
      node,
      end: () => {
        wait.stopTimer();
        this.#waits.delete(wait);
        then();
      },
      stopTimer: process.later(waitMs, () => wait.end()),
    };
    this.#waits.add(wait);
  }
}

const endOf = ({ status, result, code, message, durationMs }: OperationOutcome): OperationEnd => ({
  status,
  result,
  code: isErrorCode(code) ? code : '',
  message,
  durationMs,
});
