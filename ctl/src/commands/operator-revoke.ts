import type { Command } from '../context.ts';
import { holderArgument, revoke } from '../identities.ts';

export const command: Command = {
  definition: {
    name: 'operator revoke',
    group: 'trust',
    summary: 'take away the access of an operator',
    description: [
      'Makes every certificate and token of the operator worthless, and ends its sessions. It can be enrolled again later.',
    ],
    arguments: [holderArgument('operator', 'none')],
    options: [],
    examples: [{ command: 'hecatectl operator revoke alice', explanation: 'ends it at once' }],
    exits: ['notFound'],
    schema: 'identity-change',
  },
  run: (context) => revoke(context, 'operator'),
};
