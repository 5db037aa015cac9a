import type { Command } from '../context.ts';
import { holderArgument, revoke } from '../identities.ts';

export const command: Command = {
  definition: {
    name: 'node revoke',
    group: 'trust',
    summary: 'take away the access of a node',
    description: [
      'Makes every certificate and token of the node worthless, and ends its sessions. It can be enrolled again later.',
    ],
    arguments: [holderArgument('node', 'nodes')],
    options: [],
    examples: [{ command: 'hecatectl node revoke node-c', explanation: 'ends it at once' }],
    exits: ['notFound'],
    schema: 'identity-change',
  },
  run: (context) => revoke(context, 'node'),
};
