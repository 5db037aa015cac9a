import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { createListRuns, type RunSummary } from '@hecate/proto/generated/wire.ts';
import type { Command, Context } from '../context.ts';
import { modeText, stateText, toneOfState } from '../core/run-state.ts';
import { type Cell, cell } from '../core/table.ts';
import { runSummaryJson } from '../output/run-json.ts';
import { localTime } from '../output/time-text.ts';

const columns = [
  { title: 'ID' },
  { title: 'STARTED' },
  { title: 'PLAN' },
  { title: 'MODE' },
  { title: 'STATE' },
  { title: 'TOOK', align: 'right' },
  { title: 'BY' },
  { title: 'REASON', isFlexible: true },
] as const;

const countDefault = 20;
/** What the manager tells at most: as many fit one frame. */
const countMax = 200;

function count({ invocation }: Context): number {
  const text = invocation.text('lines') ?? String(countDefault);
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= countMax) return number;
  throw new HecateError(
    'HEC_USAGE',
    `--lines cannot be ${JSON.stringify(text)}`,
    `a number from 1 to ${countMax}`,
  );
}

const row = (summary: RunSummary): Cell[] => [
  cell(summary.runId),
  cell(localTime(summary.startedMs)),
  cell(summary.plan),
  cell(modeText(summary) || '-'),
  cell(stateText(summary), toneOfState(summary.state)),
  cell(summary.dryRun ? '-' : formatDuration(summary.durationMs)),
  cell(summary.requestedBy),
  cell(summary.reason),
];

export const command: Command = {
  definition: {
    name: 'runs list',
    group: 'runs',
    summary: 'list the runs, the newest first',
    description: [
      'Lists runs that are going on and runs that are over, dry runs among them, the newest first. A run that was aborted or pre-empted says so; runs show tells why.',
    ],
    arguments: [],
    options: [
      {
        long: 'lines',
        short: 'n',
        valueName: 'COUNT',
        description: `how many at most, 1 to ${countMax} (default: ${countDefault})`,
      },
    ],
    examples: [{ command: 'hecatectl runs list -n 5', explanation: 'the newest five' }],
    exits: [],
    schema: 'runs',
  },
  run: async (context) => {
    const { out } = context;
    const value = createListRuns({ runsMax: count(context) });
    const { runs } = await context.ask('runs', { case: 'listRuns', value });
    if (out.isJson) out.json(runs.map(runSummaryJson));
    else {
      out.table(columns, runs.map(row));
      if (runs.length === 0) out.note('there has been no run yet');
    }
    return 'success';
  },
};
