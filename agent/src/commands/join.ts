/** `hecate-agent join`: a token in, an identity on disk. The token never comes as an argument. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import { parseNodeName } from '@hecate/proto/core/names.ts';
import { softwareVersion } from '@hecate/proto/core/version.ts';
import { joinSite } from '@hecate/proto/io/join-site.ts';
import { readJoinToken } from '@hecate/proto/io/read-join-token.ts';
import { type CommandOptions, loadConfig } from './command-options.ts';

export async function join(options: CommandOptions): Promise<number> {
  const { config } = await loadConfig(options);
  const token = await readJoinToken({
    file: options.tokenFile,
    enrolCommand: 'hecatectl node enroll NAME',
    prompt: (text) => process.stderr.write(`${text}\n`),
  });
  if (token.identity.kind !== 'node') {
    throw new HecateError(
      'HEC_TOKEN',
      `this token is for ${token.identity.kind} ${token.identity.name}, a host joins with one for a node`,
      'hecatectl node enroll NAME',
    );
  }
  const name = parseNodeName(token.identity.name);
  if (config.nodeName !== '' && config.nodeName !== name) {
    throw new HecateError(
      'HEC_CONFIG',
      `the token is for ${name}, and NodeName=${config.nodeName} in the configuration`,
      `set NodeName=${name} or leave it out`,
    );
  }
  const directory = config.identityDirectory;
  const addresses = config.managers;
  const identity = await joinSite({ token, directory, addresses, softwareVersion });
  const until = new Date(identity.notAfterMs).toISOString().slice(0, 10);
  process.stderr.write(
    `joined as ${name}; the identity is in ${directory}, valid until ${until}, and renewed by itself\n` +
      `next: systemctl enable --now hecate-agent, then on the manager: hecatectl list-nodes\n`,
  );
  return 0;
}
