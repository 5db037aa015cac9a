import { createAbortRun, type RunReport, type RunStep } from '@hecate/proto/generated/wire.ts';
import type { Command, Context, End } from '../context.ts';
import { printable } from '../core/printable.ts';
import { isOver, runIdOf, stateOf, workDone } from '../core/run-state.ts';
import { runArgument } from '../run-argument.ts';
import { endOfWatch, watchRun } from '../watch-run.ts';

export const command: Command = {
  definition: {
    name: 'runs abort',
    group: 'runs',
    summary: 'end a run at the end of its step',
    description: [
      'Ends a run when the step that is running is over: nothing is cut off in the middle, and nothing is undone. Then it says what was done and what was not. A shutdown that has powered the first host off is not aborted any more.',
      'The abort is durable once it is accepted, also over a restart of the manager; Ctrl-C ends the watching only.',
      "Of a run that the manager does not know, because its state was lost or restored, it withdraws the dead man's orders that nodes still hold; hecatectl health names them.",
    ],
    arguments: [runArgument],
    options: [
      { long: 'reason', valueName: 'TEXT', description: 'why; it is kept with the run' },
      { long: 'detach', description: 'end when the abort is accepted, without waiting for the step' },
    ],
    examples: [
      {
        command: 'hecatectl runs abort 01KASVJ5T0 --reason "the mains are back"',
        explanation: 'stops a shutdown before its first poweroff',
      },
    ],
    exits: ['notFound', 'failed', 'degraded', 'timeout', 'unknown'],
    schema: 'run-event',
    isStream: true,
  },
  run: async (context) => {
    const { invocation } = context;
    const value = createAbortRun({
      runId: invocation.operand('ID') ?? '',
      reason: invocation.text('reason') ?? '',
    });
    const report = await context.ask('run', { case: 'abortRun', value });
    // Without a plan: one that the manager does not know, and of which nodes held orders.
    if (report.planDigest === '') return tellOrders(context, report);
    if (invocation.flag('detach')) return tellAccepted(context, report);
    context.out.note(`hecatectl: run ${runIdOf(report)} ends with the step that is running`);
    const end = await watchRun(context, runIdOf(report));
    if (end.type !== 'over') return endOfWatch(context, runIdOf(report), end);
    tellWork(context, end.report);
    // That it was ended is what was asked for.
    return stateOf(end.report) === 'aborted' ? 'success' : endOfWatch(context, runIdOf(report), end);
  },
};

function tellAccepted({ out, sameManager }: Context, report: RunReport): End {
  const runId = runIdOf(report);
  const how = isOver(report) ? `is ${stateOf(report)}` : 'ends with the step that is running';
  out.note(`hecatectl: run ${runId} ${how}`);
  out.note(printable(`  next: hecatectl runs watch ${runId}${sameManager}`));
  return 'success';
}

function tellOrders({ out }: Context, report: RunReport): End {
  const { armed, degradations } = report;
  const what = armed.length === 0 ? 'are withdrawn' : `are withdrawn, but for ${armed.join(', ')}`;
  out.note(printable(`hecatectl: this manager does not know run ${runIdOf(report)}; its orders ${what}`));
  for (const text of degradations) out.note(printable(`  ${text}; it is withdrawn when the node comes back`));
  return armed.length === 0 ? 'success' : 'degraded';
}

/** What was and what was not done; with -o json the report says it. */
function tellWork({ out }: Context, report: RunReport): void {
  if (out.isJson || out.style.isQuiet) return;
  const { done, notDone } = workDone(report);
  const list = (title: string, steps: readonly RunStep[]): void => {
    out.line(steps.length === 0 ? `${title}: nothing` : `${title}:`);
    for (const { id, name, state } of steps) {
      const how = state === 'done' || state === 'pending' ? '' : ` (${state})`;
      out.line(printable(`  ${id} ${name}${how}`));
    }
  };
  list('done', done);
  list('not done', notDone);
}
