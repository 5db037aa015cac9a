import type { Command } from '../context.ts';
import { allNodesOption, nodeArgument } from '../core/command-definition.ts';
import { cell } from '../core/table.ts';
import { failuresJson, readNodes } from '../read-nodes.ts';

export const command: Command = {
  definition: {
    name: 'get-default',
    group: 'files',
    summary: 'show the target that a node boots into',
    description: ['Shows what default.target of each node is.'],
    arguments: [nodeArgument],
    options: [allNodesOption],
    examples: [{ command: 'hecatectl get-default --all', explanation: 'of every node' }],
    exits: ['notFound', 'offline', 'failed', 'timeout'],
    schema: 'default-targets',
  },
  run: async (context) => {
    const found: { node: string; target: string }[] = [];
    const result = await readNodes(context, { case: 'getDefaultTarget', value: {} }, (node, reading) => {
      if (reading.case !== 'result' || reading.value.result.case !== 'defaultTarget') return;
      found.push({ node, target: reading.value.result.value.target });
    });
    found.sort((a, b) => a.node.localeCompare(b.node));
    if (context.out.isJson) context.out.json([...found, ...failuresJson(result)]);
    else if (found.length > 0) {
      context.out.table(
        [{ title: 'NODE' }, { title: 'TARGET' }],
        found.map(({ node, target }) => [cell(node), cell(target)]),
      );
    }
    return result.exit;
  },
};
