import { formatFinding } from '../../src/config/finding.ts';
import { parseConfig } from '../../src/config/load-config.ts';

/** Every finding of a text as its line; `valid` when there is none. */
export function findingsOf(text: string): string[] {
  const result = parseConfig(text, 'host');
  return 'findings' in result ? result.findings.map((finding) => formatFinding('f', finding)) : ['valid'];
}
