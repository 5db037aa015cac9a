/** Every limit of the operation machine in one place (I14). */

/** A lost JobRemoved is found within this (I12); a poll costs systemd about 0.1 ms. */
export const pollIntervalMs = 2000;
/** Sessions come and go with 64 requests each; what is still running of older ones counts too (I14). */
export const runningMax = 256;
/** A bus that is there and cannot answer about one unit, that often, will not. */
export const inspectionsMax = 5;
/** How long a command may take to die before it is given up. */
export const stopTimeLimitMs = 10_000;
export const reportRetryMs = 5000;
export const reportCountMax = 64;
/** A journal of four times what must be remembered is worth writing anew. */
export const compactAfterMin = 4000;

/** Refusals that are kept in memory for a manager that lost the answer. */
export const refusalsMax = 1000;

export const neverMs = Number.POSITIVE_INFINITY;
