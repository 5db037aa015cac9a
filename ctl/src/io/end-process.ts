/**
 * How hecatectl ends. process.exit() waits for the threads of Node's pool, and one that writes to a reader who does not
 * read (a pager that shows its first page) waits for as long as he likes: Ctrl-C would not end `hecatectl logs -f | less`.
 */
import { hasPendingWrite } from './output.ts';

/** With what was not taken yet left behind. */
export function endProcess(status: number): never {
  // Another program in place of this one has none of its threads, and ends with the same status.
  if (hasPendingWrite()) process.execve?.('/bin/sh', ['sh', '-c', 'exit "$1"', 'sh', String(status)]);
  process.exit(status);
}
