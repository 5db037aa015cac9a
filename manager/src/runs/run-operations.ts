/** Carries operations of runs out, through the manager's own machine of operations and its journal. */
import { setTimeout as pause } from 'node:timers/promises';
import { isErrorCode } from '@hecate/proto/core/errors.ts';
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import { createVerbOptions, type OperationOutcome } from '@hecate/proto/generated/wire.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import { refusalOf } from '../core/operations.ts';
import { offline } from '../core/outcome-text.ts';
import type { PlannedOperation } from '../core/plan/plan.ts';
import type { OperationEnd } from '../core/runs/run.ts';
import { isKnown } from '../core/selection.ts';
import type { FleetStore } from '../fleet-store.ts';
import type { OperationRunner } from '../operation-runner.ts';
import { isLost, pauseBeforeSuccessorMs, successorOf } from './operation-successor.ts';

export interface RunOperationsPorts {
  readonly clock: Clock;
  readonly fleet: FleetStore;
  readonly operations: OperationRunner;
  /** How many log lines come with a failure. */
  logLines(): number;
}

export interface AppliedOperation {
  readonly opId: OpId;
  readonly operation: PlannedOperation;
  readonly timeLimitMs: number;
  readonly requestedBy: string;
  readonly requestedFrom: string;
  readonly reason: string;
  /** Of a shutdown that has been decided: a disk that is full does not hold it up. */
  readonly isSentUnrecorded: boolean;
  /** Nobody waits for it any more: it is not sent, unless it was already; then systemd goes on with it. */
  readonly signal?: AbortSignal;
}

/**
 * A node that came or went within this time is waited for before it counts as offline, or as one without a bus: agents
 * redial within two seconds, after a restart of the manager none of them is there yet, and on a host that has just
 * booted the agent is there before its connection to systemd is.
 */
const reconnectGraceMs = 10_000;
/** How often one operation is asked for again when it was lost on its way (I14). */
const successorsMax = 5;

interface Recalled {
  readonly onAccepted: () => void;
  readonly onEnded: (outcome: OperationOutcome) => void;
}

export class RunOperations {
  readonly #ports: RunOperationsPorts;
  readonly #startedAtMs: number;
  /** When nodes came or went last. */
  readonly #changedAtMs = new Map<string, number>();
  /** Who waits for an operation that another life of the manager has sent. */
  readonly #recalled = new Map<OpId, Recalled>();
  /** What nodes have said of themselves at their return, while it is being recorded. */
  readonly #heldBack = new Map<NodeName, Promise<void>>();
  readonly #unwatch: () => void;

