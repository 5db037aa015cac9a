/** A run as its operators see it: the wire's report, of runs that go on and of runs that are over. */
import {
  createRunOperationReport,
  createRunReport,
  createRunStage,
  createRunStep,
  createRunSummary,
  type RunOperationReport,
  type RunReport,
  type RunStep,
  type RunSummary,
} from '@hecate/proto/generated/wire.ts';
import { boundOf, expectedOf, stepBoundMs, stepExpectedMs } from '../plan/bounds.ts';
import type { Action, Step, StepAddress } from '../plan/plan.ts';
import { isLooking } from './gate-look.ts';
import { isMissingButDone, missingButDoneText, type OperationsAction } from './operation-verdict.ts';
import { isPastNoReturn, isSameAddress, methodAt, stepAt } from './plan-walk.ts';
import type { OperationEnd, RunningStep, RunOperation, RunState, StepResult } from './run.ts';

/** @param nowMs the coordinator's CLOCK_BOOTTIME, in the boot that the run is in */
export function runSummary(run: RunState, nowMs: number): RunSummary {
  const { request, rung, why } = run;
  return createRunSummary({
    runId: request.runId,
    plan: request.plan.name,
    kind: request.plan.kind,
    mode: request.plan.mode,
    state: run.outcome ?? (run.abort ? 'aborting' : 'running'),
    requestedBy: request.requestedBy,
    reason: request.reason,
    startedMs: request.requestedWallMs,
    durationMs: elapsedMs(run, nowMs),
    dryRun: false,
    rehearsal: request.isRehearsal,
    rung,
    why,
    triggerId: request.triggerId,
  });
}

/** @param nowMs as for `runSummary` */
export function runReport(run: RunState, nowMs: number): RunReport {
  const { plan, learntMs, planDigest } = run.request;
  return createRunReport({
    summary: runSummary(run, nowMs),
    planDigest,
    elapsedMs: elapsedMs(run, nowMs),
    expectedMs: wireMs(expectedOf(plan, learntMs, run.rung)),
    boundMs: wireMs(boundOf(plan, run.rung)),
    timeLimitMs: run.deadlineAtMs === undefined ? 0 : Math.max(1, wireMs(run.deadlineAtMs - run.beganAtMs)),
    stages: plan.stages.map(({ name, steps }, stage) =>
      createRunStage({
        name,
        steps: steps.map((each, step) => stepReport(run, each, { stage, step }, nowMs)),
      }),
    ),
    degradations: degradationsOf(run),
    pastNoReturn: isPastNoReturn(run),
    armed: [...run.armed],
  });
}

/** The wire's integers have 32 bits. */
const wireMs = (durationMs: number): number => Math.min(2 ** 32 - 1, Math.max(0, Math.round(durationMs)));

const elapsedMs = ({ beganAtMs, endedAtMs }: RunState, nowMs: number): number =>
  wireMs((endedAtMs ?? nowMs) - beganAtMs);

function stepReport(run: RunState, step: Step, address: StepAddress, nowMs: number): RunStep {
  const result = run.results.find((each) => isSameAddress(each.address, address));
  const { running } = run;
  const isRunning = running !== undefined && isSameAddress(running.address, address);
  const base = {
    id: step.id,
    name: step.name,
    expectedMs: wireMs(stepExpectedMs(step, run.rung, run.request.learntMs)),
    boundMs: wireMs(stepBoundMs(step, run.rung)),
  };
  if (result) return createRunStep({ ...base, ...ended(run, step, result) });
  if (isRunning) return createRunStep({ ...base, ...going(step, running, nowMs) });
  return createRunStep({ ...base, state: 'pending' });
}

function ended(run: RunState, step: Step, { address, outcome, why, durationMs, method }: StepResult) {
  const past = run.pastOperations.find((each) => isSameAddress(each.address, address));
  const operations = reportsOf(methodAt(step, method), past?.operations ?? []);
  return { state: outcome, durationMs: wireMs(durationMs), why, method, operations };
}

function going(step: Step, running: RunningStep, nowMs: number) {
  const action = methodAt(step, running.method);
  return {
    state: 'running',
    durationMs: wireMs(nowMs - running.beganAtMs),
    method: running.method,
    operations: reportsOf(action, running.operations),
    ...(isLooking(action)
      ? { waitingFor: action.gate.sentence, details: [...(running.look?.details ?? [])] }
      : {}),
  };
}

function reportsOf(action: Action, operations: readonly RunOperation[]): RunOperationReport[] {
  if (action.type !== 'operations') return [];
  return operations.map(({ opId, index, phase, end }) => {
    const planned = action.operations[index];
    return createRunOperationReport({
      opId,
      node: planned?.node ?? '',
      verb: planned?.verb ?? 'unspecified',
      unit: planned?.unit ?? '',
      ...endReport(action, end, phase),
      durationMs: wireMs(end?.durationMs ?? 0),
    });
  });
}

function endReport(action: OperationsAction, end: OperationEnd | undefined, phase: RunOperation['phase']) {
  if (!end) return { state: phase, result: '', code: '', message: '' };
  const { status, result, code, message } = end;
  if (isMissingButDone(action, end))
    return { state: 'done' as const, result, code, message: missingButDoneText };
  return { state: status, result, code, message };
}

/** What is not as planned, a sentence each: the rung first. */
export function degradationsOf({ request: { plan }, rung, rungWhy, results }: RunState): string[] {
  const ofRung = rung === 'full' ? [] : [`rung ${rung}: ${rungWhy}`];
  const ofSteps = results
    .filter(({ outcome }) => outcome !== 'done')
    .map(({ address, why }) => {
      const step = stepAt(plan, address);
      return `step ${step.id} (${step.name}): ${why}`;
    });
  return [...ofRung, ...ofSteps];
}
