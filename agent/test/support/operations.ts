/** Short ways to make operations and to drive the operation machine in tests. */
import { makeOpId } from '@hecate/proto/core/names.ts';
import { createOperation, type Operation, type OperationOutcome } from '@hecate/proto/generated/wire.ts';
import type { Facts } from '../../src/core/operation-inference.ts';
import type { OperationRecord } from '../../src/core/operation-record.ts';
import { operationsStep } from '../../src/core/operations.ts';
import {
  type OperationsEffect,
  type OperationsInput,
  type OperationsState,
  openOperations,
} from '../../src/core/operations-state.ts';
import { defaultPolicy } from '../../src/core/policy.ts';

export const ownUnit = 'hecate-agent.service';

/** The n-th OpId; a later one sorts after an earlier one. */
export const opId = (n: number): string => makeOpId(1_700_000_000_000 + n, new Uint8Array(10));

export const operation = (fields: Partial<Operation> = {}): Operation =>
  createOperation({
    opId: opId(1),
    epoch: 5,
    verb: 'start',
    unit: 'web.service',
    notAfterClockMs: 1_000_000,
    timeLimitMs: 90_000,
    ...fields,
  });

export const openState = (
  records: Iterable<OperationRecord> = [],
  fields: Partial<OperationsState> = {},
): OperationsState =>
  Object.assign(
    openOperations({ records, bootId: 'boot-1', ownUnit, policy: defaultPolicy, highestEpoch: 0, nowMs: 0 }),
    { isBusConnected: true },
    fields,
  );

export interface Driver {
  readonly state: OperationsState;
  nowMs: number;
  bootTimeMs: number;
  step(input: OperationsInput): OperationsEffect[];
  /** Steps, and lets the disk answer at once; the effects without what was persisted. */
  run(input: OperationsInput): OperationsEffect[];
  readonly records: OperationRecord[];
}

export function drive(state: OperationsState = openState()): Driver {
  const records: OperationRecord[] = [];
  const driver: Driver = {
    state,
    nowMs: 0,
    bootTimeMs: 500_000,
    records,
    step(input) {
      const { nowMs, bootTimeMs } = driver;
      const effects = operationsStep(state, input, { nowMs, bootTimeMs, monotonicUs: nowMs * 1000 });
      for (const effect of effects) if (effect.type === 'persist') records.push(...effect.records);
      return effects;
    },
    run(input) {
      const seen: OperationsEffect[] = [];
      const queue = [input];
      for (let next = queue.shift(); next; next = queue.shift()) {
        for (const effect of driver.step(next)) {
          if (effect.type !== 'persist') seen.push(effect);
          else if (effect.durable) queue.push(effect.durable);
        }
      }
      return seen;
    },
  };
  return driver;
}

export const answers = (effects: readonly OperationsEffect[]): OperationOutcome[] =>
  effects.flatMap((effect) => (effect.type === 'answer' ? [effect.outcome] : []));

/** Nothing was found out. */
export const noFacts: Facts = {
  job: undefined,
  unit: undefined,
  freezerState: undefined,
  unitFileState: undefined,
  defaultTarget: undefined,
  shutdown: undefined,
  systemdStartedUs: undefined,
};

export const types = (effects: readonly OperationsEffect[]): string[] => effects.map(({ type }) => type);

export const job = { jobId: 7, jobPath: '/org/freedesktop/systemd1/job/7' };
export const apply = (fields = {}, ticket = 1) =>
  ({ type: 'apply', ticket, operation: operation(fields) }) as const;
export const removed = (result: string) => ({ type: 'job-removed', jobPath: job.jobPath, result }) as const;
export const called = (id = opId(1)) => ({ type: 'called', opId: id, result: { case: 'job', job } }) as const;

/** Up to the job. */
export function begun(fields = {}) {
  const driver = drive();
  driver.run(apply(fields));
  driver.run(called());
  return driver;
}
