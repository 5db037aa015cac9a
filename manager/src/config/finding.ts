/** What is wrong in a configuration file, and where. Lines and columns count from 1. */
export interface Finding {
  readonly line: number;
  readonly column: number;
  /** `sockets[0].role`; empty for what belongs to no key. */
  readonly key: string;
  readonly found: string;
  /** Begins with "expected". */
  readonly expected: string;
  readonly remedy: string;
}

/** A place in the parsed file: keys of maps, indices of lists. */
export type KeyPath = readonly PropertyKey[];

export function formatKeyPath(path: KeyPath): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

/** `hecate.yaml:3:12: log.level: found "loud", expected one of …; write for example: level: info` */
export function formatFinding(file: string, finding: Finding): string {
  const { line, column, key, found, expected, remedy } = finding;
  return `${file}:${line}:${column}: ${key === '' ? '' : `${key}: `}found ${found}, ${expected}; ${remedy}`;
}
