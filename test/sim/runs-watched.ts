/** A run as it is seen from outside of every manager, and what can be said of its plan and records. */
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { Verb } from '@hecate/proto/generated/wire.ts';
import { leavesOf } from '../../manager/src/core/plan/gate-verdict.ts';
import type { Action, Plan, Rung, Step, StepAddress } from '../../manager/src/core/plan/plan.ts';
import type { RunId, RunState } from '../../manager/src/core/runs/run.ts';
import type { RunRecord } from '../../manager/src/core/runs/run-record.ts';
import type { SimulatedHost } from './runs-host.ts';

/** What is known of a run from outside of every manager: out of the commits that were carried out. */
export interface Watched {
  readonly runId: RunId;
  readonly plan: Plan;
  /** As the records of the newest manager fold. */
  state: RunState;
  readonly acceptedAtMs: number;
  readonly ends: Map<string, RunState['results'][number]>;
  readonly hooks: Map<string, number>;
  isEnded: boolean;
  endedAtMs: number;
  endedBy: number;
  retries: number;
  /** When it was put on each rung: a crash with a full disk may make the manager forget the last one. */
  readonly rungAtMs: Map<Rung, number>;
  /** A commit of it was refused: what the machine holds is ahead of its records until it has ended. */
  isAhead: boolean;
  /** Looks in a row that held, of the step that is running. */
  held: { key: string; count: number };
}

export const keyOf = ({ stage, step }: StepAddress): string => `${stage}.${step}`;

/** I1: the first step before that address (all steps, without one) that is not over. */
export function openBefore({ plan, ends }: Watched, address?: StepAddress): string | undefined {
  for (const [stage, { steps }] of plan.stages.entries())
    for (const step of steps.keys()) {
      const isBefore = !address || stage < address.stage || (stage === address.stage && step < address.step);
      if (!isBefore) return undefined;
      if (!ends.has(keyOf({ stage, step }))) return keyOf({ stage, step });
    }
  return undefined;
}

/** I7: what the machine holds is what its records fold to. */
export function whyNotFolded(run: RunState, folded: RunState): string | undefined {
  const is = [
    run.rung,
    run.deadlineAtMs,
    run.results.length,
    run.armed.join(),
    run.operationsCount,
    run.outcome,
  ];
  const was = [
    folded.rung,
    folded.deadlineAtMs,
    folded.results.length,
    folded.armed.join(),
    folded.operationsCount,
    folded.outcome,
  ];
  const where = ({ running }: RunState): string =>
    running
      ? `${keyOf(running.address)}/${running.method}/${running.deadlineAtMs}/${running.operations.map(({ opId }) => opId).join()}`
      : '';
  if (is.join('|') !== was.join('|') || where(run) !== where(folded))
    return `I7: run ${run.request.runId} is not what its records fold to: ${is} and ${was}`;
  return undefined;
}

export function hasReached(host: SimulatedHost, verb: Verb, unit: string): boolean {
  const state = host.stateOf(unit);
  return verb === 'stop'
    ? state === 'inactive' || state === 'failed'
    : verb === 'start' && state === 'active';
}

export const namesOperation = (record: RunRecord, opId: string): boolean =>
  (record.type === 'method-begun' || record.type === 'operations-retried') &&
  record.operations.some((each) => each.opId === opId);

export function stepOf(plan: Plan, { stage, step }: StepAddress): Step {
  const found = plan.stages[stage]?.steps[step];
  if (!found) throw new Error(`no step ${stage}.${step}`);
  return found;
}

export const actionOf = (plan: Plan, address: StepAddress, method: number): Action | undefined =>
  stepOf(plan, address).methods[method];

export const gatesOn = (step: Step, node: NodeName): boolean =>
  step.methods.some(
    (method) =>
      method.type === 'gate' &&
      leavesOf(method.gate.condition).some(
        (leaf) => leaf.type === 'node' && leaf.state === 'powered-off' && leaf.node === node,
      ),
  );
