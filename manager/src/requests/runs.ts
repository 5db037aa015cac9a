/** Runs that are going on, and runs that are over. */
import type { Outcome } from '@hecate/proto/core/frames.ts';
import type { AbortRun, GetRun, ListRuns } from '@hecate/proto/generated/wire.ts';
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

/** Answers when it is durable that the run is to end with the step that is running. */
export async function abortRun({ value, caller, context }: OperatorRequest<AbortRun>): Promise<Outcome> {
  const runId = context.runs.find(value.runId);
  await context.runs.abort(runId, caller.who, value.reason.slice(0, reasonLengthMax));
  return { case: 'run', value: context.runs.report(runId) };
}
