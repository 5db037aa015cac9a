/** Durations of the configuration file: one number and one unit, `5s`, `90d`. */

const unitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** What a duration looks like, as a JSON schema says it. */
export const durationPattern = /^(0|[1-9][0-9]{0,9})(ms|s|m|h|d)$/;

/** Milliseconds; undefined when the text is no duration. */
export function parseDurationMs(text: string): number | undefined {
  const match = durationPattern.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * unitsMs[match[2] as keyof typeof unitsMs];
}

/** The shortest text that parseDurationMs reads back as the same time. */
export function formatDurationMs(durationMs: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (durationMs !== 0 && durationMs % unitsMs[unit] === 0) return `${durationMs / unitsMs[unit]}${unit}`;
  }
  return `${durationMs}ms`;
}
