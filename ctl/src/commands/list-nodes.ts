import type { NodeInfo } from '@hecate/proto/generated/wire.ts';
import type { Command } from '../context.ts';
import { nodeArgument, optional } from '../core/command-definition.ts';
import { type Cell, cell } from '../core/table.ts';
import { nodeJson } from '../output/fleet-json.ts';
import { connectionText, connectionTone } from '../output/state-tone.ts';
import { ago } from '../output/time-text.ts';

const columns = [
  { title: 'NODE' },
  { title: 'STATE' },
  { title: 'LAST SEEN' },
  { title: 'UNITS', align: 'right' },
  { title: 'FAILED', align: 'right' },
  { title: 'AGENT' },
  { title: 'ADDRESS' },
  { title: 'NOTE', isFlexible: true },
] as const;

function noteOf(node: NodeInfo): string {
  if (node.connection !== 'online') return node.offlineReason;
  if (!node.busConnected) return 'its agent has lost the D-Bus';
  return node.snapshotComplete ? '' : 'its units are being read';
}

/** What is known of units counts only while the node is heard (I12). */
function countCells(node: NodeInfo): Cell[] {
  if (node.connection !== 'online' || !node.busConnected || !node.snapshotComplete)
    return [cell('?'), cell('?')];
  return [cell(node.unitsCount), cell(node.unitsFailed, node.unitsFailed > 0 ? 'bad' : 'plain')];
}

function row(node: NodeInfo, nowMs: number): Cell[] {
  return [
    cell(node.name),
    cell(connectionText(node.connection), connectionTone(node.connection)),
    cell(node.connection === 'online' ? 'now' : ago(node.lastSeenMs, nowMs)),
    ...countCells(node),
    cell(node.agentVersion || '-'),
    cell(node.address || '-'),
    cell(noteOf(node)),
  ];
}

export const command: Command = {
  definition: {
    name: 'list-nodes',
    group: 'look',
    summary: 'list the nodes and whether they are online',
    description: [
      'Lists the nodes of the site out of the memory of the manager. Of a node that is offline nothing is known now: its counts show as a question mark, and its units as unknown, never as stopped.',
    ],
    arguments: [
      {
        ...optional(nodeArgument),
        description: 'only these: a name, several with commas between, or a pattern',
      },
    ],
    options: [],
    examples: [
      { command: 'hecatectl list-nodes', explanation: 'every node of the site' },
      {
        command: 'hecatectl list-nodes -o json | jq -r \'.[] | select(.connection != "online") | .node\'',
        explanation: 'the names of the nodes that are not online',
      },
    ],
    exits: ['notFound'],
    schema: 'nodes',
  },
  run: async (context) => {
    const { nodes } = await context.ask('nodes', { case: 'listNodes', value: { nodes: context.nodes } });
    const sorted = nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    if (context.out.isJson) context.out.json(sorted.map(nodeJson));
    else {
      const nowMs = Date.now();
      context.out.table(
        columns,
        sorted.map((node) => row(node, nowMs)),
      );
      if (sorted.length === 0) {
        context.out.note('no nodes yet: hecatectl node enroll NAME makes a join token for the first one');
      }
    }
    return 'success';
  },
};
