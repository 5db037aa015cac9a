/**
 * Lines of NUT's protocol (docs/net-protocol.txt of NUT, RFC 9271): words between blanks, in quotes where they hold
 * blanks, with a backslash before a quote or a backslash.
 */
import { HecateError } from '@hecate/proto/core/errors.ts';

/** Limits on what a server may send (I14): beyond them it is no upsd, and its connection is closed. */
export const nutLimits = {
  /** upsd composes a line in 512 characters (NUT_NET_ANSWER_MAX); values are at most 256 long. */
  lineLengthMax: 2048,
  /** A managed power strip with 48 outlets tells some 800 variables; no device dump has more than 1,000. */
  variablesMax: 2000,
} as const;

/** The server broke the protocol: nothing that it says can be believed, and its connection is closed. */
export class NutProtocolError extends HecateError {
  constructor(what: string) {
    super('HEC_PROTOCOL', what, 'see that a NUT server (upsd) listens there, and not something else');
    this.name = 'NutProtocolError';
  }
}

export interface TakenLines {
  readonly lines: readonly string[];
  /** The begin of the next line. */
  readonly held: string;
}

/**
 * The lines that are whole now. Some servers end them with CR LF.
 * @throws NutProtocolError for a line that is too long, or holds control characters
 */
export function takeLines(held: string, text: string): TakenLines {
  const pieces = (held + text).split('\n');
  const rest = pieces.pop() ?? '';
  const lines = pieces.map((piece) => (piece.endsWith('\r') ? piece.slice(0, -1) : piece));
  for (const line of [...lines, rest]) checkLine(line);
  return { lines, held: rest };
}

/** Control characters, the CR of a line end that is half there not among them. */
const control = /[^\P{Cc}\t\r]|\r(?!$)/u;

function checkLine(line: string): void {
  if (line.length > nutLimits.lineLengthMax) {
    throw new NutProtocolError(`a line of more than ${nutLimits.lineLengthMax} characters`);
  }
  if (control.test(line)) throw new NutProtocolError(`binary data instead of a line: ${excerpt(line)}`);
}

/** The start of a text from outside, fit for a message. */
export const excerpt = (text: string, lengthMax = 40): string => JSON.stringify(text.slice(0, lengthMax));

const word = /\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)/y;

/** The words of a line, without their quotes; undefined when a quote is not closed or stands within a word. */
export function wordsOf(line: string): string[] | undefined {
  const words: string[] = [];
  const trimmed = line.trimEnd();
  word.lastIndex = 0;
  while (word.lastIndex < trimmed.length) {
    const match = word.exec(trimmed);
    if (!match) return undefined;
    const [, quoted, bare = ''] = match;
    words.push(quoted === undefined ? unescaped(bare) : unescaped(quoted));
  }
  return words;
}

const unescaped = (text: string): string => text.replace(/\\(.)/g, '$1');

const nameLine = /^VAR (\S+) (\S+) (.*)$/;

/**
 * `VAR <ups> <name> "<value>"`. A value whose quotes were not escaped is taken as it stands: one careless value
 * must not hide the others.
 * @returns undefined for any other line
 */
export function variableOf(line: string): { ups: string; name: string; value: string } | undefined {
  const words = wordsOf(line);
  if (words?.[0] === 'VAR' && words.length === 4) {
    const [, ups = '', name = '', value = ''] = words;
    return { ups, name, value };
  }
  const [, ups, name, rest] = nameLine.exec(line) ?? [];
  if (ups === undefined || name === undefined || rest === undefined) return undefined;
  return { ups, name, value: rest.trim().replace(/^"|"$/g, '') };
}

/**
 * A word as the server reads it back.
 * @throws HEC_USAGE for text that no line can carry: a line break in it would be a second command
 */
export function quoted(text: string): string {
  if (/[^\x20-\x7e]/.test(text) || text.length > nutLimits.lineLengthMax / 4) {
    throw new HecateError(
      'HEC_USAGE',
      `${excerpt(text)} cannot be sent to a NUT server: expected at most ${nutLimits.lineLengthMax / 4} printable ASCII characters`,
      'check the names and values of the UPS in the configuration',
    );
  }
  return /^[\w.-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}
