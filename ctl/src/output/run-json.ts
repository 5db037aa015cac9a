/** The stable forms of runs under `-o json`: ctl/schema/run.json, runs.json and run-event.json. */
import type {
  RunEventLine,
  RunOperationReport,
  RunReport,
  RunStarted,
  RunStep,
  RunSummary,
} from '@hecate/proto/generated/wire.ts';
import { createRunSummary } from '@hecate/proto/generated/wire.ts';
import { runIdOf } from '../core/run-state.ts';
import { orNull, timeOrNull } from './outcome-json.ts';

export const runSummaryJson = (summary: RunSummary): Record<string, unknown> => ({
  run_id: summary.runId,
  plan: summary.plan,
  kind: summary.kind,
  mode: summary.mode,
  state: summary.state,
  is_dry_run: summary.dryRun,
  is_rehearsal: summary.rehearsal,
  requested_by: summary.requestedBy,
  reason: orNull(summary.reason),
  started: timeOrNull(summary.startedMs),
  duration_ms: summary.durationMs,
  rung: summary.rung,
  why: orNull(summary.why),
});

const operationJson = (operation: RunOperationReport): Record<string, unknown> => ({
  op_id: orNull(operation.opId),
  node: operation.node,
  verb: operation.verb,
  unit: orNull(operation.unit),
  state: operation.state,
  result: orNull(operation.result),
  code: orNull(operation.code),
  message: orNull(operation.message),
  duration_ms: operation.durationMs,
});

const stepJson = (step: RunStep): Record<string, unknown> => ({
  id: step.id,
  name: step.name,
  state: step.state,
  duration_ms: step.durationMs,
  expected_ms: step.expectedMs,
  bound_ms: step.boundMs,
  /** Counted from 1, as events do. */
  method: step.method + 1,
  why: orNull(step.why),
  waiting_for: orNull(step.waitingFor),
  details: step.details,
  operations: step.operations.map(operationJson),
});

export const runJson = (report: RunReport): Record<string, unknown> => ({
  ...runSummaryJson(report.summary ?? createRunSummary()),
  plan_digest: report.planDigest,
  elapsed_ms: report.elapsedMs,
  expected_ms: report.expectedMs,
  bound_ms: report.boundMs,
  time_limit_ms: report.timeLimitMs === 0 ? null : report.timeLimitMs,
  is_past_no_return: report.pastNoReturn,
  armed: report.armed,
  degradations: report.degradations,
  stages: report.stages.map(({ name, steps }) => ({ name, steps: steps.map(stepJson) })),
});

/** The first line of a run that was asked for. */
export const acceptedJson = ({ run, joined, preempted }: RunStarted): Record<string, unknown> => ({
  event: 'accepted',
  run_id: run === undefined ? '' : runIdOf(run),
  is_joined: joined,
  preempted,
});

export const runEventJson = (
  runId: string,
  { atMs, type, step, node, text }: RunEventLine,
): Record<string, unknown> => ({
  event: type,
  run_id: runId,
  at: timeOrNull(atMs),
  step: orNull(step),
  node: orNull(node),
  text,
});

/** The last line: the whole report. */
export const reportJson = (report: RunReport): Record<string, unknown> => ({
  event: 'report',
  run_id: runIdOf(report),
  run: runJson(report),
});
