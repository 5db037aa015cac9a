/** From the draft of a run to the machine's next state and the one commit that makes it so. */
import { intentAfter } from './intent.ts';
import { isActive } from './plan-walk.ts';
import type { Intent, RunId, RunState } from './run.ts';
import { isHeld, type RunDraft } from './run-draft.ts';
import type { RunRecord } from './run-record.ts';
import type { RunsEffect, RunsState, RunsStep } from './runs-state.ts';

export const nothing = (state: RunsState): RunsStep => ({ state, effects: [] });

/** One step after the other, their effects in that order. */
export function andThen(first: RunsStep, second: (state: RunsState) => RunsStep): RunsStep {
  const { state, effects } = second(first.state);
  return { state, effects: [...first.effects, ...effects] };
}

export interface CommitOptions {
  readonly onFailure?: 'proceed' | 'halt';
  readonly ticket?: number;
  /** An intent that a startup was allowed to override. */
  readonly overridden?: RunId | undefined;
}

/** Puts the run back, or lets go of it when nothing is left to do; without records there is nothing to commit. */
export function commit(state: RunsState, draft: RunDraft, options: CommitOptions = {}): RunsStep {
  const { runId, run, records, effects } = draft;
  const runs = new Map(state.runs);
  if (isHeld(run)) runs.set(runId, run);
  else runs.delete(runId);
  const released = new Set<RunId>(options.overridden ? [runId, options.overridden] : [runId]);
  const intent = intentAfter(runs.values(), state.intent, released);
  const next: RunsState = { ...state, runs, intent };
  const change = intentChange(state.intent, intent);
  if (records.length === 0 && change === undefined) return { state: next, effects };
  // What is over is over, and a shutdown goes on: neither hangs on a disk.
  const proceeds = run.request.plan.kind === 'shutdown' || !isActive(run);
  const effect: RunsEffect = {
    type: 'commit',
    runId,
    records,
    intent: change,
    // biome-ignore lint/suspicious/noThenProperty: a list of effects, nothing to await
    then: effects,
    onFailure: options.onFailure ?? (proceeds ? 'proceed' : 'halt'),
    ticket: options.ticket,
  };
  return { state: next, effects: [effect] };
}

/** Records of a run that the machine does not hold. */
export const commitOf = (runId: RunId, records: readonly RunRecord[]): RunsEffect => ({
  type: 'commit',
  runId,
  records,
  intent: undefined,
  // biome-ignore lint/suspicious/noThenProperty: a list of effects, nothing to await
  then: [],
  onFailure: 'proceed',
  ticket: undefined,
});

const intentChange = (before: Intent | undefined, after: Intent | undefined): Intent | null | undefined =>
  before?.runId === after?.runId ? undefined : (after ?? null);

/** Takes a step for each of these runs that is still held when its turn comes. */
export function forEachRun(
  state: RunsState,
  runIds: Iterable<RunId>,
  step: (state: RunsState, run: RunState) => RunsStep,
): RunsStep {
  let all = nothing(state);
  for (const runId of runIds) {
    all = andThen(all, (next) => {
      const run = next.runs.get(runId);
      return run ? step(next, run) : nothing(next);
    });
  }
  return all;
}
