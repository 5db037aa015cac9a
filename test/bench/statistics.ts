/** Percentiles and ratios of interleaved runs; the raw figures go with them. */

export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** The nearest-rank percentile. */
export function percentile(sorted: readonly number[], fraction: number): number {
  const index = Math.min(sorted.length - 1, Math.max(0, Math.ceil(fraction * sorted.length) - 1));
  return sorted[index] ?? Number.NaN;
}

export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (fraction: number) => percentile(sorted, fraction);
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

export const milliseconds = (value: number): string => `${value.toFixed(2)} ms`;

export const ratio = (ours: number, theirs: number): number => Math.round((ours / theirs) * 100) / 100;

/** A duration in milliseconds, rounded to microseconds: raw figures are kept in the repository. */
export const microseconds = (valueMs: number): number => Math.round(valueMs * 1000) / 1000;
