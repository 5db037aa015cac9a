/** What is remembered of a run that is over: what durations are learnt from. */
import type { PlanKind, PlanMode } from '../plan/plan.ts';
import { stepAt } from './plan-walk.ts';
import type { RunOutcome, RunState, StepOutcome } from './run.ts';

export interface PastStep {
  /** In its plan, `2.1`; in another version of it the same work may have another one. */
  readonly id: string;
  readonly learnKey: string;
  readonly name: string;
  readonly stage: string;
  readonly outcome: StepOutcome;
  readonly durationMs: number;
  readonly hasTimedOut: boolean;
}

export interface PastRun {
  readonly id: string;
  /** The plan's name. */
  readonly plan: string;
  readonly kind: PlanKind;
  readonly mode: PlanMode;
  readonly outcome: RunOutcome;
  /** Nothing was applied: its durations say nothing. */
  readonly isDryRun: boolean;
  readonly isRehearsal: boolean;
  /** Of the UPS, or of the other site, that has asked for it; empty, or not kept: a person has. */
  readonly triggerId?: string;
  /** A person has asked for it, too. */
  readonly joinedBy?: string;
  /** Unix time. */
  readonly startedWallMs: number;
  readonly durationMs: number;
  /** Steps that were over when it ended, in the order of the plan. */
  readonly steps: readonly PastStep[];
}

/** Of a run that has ended; one that has not counts as failed. */
export function pastRunOf(run: RunState): PastRun {
  const { request } = run;
  const { plan } = request;
  return {
    id: request.runId,
    plan: plan.name,
    kind: plan.kind,
    mode: plan.mode,
    outcome: run.outcome ?? 'failed',
    isDryRun: false,
    isRehearsal: request.isRehearsal,
    triggerId: request.triggerId,
    ...(run.joinedBy === undefined ? {} : { joinedBy: run.joinedBy }),
    startedWallMs: request.requestedWallMs,
    durationMs: (run.endedAtMs ?? run.recordedAtMs) - run.beganAtMs,
    steps: run.results.map(({ address, outcome, durationMs, hasTimedOut }) => {
      const { id, learnKey, name } = stepAt(plan, address);
      const stage = plan.stages[address.stage]?.name ?? '';
      return { id, learnKey, name, stage, outcome, durationMs, hasTimedOut };
    }),
  };
}
