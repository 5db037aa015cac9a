/**
 * After a start of the manager: what was running goes on from where its records end. Deadlines are as they were (I5);
 * what became of operations is asked, not assumed (I2); gates look again.
 */
import type { Action, Step } from '../plan/plan.ts';
import { isLooking, look } from './gate-look.ts';
import type { OperationsAction } from './operation-verdict.ts';
import { endCarriedOut, endOperation, goOn, setPhase } from './operations-of-method.ts';
import { isActive, runningAction } from './plan-walk.ts';
import type { RunningStep, RunState } from './run.ts';
import { RunDraft } from './run-draft.ts';
import { failMethod, followVerdict, proceed, runHook } from './run-progress.ts';
import type { RunsInstant, RunsState, RunsStep } from './runs-state.ts';
import { commit } from './runs-step.ts';

type HookAction = Extract<Action, { type: 'hook' }>;

export function resumeRun(state: RunsState, run: RunState, at: RunsInstant): RunsStep {
  const draft = new RunDraft(run, at);
  if (isActive(run)) {
    const hasRebooted = run.bootId !== state.bootId;
    draft.write({ type: 'resumed', bootId: state.bootId });
    draft.tell({ type: 'run-resumed' });
    if (draft.run.running) resumeStep(draft, draft.run.running, hasRebooted);
    else proceed(draft);
  } else {
    // runs.json may not have it yet.
    draft.send({ type: 'ended', run });
  }
  return commit(state, draft);
}

function resumeStep(draft: RunDraft, running: RunningStep, hasRebooted: boolean): void {
  const { step, action } = runningAction(draft.run, running);
  if (isLooking(action)) look(draft, action);
  else if (action.type === 'hook') resumeHook(draft, action);
  else if (action.type === 'operations') resumeOperations(draft, step, action, hasRebooted);
}

function resumeHook(draft: RunDraft, { hook, isRepeatable }: HookAction): void {
  const why = `whether ${hook} ended is not known: the manager was restarted meanwhile`;
  if (isRepeatable) runHook(draft);
  else failMethod(draft, why, false);
}

function resumeOperations(draft: RunDraft, step: Step, action: OperationsAction, hasRebooted: boolean): void {
  endCarriedOut(draft, action);
  for (const { opId, index, phase } of draft.run.running?.operations ?? []) {
    if (phase === 'ended') continue;
    const operation = action.operations[index];
    const isOwnPoweroff = operation?.verb === 'poweroff' && operation.node === draft.plan.coordinator;
    if (hasRebooted && isOwnPoweroff) {
      const message = 'this host has booted since';
      endOperation(draft, opId, { status: 'done', result: 'done', code: '', message, durationMs: 0 });
    } else {
      // Whether it was sent is not known: until that is answered it has its place in the parallelism.
      setPhase(draft, opId, 'sent');
      draft.send({ type: 'recall', runId: draft.runId, opId });
    }
  }
  followVerdict(draft, goOn(draft, action, step));
}
