import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { asHecateError, type ErrorCode } from '@hecate/proto/core/errors.ts';
import { createStartRun, type RunStarted } from '@hecate/proto/generated/wire.ts';
import { awaitStartup, lookIntervalMs } from '../await-startup.ts';
import type { Command, Context } from '../context.ts';
import { printable } from '../core/printable.ts';
import { retryPauseMs } from '../core/retry-pause.ts';
import { followStartup, isShutDownSince, type StartupEnd } from '../follow-startup.ts';
import { clock } from '../io/clock.ts';
import { pause } from '../io/pause.ts';
import { requestRun } from '../start-run.ts';

export const command: Command = {
  definition: {
    name: 'bootstrap',
    group: 'runs',
    summary: 'start the site as soon as power is good for it',
    description: [
      'For the boot of the host that the manager runs on, where hecate-bootstrap.service runs it once that is enabled: waits for the manager, for mains that has been back for power.stable_mains, and for batteries that are good for another outage (1.5 times the threshold of a shutdown; at the load of the site; of a UPS that tells a charge alone, power.startup_charge), as far as the nodes hang on them; then it runs the plan startup and watches it. Without UPSes it waits for the manager alone.',
      'A run that was going on when the manager started is waited for. A shutdown that somebody has asked for since, or that is remembered and never ended, is not undone: then it ends, and starts nothing. A startup that is going on is joined; where everything is up, the startup has nothing to do.',
      'When mains fails again meanwhile, the manager decides as always. A shutdown that a UPS asks for takes the nodes over: this waits until it is over and power is good again, and starts the site anew.',
      'A startup that fails is asked for again after 15 s, then 30 s, twice as long each time up to an hour; one that somebody aborts is not. With --timeout it gives up when it may not begin by then.',
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
    for (let failures = 0; ; ) {
      const why = await awaitStartup(context, deadlineMs);
      context.out.note(printable(`hecatectl: the site is started up: ${why}`));
      const started = await ask(context, why);
      const ended = started && (await followStartup(context, started));
      if (ended?.type === 'end') return ended.end;
      if (ended?.type === 'failed') await letAlone(context, ended, ++failures, deadlineMs);
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

/**
 * What has not come yet may come later: nobody is there to start the site by hand.
 * @throws the failure, past the deadline and where somebody has shut the site down since
 */
async function letAlone(
  context: Context,
  { runId, error }: Extract<StartupEnd, { type: 'failed' }>,
  failures: number,
  deadlineMs: number,
): Promise<void> {
  const pauseMs = retryPauseMs(failures);
  if (clock.nowMs() + pauseMs > deadlineMs) throw error;
  context.out.note(printable(`hecatectl: ${error.message}; it is tried again in ${formatDuration(pauseMs)}`));
  await pause(context.signal, pauseMs);
  if (context.signal.aborted || (await isShutDownSince(context, runId))) throw error;
}
