import type { Command } from '../context.ts';
import { allNodesOption, nodeArgument, optional, unitsArgument } from '../core/command-definition.ts';

export const command: Command = {
  definition: {
    name: 'status',
    group: 'look',
    summary: 'show the state of the site, of a node, or of units',
    description: [
      'Without NODE: the site at a glance: its nodes, every unit that has failed, its UPSes with the budget of a shutdown, the runs that go on, and the last one. With NODE: each node with its versions, its systemd and its failed units. With UNIT: each unit with its state, process, memory and last log lines, asked of the node itself.',
      'For units the exit status is that of systemctl: success when active, a no when not, and its own when there is no such unit. A node that is offline is never reported as stopped.',
    ],
    arguments: [optional(nodeArgument), optional(unitsArgument)],
    options: [
      allNodesOption,
      {
        long: 'lines',
        short: 'n',
        valueName: 'COUNT',
        description: 'how many log lines to show; 10 when not given, 0 for none',
      },
    ],
    examples: [
      { command: 'hecatectl status', explanation: 'the site at a glance' },
      { command: 'hecatectl status node-a', explanation: 'one node' },
      { command: 'hecatectl status node-a k3s', explanation: 'one unit, with its last log lines' },
    ],
    exits: ['negative', 'notFound', 'offline', 'failed', 'timeout'],
    schema: 'status',
  },
  run: async (context) => {
    const { invocation } = context;
    if (invocation.operands('UNIT').length > 0) {
      return (await import('../status/unit-status.ts')).showUnits(context);
    }
    if (invocation.operands('NODE').length === 0 && !invocation.flag('all')) {
      return (await import('../status/site-status.ts')).showSite(context);
    }
    return (await import('../status/node-status.ts')).showNodes(context);
  },
};
