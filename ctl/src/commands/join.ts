import type { Command } from '../context.ts';

export const command: Command = {
  definition: {
    name: 'join',
    group: 'trust',
    summary: 'get a certificate of your own with a join token',
    description: [
      'Turns the token that hecatectl operator enroll made into a certificate for you, and stores it in ~/.config/hecate (or --identity). From then on --manager HOST works from here. The token comes on stdin or in a file, never on the command line, where every user of this host could read it.',
      'The manager is recognised by the fingerprint in the token before anything secret is sent. A join whose answer was lost can be repeated with the same token.',
    ],
    arguments: [],
    options: [
      {
        long: 'token-file',
        valueName: 'FILE',
        description: 'read the token from this file instead of stdin',
        completion: 'files',
      },
    ],
    examples: [
      { command: 'hecatectl join < token', explanation: 'joins with the token in the file' },
      {
        command: 'hecatectl join --identity ~/.config/hecate-home --token-file token',
        explanation: 'keeps a second site apart',
      },
    ],
    exits: ['failed'],
    schema: 'joined',
  },
  run: async (context) => (await import('../io/join-site.ts')).joinSite(context),
};
