import type { FileResult } from './run-test-file.ts';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Files that were clean only when they ran once more, alone. */
  readonly secondTries: number;
}

export const emptyTally: Tally = { passed: 0, failed: 0, skipped: 0, secondTries: 0 };

export function addFile(tally: Tally, result: FileResult): Tally {
  return {
    passed: tally.passed + result.passed,
    failed: tally.failed + result.failures.length,
    skipped: tally.skipped + result.skips.length,
    secondTries: tally.secondTries + (result.isSecondTry ? 1 : 0),
  };
}

/** The last line of a run; its words are what CI reads. */
export function closingLine({ passed, failed, skipped, secondTries }: Tally): string {
  const counts = [`${passed} passed`, `${failed} failed`];
  if (skipped > 0) counts.push(`${skipped} skipped`);
  if (secondTries > 0) counts.push(`${secondTries} only at the second try`);
  return counts.join(', ');
}

/** In CI the machine has everything that the tests need: a skipped test there is a test that nobody runs. */
export function isGood(tally: Tally, isCi: boolean): boolean {
  return tally.passed > 0 && tally.failed === 0 && !(isCi && tally.skipped > 0);
}
