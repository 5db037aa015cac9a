/** `hecate-agent join`: a token in, an identity on disk. The token never comes as an argument. */
import { open } from 'node:fs/promises';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { type JoinToken, parseJoinToken } from '@hecate/proto/core/join-token.ts';
import { parseNodeName } from '@hecate/proto/core/names.ts';
import { softwareVersion } from '@hecate/proto/core/version.ts';
import { joinSite } from '@hecate/proto/io/join-site.ts';
import { type CommandOptions, loadConfig } from './command-options.ts';

/** A token is a few hundred characters. */
const tokenBytesMax = 16 * 1024;

export async function join(options: CommandOptions): Promise<number> {
  const { config } = await loadConfig(options);
  const token = await readToken(options.tokenFile);
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

async function readToken(file: string | undefined): Promise<JoinToken> {
  if (file === undefined && process.stdin.isTTY)
    process.stderr.write('paste the token that `hecatectl node enroll NAME` printed, then press Enter:\n');
  return parseJoinToken(file === undefined ? await readStandardInput() : await readTokenFile(file));
}

async function readTokenFile(path: string): Promise<string> {
  try {
    const handle = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(tokenBytesMax), 0, tokenBytesMax);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new HecateError('HEC_USAGE', `the token file cannot be read: ${why}`, '', error);
  }
}

/** One line from a person, everything from a pipe. */
async function readStandardInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > tokenBytesMax) throw new HecateError('HEC_TOKEN', 'that is far too long for a token');
    if (process.stdin.isTTY && text.includes('\n')) break;
  }
  if (text.trim() === '')
    throw new HecateError(
      'HEC_TOKEN',
      'there was no token on standard input',
      'hecatectl node enroll NAME prints one: hecatectl node enroll NAME | ssh HOST hecate-agent join',
    );
  return text;
}
