/** A timer, as runners of machines set one: the simulator has its own. */

/** Calls `work` once, so many milliseconds from now. @returns what calls it off; harmless afterwards. */
export type After = (delayMs: number, work: () => void) => () => void;

export const after: After = (delayMs, work) => {
  const timer = setTimeout(work, delayMs);
  return () => clearTimeout(timer);
};
