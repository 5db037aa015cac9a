import type { UnitFile } from '@hecate/proto/generated/wire.ts';
import type { Command } from '../context.ts';
import { allNodesOption, nodeArgument, optional, unitsArgument } from '../core/command-definition.ts';
import { cell, type Tone } from '../core/table.ts';
import { failuresJson, readNodes } from '../read-nodes.ts';

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function tone(state: string): Tone {
  if (state.startsWith('enabled')) return 'good';
  return state.startsWith('masked') || state === 'bad' ? 'bad' : 'plain';
}

export const command: Command = {
  definition: {
    name: 'list-unit-files',
    group: 'files',
    summary: 'list unit files and whether they are enabled',
    description: ['Asks the nodes for all their unit files, loaded or not.'],
    arguments: [nodeArgument, { ...optional(unitsArgument), description: 'only these: names or patterns' }],
    options: [
      allNodesOption,
      {
        long: 'state',
        valueName: 'STATE',
        isRepeatable: true,
        description: 'only files in these states, like enabled or masked',
      },
    ],
    examples: [
      { command: 'hecatectl list-unit-files node-a --state enabled', explanation: 'what starts at boot' },
    ],
    exits: ['notFound', 'offline', 'failed', 'timeout'],
    schema: 'unit-files',
  },
  run: async (context) => {
    const { invocation, out } = context;
    const patterns = invocation.operands('UNIT').length > 0 ? context.units : [];
    const found: (UnitFile & { node: string })[] = [];
    const query = { case: 'listUnitFiles', value: { patterns, states: invocation.texts('state') } } as const;
    const result = await readNodes(context, query, (node, reading) => {
      if (reading.case !== 'unitFiles') return;
      found.push(...reading.value.files.map((file) => ({ ...file, node })));
    });
    found.sort((a, b) => a.node.localeCompare(b.node) || nameOf(a.path).localeCompare(nameOf(b.path)));
    if (out.isJson) {
      const files = found.map(({ node, path, state }) => ({ node, unit: nameOf(path), state, path }));
      out.json([...files, ...failuresJson(result)]);
    } else {
      out.table(
        [{ title: 'NODE' }, { title: 'UNIT FILE' }, { title: 'STATE' }, { title: 'PATH', isFlexible: true }],
        found.map(({ node, path, state }) => [
          cell(node),
          cell(nameOf(path)),
          cell(state, tone(state)),
          cell(path),
        ]),
      );
    }
    return result.exit;
  },
};
