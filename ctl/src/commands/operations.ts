import { HecateError } from '@hecate/proto/core/errors.ts';
import { matchesAny } from '@hecate/proto/core/glob.ts';
import type { KnownOperation, NodeSelection } from '@hecate/proto/generated/wire.ts';
import type { Command, Context } from '../context.ts';
import { nodeArgument, optional } from '../core/command-definition.ts';
import { type Cell, cell } from '../core/table.ts';
import { operationJson } from '../output/operation-json.ts';
import { localTime } from '../output/time-text.ts';

const columns = [
  { title: 'ID' },
  { title: 'ASKED' },
  { title: 'NODE' },
  { title: 'UNIT' },
  { title: 'VERB' },
  { title: 'OUTCOME' },
  { title: 'BY', isFlexible: true },
] as const;

const countDefault = 20;
/** What the manager tells at most: as many fit one frame. */
const countMax = 100;

function count(context: Context): number {
  const text = context.invocation.text('lines') ?? String(countDefault);
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= countMax) return number;
  throw new HecateError(
    'HEC_USAGE',
    `--lines cannot be ${JSON.stringify(text)}`,
    `a number from 1 to ${countMax}`,
  );
}

function row({ opId, requestedMs, node, unit, verb, outcome, requestedBy }: KnownOperation): Cell[] {
  const status = outcome?.status ?? 'in flight';
  const tone = status === 'done' ? 'good' : outcome ? 'bad' : 'plain';
  return [opId, localTime(requestedMs), node, unit || '-', verb]
    .map((text) => cell(text))
    .concat(cell(status, tone), cell(requestedBy));
}

/** The newest first; ids of the same moment in their own order, which is that of time, too. */
const newestFirst = (a: KnownOperation, b: KnownOperation): number =>
  b.requestedMs - a.requestedMs || (a.opId < b.opId ? 1 : a.opId > b.opId ? -1 : 0);

async function readOperations(context: Context, nodes: NodeSelection): Promise<KnownOperation[]> {
  const operationsMax = count(context);
  // The manager does not filter: out of all that it tells, as many as asked for.
  const value = { operationsMax: nodes.all ? operationsMax : countMax };
  const { operations } = await context.ask('knownOperations', { case: 'listOperations', value });
  return operations
    .filter(({ node }) => nodes.all || matchesAny(nodes.patterns, node))
    .toSorted(newestFirst)
    .slice(0, operationsMax);
}

export const command: Command = {
  definition: {
    name: 'operations',
    group: 'operate',
    summary: 'list the open and the latest operations',
    description: [
      'Lists the operations that have no last word yet and the newest of those that are over, the newest first. This is where to find the id of one whose caller lost the manager before it was told.',
    ],
    arguments: [
      { ...optional(nodeArgument), description: `only those of these nodes, among the latest ${countMax}` },
    ],
    options: [
      {
        long: 'lines',
        short: 'n',
        valueName: 'COUNT',
        description: `how many at most, 1 to ${countMax} (default: ${countDefault})`,
      },
    ],
    examples: [
      { command: 'hecatectl operations -n 5', explanation: 'the newest five' },
      { command: 'hecatectl operations node-a', explanation: 'those of node-a' },
    ],
    exits: [],
    schema: 'operations',
  },
  run: async (context) => {
    const { out } = context;
    const nodes = context.nodes;
    const operations = await readOperations(context, nodes);
    if (out.isJson) out.json(operations.map(operationJson));
    else {
      out.table(columns, operations.map(row));
      if (operations.length === 0) {
        out.note(`no operation${nodes.all ? '' : ` of ${nodes.patterns.join(', ')}`} is remembered`);
      }
    }
    return 'success';
  },
};
