import type { Command } from '../context.ts';
import { enroll, holderArgument, lifetimeOption } from '../identities.ts';

export const command: Command = {
  definition: {
    name: 'peer enroll',
    group: 'trust',
    summary: 'make a join token for the manager of another site',
    description: [
      'Makes a token with which the manager of another site may forward what its UPSes ask for to this one, once. It may do nothing else. Where its host is a node of this site, too, give it the name of that node: it then knows which shutdowns take it down.',
      'The token is printed alone on stdout. On that host, as the user of its manager, give it to hecatectl join with --identity FOLDER, on stdin or in a file, never on a command line; FOLDER is power.forward.identity of the configuration there.',
    ],
    arguments: [holderArgument('peer', 'none')],
    options: [lifetimeOption],
    examples: [{ command: 'hecatectl peer enroll tethys', explanation: 'a token for the manager on tethys' }],
    exits: [],
    schema: 'join-token',
  },
  run: (context) => enroll(context, 'peer', 'unspecified'),
};
