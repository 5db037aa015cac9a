import { asHecateError, type ErrorCode, HecateError } from '@hecate/proto/core/errors.ts';
import { createListRuns, createStartRun, type RunStarted } from '@hecate/proto/generated/wire.ts';
import { awaitStartup, isPassing, lookIntervalMs } from '../await-startup.ts';
import type { Command, Context, End } from '../context.ts';
import { printable } from '../core/printable.ts';
import { runIdOf, stateOf } from '../core/run-state.ts';
import { clock } from '../io/clock.ts';
import { pause } from '../io/pause.ts';
import { reportOf, requestRun, watchStarted } from '../start-run.ts';
import { endOfWatch } from '../watch-run.ts';

export const command: Command = {
  definition: {
    name: 'bootstrap',
    group: 'runs',
    summary: 'start the site as soon as power is good for it',
    description: [
      'For the boot of the host that the manager runs on, where hecate-bootstrap.service runs it once that is enabled: waits for the manager, for mains that has been back for power.stable_mains, and for batteries that are good for another outage (1.5 times the threshold of a shutdown; of a UPS that tells a charge alone, 80 %), as far as the nodes hang on them; then it runs the plan startup and watches it. Without UPSes it waits for the manager alone.',
      'A run that was going on when the manager started is waited for. A shutdown that somebody has asked for since, or that is remembered and never ended, is not undone: then it ends, and starts nothing. A startup that is going on is joined; where everything is up, the startup has nothing to do.',
      'When mains fails again meanwhile, the manager decides as always. A shutdown that a UPS asks for takes the nodes over: this waits until it is over and power is good again, and starts the site anew. With --timeout it gives up when it may not begin by then.',
    ],
    arguments: [],
    options: [],
    examples: [
      { command: 'hecatectl bootstrap', explanation: 'waits, and starts the site' },
      {
        command: 'hecatectl bootstrap --timeout 10min',
        explanation: 'gives up when power is not good by then',
      },
    ],
    exits: ['degraded', 'failed', 'timeout', 'unknown'],
    schema: 'run-event',
    isStream: true,
  },
  run: async (context) => {
    const deadlineMs = clock.nowMs() + context.timeLimitMs(Number.POSITIVE_INFINITY);
    for (;;) {
      const why = await awaitStartup(context, deadlineMs);
      context.out.note(printable(`hecatectl: the site is started up: ${why}`));
      const started = await ask(context, why);
      const end = started && (await follow(context, started));
      if (end) return end;
    }
  },
};

/** Things have changed since the look, or nobody knows whether it was accepted: looked at again, and joined. */
const lookAgain: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'HEC_INTENT',
  'HEC_RUN_ACTIVE',
  'HEC_UNKNOWN',
  'HEC_CONNECTION',
]);

async function ask(context: Context, why: string): Promise<RunStarted | undefined> {
  const value = createStartRun({ name: 'startup', execute: true, reason: `bootstrap: ${why}` });
  try {
    return await requestRun(context, value);
  } catch (thrown) {
    const { code } = asHecateError(thrown);
    if (context.signal.aborted || !lookAgain.has(code)) throw thrown;
    if (code !== 'HEC_INTENT' && code !== 'HEC_RUN_ACTIVE') await context.forgetManager();
    await pause(context.signal, lookIntervalMs);
    return undefined;
  }
}

/** @returns undefined when power has ended it: it is begun again once that is good */
async function follow(context: Context, started: RunStarted): Promise<End | undefined> {
  const runId = runIdOf(reportOf(started));
  const end = await watchStarted(context, started);
  if (end.type !== 'over' || stateOf(end.report) !== 'pre-empted') return endOfWatch(context, runId, end);
  const ended = `the startup was ended for a shutdown: run ${runId} was ${end.report.summary?.why || 'pre-empted'}`;
  if (!(await isEndedByPower(context, runId))) {
    const next = `hecatectl runs list; once it is over: hecatectl bootstrap${context.sameManager}`;
    throw new HecateError('HEC_RUN_FAILED', ended, next);
  }
  context.out.note(printable(`hecatectl: ${ended}; it begins again once power is good`));
  return undefined;
}

/** As many as the manager remembers, at most. */
const runsMax = 200;

/** Whether UPSes have asked for every shutdown since: what a person wants is not undone. */
async function isEndedByPower(context: Context, runId: string): Promise<boolean> {
  for (;;) {
    try {
      const { runs } = await context.ask('runs', { case: 'listRuns', value: createListRuns({ runsMax }) });
      const since = runs.filter((run) => run.kind === 'shutdown' && !run.dryRun && run.runId > runId);
      return since.length > 0 && since.every(({ triggerId }) => triggerId !== '');
    } catch (thrown) {
      const error = asHecateError(thrown);
      if (context.signal.aborted || !isPassing(error)) throw error;
      await context.forgetManager();
      await pause(context.signal, lookIntervalMs);
    }
  }
}
