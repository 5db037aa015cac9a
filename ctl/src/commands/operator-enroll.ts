import type { Command } from '../context.ts';
import { enroll, holderArgument, lifetimeOption } from '../identities.ts';

const roles = ['viewer', 'operator', 'admin'] as const;

export const command: Command = {
  definition: {
    name: 'operator enroll',
    group: 'trust',
    summary: 'make a join token for a person',
    description: [
      'Makes a token with which NAME gets a certificate for hecatectl on another computer, once: a viewer may look, an operator may change units, an admin may enrol and revoke.',
      'The token is printed alone on stdout. Give it to hecatectl join on stdin or in a file, never on a command line.',
    ],
    arguments: [holderArgument('operator', 'none')],
    options: [
      {
        long: 'role',
        valueName: 'ROLE',
        description: 'what the operator may do; viewer when not given',
        choices: roles,
      },
      lifetimeOption,
    ],
    examples: [
      {
        command: 'hecatectl operator enroll alice --role operator',
        explanation: 'a token for alice, who may change units',
      },
    ],
    exits: [],
    schema: 'join-token',
  },
  run: (context) => {
    const role = roles.find((each) => each === context.invocation.text('role')) ?? 'viewer';
    return enroll(context, 'operator', role);
  },
};
