import type { Command } from '../context.ts';
import { listIdentities } from '../identities.ts';

export const command: Command = {
  definition: {
    name: 'peer list',
    group: 'trust',
    summary: 'list managers of other sites and their certificates',
    description: [
      'Lists which other managers may have a certificate or have one: enrolled (the token was not used yet), joined, revoked, expired. Whether they have a session now, hecatectl power status tells.',
    ],
    arguments: [],
    options: [],
    examples: [{ command: 'hecatectl peer list', explanation: 'with the end of every certificate' }],
    exits: [],
    schema: 'identities',
  },
  run: (context) => listIdentities(context, 'peer'),
};
