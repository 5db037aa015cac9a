/** How long what has failed is let alone before it is tried again. Pure. */

/** Judged: soon enough for a switch or a disk that comes late. */
const pauseLeastMs = 15_000;
/** An hour: what fails for so long is a matter for somebody who has been told. */
const pauseMostMs = 3_600_000;

/** @param failures so far, one after the other, at least 1 @returns ms, twice as much each time */
export const retryPauseMs = (failures: number): number =>
  Math.min(pauseMostMs, pauseLeastMs * 2 ** Math.min(failures - 1, 30));
