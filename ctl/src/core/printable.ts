/**
 * What nodes say (descriptions, log lines, results) is written by others: on a terminal a control character or
 * an escape sequence of theirs could move the cursor, rewrite lines that were printed, or set the title.
 */
const unprintable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be taken out
  /[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function escaped(character: string): string {
  if (character === '\t') return '  ';
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** One line that is safe to show: control, direction and invisible characters appear as escapes. */
export const printable = (text: string): string => text.replace(unprintable, escaped);

/** The same for a text of several lines. */
export const printableLines = (text: string): string[] =>
  text.replace(/\n$/, '').split(/\r?\n/).map(printable);
