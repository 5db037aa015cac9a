import { createGetRun } from '@hecate/proto/generated/wire.ts';
import type { Command } from '../context.ts';
import { optional } from '../core/command-definition.ts';
import { runIdOf } from '../core/run-state.ts';
import { runArgument } from '../run-argument.ts';
import { endOfWatch, watchRun } from '../watch-run.ts';

export const command: Command = {
  definition: {
    name: 'runs watch',
    group: 'runs',
    summary: 'watch a run to its end',
    description: [
      'Watches a run until it is over and ends as it did: on a terminal as a tree of stages and steps, in a pipe as one line for every event, with -o json as one object for every event and at last the report. A run that is over already is told at once.',
      'Ctrl-C and --timeout end the watching only. When the manager is restarted, the watching goes on as soon as it is there again: for as long as --timeout says, a quarter of an hour without it.',
    ],
    arguments: [
      { ...optional(runArgument), description: `${runArgument.description}; the newest when it is left out` },
    ],
    options: [],
    examples: [
      { command: 'hecatectl runs watch', explanation: 'the newest run' },
      { command: 'hecatectl runs watch 01KASVJ5T0 -o jsonl', explanation: 'its events, for a program' },
    ],
    exits: ['degraded', 'notFound', 'failed', 'timeout'],
    schema: 'run-event',
    isStream: true,
  },
  run: async (context) => {
    // The whole id: the beginning of one, or the newest, may mean another run after a reconnect.
    const value = createGetRun({ runId: context.invocation.operand('ID') ?? '' });
    const runId = runIdOf(await context.ask('run', { case: 'getRun', value }));
    return endOfWatch(context, runId, await watchRun(context, runId));
  },
};
