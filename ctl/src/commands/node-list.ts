import type { Command } from '../context.ts';
import { listIdentities } from '../identities.ts';

export const command: Command = {
  definition: {
    name: 'node list',
    group: 'trust',
    summary: 'list nodes and their certificates',
    description: [
      'Lists who may have a certificate or has one: enrolled (the token was not used yet), joined, revoked, expired, or allowed (named in the configuration of the manager, not enrolled yet).',
    ],
    arguments: [],
    options: [],
    examples: [{ command: 'hecatectl node list', explanation: 'with the end of every certificate' }],
    exits: [],
    schema: 'identities',
  },
  run: (context) => listIdentities(context, 'node'),
};
