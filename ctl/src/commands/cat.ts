import type { UnitFileText } from '@hecate/proto/generated/wire.ts';
import type { Command, Context } from '../context.ts';
import { allNodesOption, nodeArgument, unitsArgument } from '../core/command-definition.ts';
import { printable, printableLines } from '../core/printable.ts';
import { expandUnits, failuresJson, forEachUnit, readNodes } from '../read-nodes.ts';

interface Found {
  readonly node: string;
  readonly unit: string;
  readonly files: readonly UnitFileText[];
}

/** Exact in a pipe; on a terminal, control characters of the file are shown rather than obeyed. */
function printFile(context: Context, node: string, file: UnitFileText, isAlone: boolean): void {
  const { out } = context;
  out.line(out.paint(`# ${isAlone ? '' : `${printable(node)}: `}${printable(file.path)}`, 'faint'));
  if (out.isTerminal) for (const line of printableLines(file.text)) out.line(line);
  else out.line(file.text.replace(/\n$/, ''));
}

export const command: Command = {
  definition: {
    name: 'cat',
    group: 'files',
    summary: 'show the files of units',
    description: [
      'Prints the unit file and the drop-ins of units as they are on the node, each after a comment with its path.',
    ],
    arguments: [nodeArgument, unitsArgument],
    options: [allNodesOption],
    examples: [
      { command: 'hecatectl cat node-a k3s', explanation: 'the unit file of k3s.service and its drop-ins' },
    ],
    exits: ['notFound', 'offline', 'failed', 'timeout'],
    schema: 'unit-file-texts',
  },
  run: async (context) => {
    const { out } = context;
    const found: Found[] = [];
    const result = await forEachUnit(await expandUnits(context, context.units), (unit, nodes) =>
      readNodes(
        context,
        { case: 'readUnitFile', value: { unit } },
        (node, reading) => {
          if (reading.case !== 'result' || reading.value.result.case !== 'unitFileTexts') return;
          found.push({ node, unit, files: reading.value.result.value.files });
        },
        { nodes, unit },
      ),
    );
    found.sort((a, b) => a.node.localeCompare(b.node) || a.unit.localeCompare(b.unit));
    if (out.isJson) out.json([...found, ...failuresJson(result)]);
    else {
      const isAlone = new Set(found.map(({ node }) => node)).size === 1;
      const files = found.flatMap(({ node, files }) => files.map((file) => ({ node, file })));
      for (const [index, { node, file }] of files.entries()) {
        if (index > 0) out.line('');
        printFile(context, node, file, isAlone);
      }
    }
    return result.exit;
  },
};
