/** Watches a startup that bootstrap has asked for, and says whether it is to be asked for anew. */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import { createListRuns, type RunStarted } from '@hecate/proto/generated/wire.ts';
import { isPassing, lookIntervalMs } from './await-startup.ts';
import type { Context, End } from './context.ts';
import { printable } from './core/printable.ts';
import { runIdOf, stateOf } from './core/run-state.ts';
import { pause } from './io/pause.ts';
import { reportOf, watchStarted } from './start-run.ts';
import { endOfWatch } from './watch-run.ts';

export type StartupEnd =
  | { readonly type: 'end'; readonly end: End }
  /** Power has ended it: it begins again once that is good. */
  | { readonly type: 'ended-by-power' }
  | { readonly type: 'failed'; readonly runId: string; readonly error: HecateError };

/** @throws HEC_RUN_FAILED when somebody has ended it */
export async function followStartup(context: Context, started: RunStarted): Promise<StartupEnd> {
  const runId = runIdOf(reportOf(started));
  const end = await watchStarted(context, started);
  const state = end.type === 'over' ? stateOf(end.report) : '';
  if (end.type === 'over' && state === 'pre-empted') {
    await requireEndByPower(context, runId, end.report.summary?.why || state);
    return { type: 'ended-by-power' };
  }
  try {
    return { type: 'end', end: endOfWatch(context, runId, end) };
  } catch (thrown) {
    if (state !== 'failed') throw thrown;
    return { type: 'failed', runId, error: asHecateError(thrown) };
  }
}

async function requireEndByPower(context: Context, runId: string, why: string): Promise<void> {
  const ended = `the startup was ended for a shutdown: run ${runId} was ${why}`;
  if (await isShutDownSince(context, runId)) {
    const next = `hecatectl runs list; once it is over: hecatectl bootstrap${context.sameManager}`;
    throw new HecateError('HEC_RUN_FAILED', ended, next);
  }
  context.out.note(printable(`hecatectl: ${ended}; it begins again once power is good`));
}

/** As many as the manager remembers, at most. */
const runsMax = 200;

/** Whether there has been a shutdown since that no UPS has asked for: what a person wants is not undone. */
export async function isShutDownSince(context: Context, runId: string): Promise<boolean> {
  for (;;) {
    try {
      const { runs } = await context.ask('runs', { case: 'listRuns', value: createListRuns({ runsMax }) });
      return runs.some(
        (run) => run.kind === 'shutdown' && !run.dryRun && run.runId > runId && run.triggerId === '',
      );
    } catch (thrown) {
      const error = asHecateError(thrown);
      if (context.signal.aborted || !isPassing(error)) throw error;
      await context.forgetManager();
      await pause(context.signal, lookIntervalMs);
    }
  }
}
