/** What a benchmark gives: ratios to say, raw figures to keep. */
export interface BenchResult {
  readonly name: string;
  /** What was hoped for, in words. */
  readonly aim: string;
  readonly ratios: Readonly<Record<string, number>>;
  /** For people. */
  readonly lines: readonly string[];
  readonly raw: Readonly<Record<string, unknown>>;
}
