import type { Command } from '../context.ts';
import { holderArgument, revoke } from '../identities.ts';

export const command: Command = {
  definition: {
    name: 'peer revoke',
    group: 'trust',
    summary: 'take away the access of another manager',
    description: [
      'Makes every certificate and token of the other manager worthless, and ends its session. What it has forwarded before stays: a shutdown that goes on goes on. It can be enrolled again later.',
    ],
    arguments: [holderArgument('peer', 'none')],
    options: [],
    examples: [{ command: 'hecatectl peer revoke tethys', explanation: 'ends it at once' }],
    exits: ['notFound'],
    schema: 'identity-change',
  },
  run: (context) => revoke(context, 'peer'),
};
