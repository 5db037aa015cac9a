/** Words of plans for people: durations and lists. */
export { formatSeconds } from '@hecate/proto/core/duration-text.ts';

/** `a`, `a and b`, `a, b and c`. */
export function formatList(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/**
 * `sync`, `tell …`: a command without its arguments. They may hold secrets, and names of steps are shown to every viewer,
 * logged, and remembered.
 */
export const formatCommand = ([command = '', ...rest]: readonly string[]): string =>
  rest.length > 0 ? `${command} …` : command;

/** Without its query, for the same reason: `https://cluster/readyz?…`. */
export const formatAddress = (url: string): string => url.replace(/\?.*$/s, '?…');

/** Up to three are named, more are counted: `srv-1 and srv-2`, `5 nodes`. */
export const formatNodes = (names: readonly string[]): string =>
  names.length <= 3 ? formatList(names) : `${names.length} nodes`;
