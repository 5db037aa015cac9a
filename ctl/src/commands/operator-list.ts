import type { Command } from '../context.ts';
import { listIdentities } from '../identities.ts';

export const command: Command = {
  definition: {
    name: 'operator list',
    group: 'trust',
    summary: 'list operators and their certificates',
    description: [
      'Lists who may have a certificate or has one: enrolled (the token was not used yet), joined, revoked, expired.',
    ],
    arguments: [],
    options: [],
    examples: [{ command: 'hecatectl operator list', explanation: 'with the end of every certificate' }],
    exits: [],
    schema: 'identities',
  },
  run: (context) => listIdentities(context, 'operator'),
};
