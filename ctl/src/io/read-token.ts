/** A join token from where nobody else can read it: stdin, or a file. */
import { open } from 'node:fs/promises';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { type JoinToken, parseJoinToken } from '@hecate/proto/core/join-token.ts';
import { isTerminal } from './terminal.ts';

/** A token is a few hundred characters. */
const tokenBytesMax = 16 * 1024;

/** @throws HEC_TOKEN, HEC_USAGE */
export async function readToken(
  file: string | undefined,
  prompt: (text: string) => void,
): Promise<JoinToken> {
  if (file !== undefined) return parseJoinToken(await readTokenFile(file));
  if (isTerminal(0)) prompt('paste the token that hecatectl operator enroll NAME printed, then press Enter:');
  return parseJoinToken(await readStandardInput());
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
    throw new HecateError('HEC_USAGE', `the token file cannot be read: ${why}`, 'check --token-file', error);
  }
}

/** One line from a person, everything from a pipe. */
async function readStandardInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > tokenBytesMax) {
      throw new HecateError(
        'HEC_TOKEN',
        'that is far too long for a token',
        'hecatectl operator enroll NAME prints one',
      );
    }
    if (isTerminal(0) && text.includes('\n')) break;
  }
  if (text.trim() !== '') return text;
  throw new HecateError(
    'HEC_TOKEN',
    'there was no token on standard input',
    'hecatectl operator enroll NAME prints one: pipe it here, or use --token-file FILE',
  );
}
