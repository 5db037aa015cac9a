/** Runs that are going on, and runs that are over. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import type { AbortRun, GetRun, ListRuns, RunReport } from '@hecate/proto/generated/wire.ts';
import { isClaimedName } from '../core/admission.ts';
import type { RunId } from '../core/runs/run.ts';
import type { OperatorRequest } from './context.ts';

/** As many fit a frame. */
const runsMax = 200;
const reasonLengthMax = 500;

/** Newest first. */
export async function listRuns({ value, context }: OperatorRequest<ListRuns>): Promise<Outcome> {
  return { case: 'runs', value: { runs: context.runs.summaries(Math.min(value.runsMax || 20, runsMax)) } };
}

export async function getRun({ value, context }: OperatorRequest<GetRun>): Promise<Outcome> {
  return { case: 'run', value: context.runs.report(context.runs.find(value.runId)) };
}

/**
 * Answers when it is durable that the run is to end with the step that is running; of a run that is not known here, and
 * of which nodes hold orders, when those are withdrawn.
 */
export async function abortRun({ value, caller, context }: OperatorRequest<AbortRun>): Promise<Outcome> {
  const { runs } = context;
  const reason = value.reason.slice(0, reasonLengthMax);
  const stray = runs.strayOrders.find(value.runId);
  if (stray !== undefined) {
    requireOnly(stray, value.runId, runs.matching(value.runId));
    return { case: 'run', value: await abortStray(stray, reason, caller, context) };
  }
  const runId = runs.find(value.runId);
  await runs.abort(runId, caller.who, reason);
  return { case: 'run', value: runs.report(runId) };
}

/** @throws HEC_NO_SUCH_RUN where the beginning of an id may mean another run than the unknown one, too */
function requireOnly(stray: RunId, prefix: string, known: readonly RunId[]): void {
  if (known.length === 0) return;
  throw new HecateError(
    'HEC_NO_SUCH_RUN',
    `${known.length + 1} runs begin with ${prefix}: ${stray}, which is not known here, and ${known.slice(0, 5).join(', ')}`,
    'name it with its whole id: hecatectl runs list, hecatectl health',
  );
}

async function abortStray(
  runId: RunId,
  reason: string,
  { who, from }: OperatorRequest<AbortRun>['caller'],
  { runs, audit }: OperatorRequest<AbortRun>['context'],
): Promise<RunReport> {
  const report = await runs.strayOrders.abort(runId, who);
  const outcome = report.armed.length === 0 ? 'done' : 'degraded';
  const what = 'withdraw the orders of an unknown run';
  const claimed = isClaimedName(who) ? { claimed: true } : {};
  audit.append({ who, ...claimed, from, what, subject: runId, outcome, ...(reason ? { reason } : {}) });
  return report;
}
