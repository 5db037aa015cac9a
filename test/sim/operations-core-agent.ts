/** The agent's own core as the brain of a simulated agent: another runner of the same machine. */
import type { Facts } from '../../agent/src/core/operation-inference.ts';
import type { OperationRecord } from '../../agent/src/core/operation-record.ts';
import { nextOperationsTickMs, operationsStep } from '../../agent/src/core/operations.ts';
import {
  type Instant,
  type OperationsEffect,
  type OperationsInput,
  type OperationsState,
  openOperations,
} from '../../agent/src/core/operations-state.ts';
import { defaultPolicy } from '../../agent/src/core/policy.ts';
import type { UnitOutcome } from '../../agent/src/core/systemd-port.ts';
import type { AgentBrain, BrainPorts } from './operations-agent.ts';
import type { SimulatedJob } from './operations-systemd.ts';

export function coreBrain(ports: BrainPorts): AgentBrain {
  const state: OperationsState = openOperations({
    records: ports.disk.durable as readonly OperationRecord[],
    bootId: 'the-only-boot',
    ownUnit: 'hecate-agent.service',
    policy: defaultPolicy,
    highestEpoch: ports.highestEpoch,
    nowMs: ports.nowMs(),
  });
  let timerAtMs = Number.POSITIVE_INFINITY;
  const instant = (): Instant => ({
    nowMs: ports.nowMs(),
    bootTimeMs: ports.bootTimeMs(),
    monotonicUs: ports.nowMs() * 1000,
  });
  const step = (input: OperationsInput): void => {
    for (const effect of operationsStep(state, input, instant())) perform(effect);
    arm();
  };
  const arm = (): void => {
    const atMs = nextOperationsTickMs(state);
    if (atMs >= timerAtMs || atMs === Number.POSITIVE_INFINITY) return;
    timerAtMs = atMs;
    ports.later(Math.max(1, atMs - ports.nowMs()), () => {
      timerAtMs = Number.POSITIVE_INFINITY;
      step({ type: 'tick' });
    });
  };
  const perform = (effect: OperationsEffect): void => {
    switch (effect.type) {
      case 'persist': {
        const { durable, lost } = effect;
        ports.append(
          effect.records,
          durable &&
            ((isDurable) => {
              const input = isDurable ? durable : lost?.('the disk is full');
              if (input) step(input);
            }),
        );
        return;
      }
      case 'call':
        ports.atSystemd(ports.random() * 3, () => {
          const job = ports.systemd.start(effect.opId, effect.operation.unit);
          ports.later(ports.random() * 3, () => {
            const { jobId, jobPath } = job;
            step({ type: 'called', opId: effect.opId, result: { case: 'job', job: { jobId, jobPath } } });
            if (job.result) step({ type: 'job-removed', jobPath, result: job.result });
          });
        });
        return;
      case 'poll':
        ports.later(1, () => {
          const job = ports.systemd.byOpId.get(effect.opId);
          step({ type: 'polled', opId: effect.opId, isThere: job !== undefined && job.result === undefined });
        });
        return;
      case 'inspect':
        ports.later(2, () => {
          step({
            type: 'inspected',
            opId: effect.opId,
            facts: factsOf(ports.systemd.byOpId.get(effect.opId)),
          });
        });
        return;
      case 'investigate':
        ports.later(1, () => {
          step({ type: 'investigated', opId: effect.opId, evidence: undefined, logLines: [] });
        });
        return;
      case 'accepted':
        ports.accepted(effect.ticket, effect.opId);
        return;
      case 'answer':
        ports.answer(effect.ticket, effect.outcome);
        return;
      case 'answer-resolve':
        ports.answerResolve(effect.ticket, effect.operations);
        return;
      case 'answer-failure':
        ports.fail(effect.ticket, effect.code);
        return;
      case 'report':
        ports.report(effect.outcomes);
        return;
      case 'compact':
      case 'name-unit':
      case 'stop-exec':
        throw new Error(`${effect.type} does not come up in this simulation`);
    }
  };
  step({ type: 'bus', isConnected: true });
  return {
    apply: (ticket, operation) => step({ type: 'apply', ticket, operation }),
    resolve: (ticket, epoch, opIds) => step({ type: 'resolve', ticket, epoch, opIds }),
    abandoned: (ticket) => step({ type: 'abandoned', ticket }),
    epoch: (epoch) => step({ type: 'epoch', epoch }),
    session: (isOpen) => step({ type: 'session', isOpen }),
    reported: (opIds) => step({ type: 'reported', opIds }),
    reportFailed: () => step({ type: 'report-failed' }),
    jobRemoved: ({ jobPath, result }) => {
      if (result) step({ type: 'job-removed', jobPath, result });
    },
    isAtRest: () =>
      state.running.size === 0 &&
      state.ledger.unreportedCount === 0 &&
      nextOperationsTickMs(state) === Number.POSITIVE_INFINITY,
  };
}

function factsOf(job: SimulatedJob | undefined): Facts {
  const others = {
    freezerState: undefined,
    unitFileState: undefined,
    defaultTarget: undefined,
    shutdown: undefined,
    systemdStartedUs: undefined,
  };
  if (job && job.result === undefined)
    return { job: { jobId: job.jobId, jobPath: job.jobPath }, unit: undefined, ...others };
  const unit: UnitOutcome = {
    loadState: 'loaded',
    activeState: job ? (job.result === 'done' ? 'active' : 'failed') : 'inactive',
    subState: '',
    result: job?.result === 'failed' ? 'exit-code' : 'success',
    execMainStatus: 0,
    execMainCode: 0,
    invocationId: '',
    stateChangeTimestampMonotonic: BigInt(Math.floor((job?.endedAtMs ?? 0) * 1000)),
    nRestarts: 0,
  };
  return { job: undefined, unit, ...others };
}
