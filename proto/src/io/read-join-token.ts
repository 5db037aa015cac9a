/** A join token from where nobody else can read it, standard input or a file; never from an argument. */
import { open } from 'node:fs/promises';
import { isatty } from 'node:tty';
import { HecateError } from '../core/errors.ts';
import { type JoinToken, parseJoinToken } from '../core/join-token.ts';

/** A token is a few hundred characters. */
const tokenBytesMax = 16 * 1024;

export interface TokenSource {
  /** Instead of standard input. */
  readonly file: string | undefined;
  /** What prints a token: `hecatectl node enroll NAME`. */
  readonly enrolCommand: string;
  /** Called when a person is to paste it. */
  readonly prompt: (text: string) => void;
}

/** @throws HEC_TOKEN, HEC_USAGE; no message quotes the token */
export async function readJoinToken({ file, enrolCommand, prompt }: TokenSource): Promise<JoinToken> {
  if (file !== undefined) return parseJoinToken(await readTokenFile(file));
  if (isatty(0)) prompt(`paste the token that ${enrolCommand} printed, then press Enter:`);
  return parseJoinToken(await readStandardInput(enrolCommand));
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
async function readStandardInput(enrolCommand: string): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > tokenBytesMax) {
      throw new HecateError('HEC_TOKEN', 'that is far too long for a token', `${enrolCommand} prints one`);
    }
    if (isatty(0) && text.includes('\n')) break;
  }
  if (text.trim() !== '') return text;
  const remedy = `${enrolCommand} prints one: pipe it here, or use --token-file FILE`;
  throw new HecateError('HEC_TOKEN', 'there was no token on standard input', remedy);
}
