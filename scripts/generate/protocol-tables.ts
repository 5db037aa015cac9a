/** docs/protocol.md: written by hand, but for its tables of errors and limits. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { errorTable } from '../../proto/src/core/errors.ts';
import { exitCodes } from '../../proto/src/core/exit-codes.ts';
import { limits } from '../../proto/src/core/limits.ts';
import { fillTables, root } from './fill-tables.ts';

function errorRows(): string {
  const rows = Object.entries(errorTable).map(([code, { summary, exit, retryable }]) => {
    const again = retryable ? 'yes' : '';
    return `| \`${code}\` | ${summary} | ${exitCodes[exit].code} | ${again} |`;
  });
  return ['| code | what happened | exit | try again |', '|---|---|---|---|', ...rows].join('\n');
}

/** Name → the comment that stands before it in limits.ts. */
function limitComments(): Map<string, string> {
  const text = readFileSync(resolve(root, 'proto/src/core/limits.ts'), 'utf8');
  const entries = text.matchAll(/\/\*\* ([^\n]*) \*\/\n {2}(\w+):/g);
  return new Map([...entries].map((match) => [match[2] ?? '', match[1] ?? '']));
}

function limitRows(): string {
  const comments = limitComments();
  const rows = Object.entries(limits).map(([name, value]) => {
    return `| \`${name}\` | ${value.toLocaleString('en')} | ${comments.get(name) ?? ''} |`;
  });
  return ['| limit | | |', '|---|---|---|', ...rows].join('\n');
}

/** The page as it is, with its tables made anew between their markers. */
export const protocolPage = (): string =>
  fillTables('docs/protocol.md', { errors: errorRows, limits: limitRows });
