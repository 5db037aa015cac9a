/** Words of plans for people: durations and lists. */

/** `0 s`, `0.4 s`, `41 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatSeconds(durationMs: number): string {
  if (durationMs > 0 && durationMs < 1000) return `${Math.ceil(durationMs / 100) / 10} s`;
  const seconds = Math.ceil(durationMs / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

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