  constructor(ports: RunOperationsPorts) {
    this.#ports = ports;
    this.#startedAtMs = ports.clock.nowMs();
    this.#unwatch = ports.fleet.watch({
      onEvent: ({ node, event }) => {
        if (event.case === 'connection') this.#changedAtMs.set(node, ports.clock.nowMs());
      },
    });
  }

  close(): void {
    this.#unwatch();
  }

  /** Sends nothing to the node before that resolves. */
  holdBack(node: NodeName, heard: Promise<void>): void {
    this.#heldBack.set(node, heard);
    void heard.then(() => {
      if (this.#heldBack.get(node) === heard) this.#heldBack.delete(node);
    });
  }

  /** Resolves with its one outcome, at the latest when its time limit is over. */
  async apply(applied: AppliedOperation, onAccepted: () => void): Promise<OperationEnd> {
    const { clock } = this.#ports;
    const deadlineMs = clock.nowMs() + applied.timeLimitMs;
    let opId = this.#lastOf(applied.opId);
    for (let count = 0; ; count += 1) {
      const known = this.#ports.operations.known(opId);
      const outcome = known
        ? await this.#outcomeOf(opId, onAccepted)
        : await this.#submit({ ...applied, opId, timeLimitMs: deadlineMs - clock.nowMs() }, onAccepted);
      const pauseMs = pauseBeforeSuccessorMs(outcome, count);
      const isOver = count >= successorsMax || clock.nowMs() + pauseMs >= deadlineMs;
      if (!isLost(outcome) || isOver || applied.signal?.aborted) return endOf(outcome);
      await pause(pauseMs);
      opId = successorOf(opId);
    }
  }

  /** A command that a gate looks at; its node's own policy decides. Never asked for a second time. */
  execute(
    opId: OpId,
    node: NodeName,
    argv: readonly string[],
    timeLimitMs: number,
  ): Promise<OperationOutcome> {
    const options = createVerbOptions({ argv: [...argv] });
    return this.#submit(
      {
        opId,
        operation: { node, verb: 'exec', unit: '', options },
        timeLimitMs,
        requestedBy: 'gate',
        requestedFrom: '',
        reason: '',
        isSentUnrecorded: true,
      },
      () => undefined,
    );
  }

  /** What became of it; undefined when nothing of it can have been applied, now or later. */
  async recall(opId: OpId, onAccepted: () => void): Promise<OperationEnd | undefined> {
    for (let id = this.#lastOf(opId); this.#ports.operations.known(id); id = successorOf(id)) {
      const outcome = await this.#outcomeOf(id, onAccepted);
      if (!isLost(outcome)) return endOf(outcome);
    }
    return undefined;
  }

  /** To be told of every outcome, also the late ones. */
  onOutcome(opId: OpId, outcome: OperationOutcome): void {
    if (this.#ports.operations.isOpen(opId)) return;
    const recalled = this.#recalled.get(opId);
    this.#recalled.delete(opId);
    recalled?.onEnded(outcome);
  }

  /** The agent has said that it is being carried out. */
  onRunning(opId: OpId): void {
    this.#recalled.get(opId)?.onAccepted();
  }

  /** Skips those of a chain that are known to be lost. */
  #lastOf(opId: OpId): OpId {
    let last = opId;
    for (let count = 0; count <= successorsMax; count += 1) {
      const known = this.#ports.operations.known(last);
      const isOver = known?.outcome && !this.#ports.operations.isOpen(last);
      if (!isOver || !known.outcome || !isLost(known.outcome)) break;
      last = successorOf(last);
    }
    return last;
  }

  async #outcomeOf(opId: OpId, onAccepted: () => void): Promise<OperationOutcome> {
    const { operations } = this.#ports;
    const outcome = operations.known(opId)?.outcome;
    if (outcome && !operations.isOpen(opId)) return outcome;
    if (operations.isAccepted(opId)) onAccepted();
    return new Promise((resolve) => this.#recalled.set(opId, { onAccepted, onEnded: resolve }));
  }

  async #submit(applied: AppliedOperation, onAccepted: () => void): Promise<OperationOutcome> {
    const { clock, operations, fleet } = this.#ports;
    const { opId, operation, requestedBy, requestedFrom, reason } = applied;
    const { node, unit, verb, options } = operation;
    const deadlineMs = clock.nowMs() + applied.timeLimitMs;
    await this.#untilReady(node, deadlineMs);
    await this.#heldBack.get(node);
    const { signal } = applied;
    if (signal?.aborted) return refusalOf('HEC_CANCELLED', 'its run did not wait for it any more');
    const timeLimitMs = Math.max(1, Math.floor(deadlineMs - clock.nowMs()));
    const { connection, offlineReason } = fleet.state.nodes.get(node) ?? notOfThisSite;
    return operations.submit(
      {
        opId,
        node,
        unit,
        verb,
        options,
        requestedBy,
        requestedFrom,
        reason,
        requestedMs: clock.wallMs(),
        timeLimitMs,
        logLines: this.#ports.logLines(),
      },
      {
        refusal: connection === 'online' ? undefined : offline(node, offlineReason),
        isSentUnrecorded: applied.isSentUnrecorded,
        // A command that is under way would be ended with it.
        ...(signal && verb !== 'exec' ? { signal } : {}),
        onItem: (item) => {
          if (item.case === 'accepted' || item.case === 'output') onAccepted();
        },
      },
    );
  }

  /** Half of the time that there is, at most until the node's grace is over. */
  async #untilReady(node: NodeName, deadlineMs: number): Promise<void> {
    const { clock, fleet } = this.#ports;
    const isReady = () => {
      const known = fleet.state.nodes.get(node);
      return known !== undefined && isKnown(known);
    };
    if (isReady() || !fleet.state.nodes.has(node)) return;
    const nowMs = clock.nowMs();
    const changedAtMs = this.#changedAtMs.get(node) ?? this.#startedAtMs;
    const waitMs = Math.min(changedAtMs + reconnectGraceMs - nowMs, (deadlineMs - nowMs) / 2);
    if (waitMs <= 0) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        unwatch();
        resolve();
      };
      const timer = setTimeout(end, waitMs);
      const unwatch = fleet.watch({
        onChange: (changed) => {
          if (changed === node && isReady()) end();
        },
      });
    });
  }
}

const notOfThisSite = { connection: 'offline', offlineReason: 'it is not a node of this site' } as const;

const endOf = ({ status, result, code, message, durationMs }: OperationOutcome): OperationEnd => ({
  status,
  result,
  code: isErrorCode(code) ? code : '',
  message,
  durationMs,
});
