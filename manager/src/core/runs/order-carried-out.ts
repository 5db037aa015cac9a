/**
 * A node has carried its dead man's order out, has gone off by it, and is on again: the run asks nothing more of it. A
 * host that somebody has switched on would go off in front of him.
 */
import { goOn } from './operations-of-method.ts';
import { isActive, runningAction } from './plan-walk.ts';
import { RunDraft } from './run-draft.ts';
import { followVerdict } from './run-progress.ts';
import type { RunsInput, RunsInstant, RunsState, RunsStep } from './runs-state.ts';
import { commit, nothing } from './runs-step.ts';

type OrderCarriedOut = Extract<RunsInput, { type: 'order-carried-out' }>;

/** Durable before anything follows from it (I9). Of a run that nobody knows, the agent need not keep it any longer. */
export function orderCarriedOut(
  state: RunsState,
  { runId, node }: OrderCarriedOut,
  at: RunsInstant,
): RunsStep {
  const run = state.runs.get(runId);
  if (!run) return { state, effects: [{ type: 'withdraw', runId, node }] };
  // Of one that is over it is withdrawn at the node's return, behind this.
  if (!isActive(run) || !run.armed.includes(node) || run.carriedOut.includes(node)) return nothing(state);
  const draft = new RunDraft(run, at);
  draft.write({ type: 'order-carried-out', node });
  if (run.running) {
    const { step, action } = runningAction(run, run.running);
    if (action.type === 'operations') followVerdict(draft, goOn(draft, action, step));
  }
  return commit(state, draft);
}
