import { createGetRun } from '@hecate/proto/generated/wire.ts';
import type { Command } from '../context.ts';
import { optional } from '../core/command-definition.ts';
import { printable } from '../core/printable.ts';
import { runJson } from '../output/run-json.ts';
import { localTime } from '../output/time-text.ts';
import { runArgument } from '../run-argument.ts';
import { printTree } from '../start-run.ts';

export const command: Command = {
  definition: {
    name: 'runs show',
    group: 'runs',
    summary: 'show how a run went, or how it goes',
    description: [
      'Shows a run with its stages and steps, how long each took, what did not go as planned and why. It ends with success once it has shown it, however the run went; runs watch ends as the run did.',
    ],
    arguments: [
      { ...optional(runArgument), description: `${runArgument.description}; the newest when it is left out` },
    ],
    options: [],
    examples: [
      { command: 'hecatectl runs show', explanation: 'the newest run' },
      { command: 'hecatectl runs show 01KASVJ5T0 -o json', explanation: 'one by the beginning of its id' },
    ],
    exits: ['notFound'],
    schema: 'run',
  },
  run: async (context) => {
    const { out, invocation } = context;
    const value = createGetRun({ runId: invocation.operand('ID') ?? '' });
    const report = await context.ask('run', { case: 'getRun', value });
    if (out.isJson) {
      out.json(runJson(report));
      return 'success';
    }
    const { summary } = report;
    if (summary) {
      const why = summary.reason === '' ? '' : `: ${summary.reason}`;
      out.line(printable(`asked for by ${summary.requestedBy} at ${localTime(summary.startedMs)}${why}`));
      out.line(`plan ${report.planDigest}`);
    }
    printTree(context, report);
    return 'success';
  },
};
