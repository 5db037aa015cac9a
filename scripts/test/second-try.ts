/**
 * A file that failed beside others runs once more, alone, at the end: a machine that was too busy must not look like a fault
 * of the change. And a fault must not hide behind a busy machine: whatever is let through is told (`only at the second
 * try`), with what it said when it failed; tests of what has no clock and no machine have no second try, for the same cases
 * fail there every time; and when many failed there is none for any.
 */
import type { FileResult } from './run-test-file.ts';

/** More than these, and it is not chance. */
const filesMax = 3;

/** What decides (`core/`), its simulations and scenarios, and rules of the house: nothing there depends on the hour. */
const isWithoutClock = (file: string): boolean =>
  file.includes('/core/') || /^test\/(sim|scenarios|fuzz|tidy)\//.test(file);

/** @returns the files to run once more, in their order; none when too many failed */
export function filesToTryAgain(results: readonly FileResult[]): string[] {
  const failed = results.filter(({ failures }) => failures.length > 0).map(({ file }) => file);
  return failed.length > filesMax ? [] : failed.filter((file) => !isWithoutClock(file));
}

/** What counts of a file that ran twice. @returns the second run where it is clean, else the first, whose failures are told already */
export function betterOf(first: FileResult, second: FileResult): FileResult {
  return second.failures.length === 0 ? { ...second, isSecondTry: true } : first;
}
