import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { limits } from '@hecate/proto/core/limits.ts';

const unitsMs: Record<string, number> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function bad(text: string, why: string): HecateError {
  return new HecateError(
    'HEC_USAGE',
    `${JSON.stringify(text.slice(0, 40))} is not a duration: ${why}`,
    'write it like 90s, 5min, 1h30m or 500ms',
  );
}

/**
 * `90s`, `1h30m`, `500ms`, or seconds without a unit, as systemd takes them.
 * @param maxMs what is allowed at most; a day for everything that waits
 * @throws HEC_USAGE
 */
export function parseDurationMs(text: string, maxMs: number = limits.timeLimitMsMax): number {
  if (/^\d+(\.\d+)?$/.test(text)) return within(text, Number(text) * 1000, maxMs);
  if (!/^(\d+(\.\d+)?(ms|s|min|m|h|d) ?)+$/.test(text)) {
    throw bad(text, 'expected a number and one of ms, s, min, h, d');
  }
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|min|m|h|d)/g)) {
    sum += Number(number) * (unitsMs[unit ?? ''] ?? Number.NaN);
  }
  return within(text, sum, maxMs);
}

function within(text: string, ms: number, maxMs: number): number {
  const whole = Math.round(ms);
  if (whole < 1) throw bad(text, 'it must be longer than nothing');
  if (whole > maxMs) throw bad(text, `at most ${formatDuration(maxMs)} is allowed`);
  return whole;
}
