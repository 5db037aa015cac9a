/** What is wrong with a plan as it is declared, and where. */
import type { Place } from './inventory.ts';

export interface Finding {
  /** An error: it can never work. Else a warning: it may not. */
  readonly isError: boolean;
  /** In the configuration: `sequences.shutdown.stages[0]`. */
  readonly key: string;
  /** 0: built in. */
  readonly line: number;
  readonly message: string;
  readonly remedy: string;
}

export const errorAt = (place: Place, message: string, remedy: string): Finding => ({
  isError: true,
  key: place.key,
  line: place.line,
  message,
  remedy,
});

export const warningAt = (place: Place, message: string, remedy: string): Finding => ({
  ...errorAt(place, message, remedy),
  isError: false,
});

const order = (finding: Finding): string =>
  `${String(finding.line).padStart(9, '0')} ${finding.key} ${finding.isError ? 0 : 1} ${finding.message}`;

/** By line, then by key; each once (I13: not in the order in which they were found). */
export function sortedFindings(findings: readonly Finding[]): Finding[] {
  const byOrder = new Map(findings.map((finding) => [order(finding), finding]));
  return [...byOrder].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, finding]) => finding);
}
