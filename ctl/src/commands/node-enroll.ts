import type { Command } from '../context.ts';
import { enroll, holderArgument, lifetimeOption } from '../identities.ts';

export const command: Command = {
  definition: {
    name: 'node enroll',
    group: 'trust',
    summary: 'make a join token for a node',
    description: [
      'Makes a token with which a host becomes the node NAME, once. It names the manager and pins its authority, so that nobody can stand in between. The token is printed alone on stdout; everything else goes to stderr.',
      'Give it to hecate-agent join on stdin or in a file, never on a command line, where every user of the host could read it.',
    ],
    arguments: [holderArgument('node', 'none')],
    options: [lifetimeOption],
    examples: [
      {
        command: 'hecatectl node enroll node-c --quiet | ssh root@node-c hecate-agent join',
        explanation: 'enrols and joins in one step; the token is shown nowhere',
      },
    ],
    exits: [],
    schema: 'join-token',
  },
  run: (context) => enroll(context, 'node', 'unspecified'),
};
