/**
 * A file that boots whole systems and failed beside others runs once more, alone, at the end: a machine that was too busy
 * must not look like a fault of the change, and a fault must not hide behind a busy machine. So whatever is let through is
 * told (`only at the second try`), with what it said when it failed; what only computes has no second try, and when many
 * failed there is none for any.
 */
import type { FileResult } from './run-test-file.ts';

/** More than these, and it is not chance. */
const filesMax = 3;

/** @returns the files to run once more, in their order; none when too many failed */
export function filesToTryAgain(results: readonly FileResult[], folders: readonly string[]): string[] {
  const failed = results.filter(({ failures }) => failures.length > 0).map(({ file }) => file);
  if (failed.length > filesMax) return [];
  return failed.filter((file) => folders.some((folder) => file.startsWith(folder)));
}

/** What counts of a file that ran twice. @returns the second run where it is clean, else the first, whose failures are told already */
export function betterOf(first: FileResult, second: FileResult): FileResult {
  return second.failures.length === 0 ? { ...second, isSecondTry: true } : first;
}
