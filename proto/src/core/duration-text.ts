/** How long something takes, for people: one way to write it, in tables, sentences and logs alike. */

const secondsOf = { d: 86_400, h: 3600, min: 60, s: 1 } as const;

/** The two largest units that matter. @param seconds a whole number */
function inUnits(seconds: number): string {
  let left = seconds;
  const parts = Object.entries(secondsOf).map(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return { count, unit };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  const words = parts
    .slice(first, first + 2)
    .filter(({ count }) => count > 0)
    .map(({ count, unit }) => `${count} ${unit}`);
  return seconds === 0 ? '0 s' : words.join(' ');
}

/** What was measured, rounded: `0 s`, `340 ms`, `1.2 s`, `41 s`, `3 min 20 s`, `2 d 4 h`. */
export function formatDuration(durationMs: number): string {
  const wholeMs = Math.round(durationMs);
  if (wholeMs > 0 && wholeMs < 1000) return `${wholeMs} ms`;
  if (durationMs < 9950) return `${(durationMs / 1000).toFixed(1).replace(/\.0$/, '')} s`;
  return inUnits(Math.round(durationMs / 1000));
}

/** What is reckoned with, in whole seconds and never less than it is: `0.4 s`, `41 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatSeconds(durationMs: number): string {
  if (durationMs > 0 && durationMs < 1000) return `${Math.ceil(durationMs / 100) / 10} s`;
  return inUnits(Math.ceil(durationMs / 1000));
}
