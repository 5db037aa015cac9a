import { HecateError } from '@hecate/proto/core/errors.ts';
import { parseManagerAddress } from '@hecate/proto/core/manager-address.ts';
import { softwareVersion } from '@hecate/proto/core/version.ts';
import type { Command, Context, End } from '../context.ts';
import { localTime } from '../output/time-text.ts';

async function join(context: Context): Promise<End> {
  const { out, invocation, identityDirectory: directory } = context;
  const { readJoinToken } = await import('@hecate/proto/io/read-join-token.ts');
  const token = await readJoinToken({
    file: invocation.text('token-file'),
    enrolCommand: 'hecatectl operator enroll NAME',
    prompt: (text) => out.note(text),
  });
  if (token.identity.kind === 'node') {
    throw new HecateError(
      'HEC_TOKEN',
      `this token is for the node ${token.identity.name}, and hecatectl joins as an operator or for a manager`,
      'give it to hecate-agent join on that host',
    );
  }
  if (token.identity.kind === 'peer' && invocation.text('identity') === undefined) {
    throw new HecateError(
      'HEC_USAGE',
      `this token is for the manager ${token.identity.name}, which keeps its identity in a folder of its own`,
      'hecatectl join --identity FOLDER, FOLDER being power.forward.identity of its configuration',
    );
  }
  const { target } = context;
  const addresses =
    target.kind === 'remote'
      ? target.addresses.map(parseManagerAddress).filter((address) => address !== undefined)
      : [];
  const { joinSite } = await import('@hecate/proto/io/join-site.ts');
  const timeLimitMs = context.timeLimitMs(10_000);
  const joined = await joinSite({ token, directory, addresses, softwareVersion, timeLimitMs });
  const { name } = token.identity;
  const role = token.identity.kind === 'operator' ? token.identity.role : 'peer';
  if (out.isJson) {
    const not_after = new Date(joined.notAfterMs).toISOString();
    out.json({ name, role, directory, not_after, managers: joined.managerAddresses });
  } else {
    out.note(
      `joined as ${role} ${name}; the identity is in ${directory}, valid until ${localTime(joined.notAfterMs)}`,
    );
    const address = joined.managerAddresses[0] ?? 'HOST';
    if (role === 'peer')
      out.note(`next: set power.forward in hecate.yaml, to: ["${address}"], and restart it`);
    else out.note(`next: hecatectl --manager ${address} list-nodes`);
  }
  return 'success';
}

export const command: Command = {
  definition: {
    name: 'join',
    group: 'trust',
    summary: 'get a certificate of your own with a join token',
    description: [
      'Turns the token that hecatectl operator enroll made into a certificate for you, or that of hecatectl peer enroll into one for the manager of this host, and stores it in ~/.config/hecate (or --identity). From then on --manager HOST works from here. The token comes on stdin or in a file, never on the command line, where every user of this host could read it.',
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
  run: join,
};
