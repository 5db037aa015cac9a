/** Reads the TAP of one test file into passed points, failures and skips. */
import { inspect } from 'node:util';
import { Parser, type Result } from 'tap-parser';
import type { Failure, Skip } from './run-test-file.ts';

export interface Points {
  /** Points at the top of the file; a test with everything in it is one. */
  readonly passed: number;
  readonly failures: readonly Failure[];
  /** At any depth: a skip inside of a test that passed is still a skip. */
  readonly skips: readonly Skip[];
  /** Whether the file got as far as its plan. */
  readonly isComplete: boolean;
}

/** What tap says of a file without any test; every other reason is an author's. */
const noTests = 'no tests found';

export function readPoints(): {
  write(text: string): void;
  end(): Points;
  onOtherText: (text: string) => void;
} {
  const parser = new Parser();
  const failures: Failure[] = [];
  const skips: Skip[] = [];
  let passed = 0;
  let isComplete = false;
  const reader = { write: (text: string) => void parser.write(text), end, onOtherText: (_: string) => {} };
  parser.on('extra', (text: string) => reader.onOtherText(text));
  parser.on('plan', () => {
    isComplete = true;
  });
  parser.on('complete', (results: { plan: { skipAll: boolean; skipReason: string } }) => {
    const { skipAll, skipReason } = results.plan;
    if (skipAll && skipReason !== noTests) skips.push({ path: [], reason: skipReason });
  });
  watch(parser, [], (result, path, inside) => {
    const skip = skipOf(result, path);
    if (skip) skips.push(skip);
    else if (path.length > 1) return;
    else if (result.ok) passed += 1;
    else failures.push(inside[0] ?? { path, detail: detailOf(result) });
  });

  function end(): Points {
    parser.end();
    return { passed, failures, skips, isComplete };
  }
  return reader;
}

/** Calls back for every point, with the failures that were found inside of it, innermost first. */
function watch(
  parser: Parser,
  above: readonly string[],
  onPoint: (result: Result, path: readonly string[], inside: readonly Failure[]) => void,
): Failure[] {
  const found: Failure[] = [];
  let inside: Failure[] = [];
  parser.on('child', (child: Parser) => {
    inside = watch(child, [...above, child.name], onPoint);
  });
  parser.on('assert', (result: Result) => {
    const path = [...above, result.name];
    onPoint(result, path, inside);
    if (!result.ok && !skipOf(result, path)) found.push(inside[0] ?? { path, detail: detailOf(result) });
    inside = [];
  });
  return found;
}

/** A test that is still to be done does not count as one either. */
function skipOf(result: Result, path: readonly string[]): Skip | undefined {
  if (result.skip !== false) return { path, reason: reasonOf(result.skip) };
  if (result.todo !== false) return { path, reason: `to be done: ${reasonOf(result.todo)}` };
  return undefined;
}

const reasonOf = (text: string | boolean): string =>
  typeof text === 'string' && text !== '' ? text : '(no reason given)';

/** Left out of the report: it is in the place that is named, or says nothing. */
const dull = new Set(['at', 'source', 'compare', 'typeName']);

function detailOf(result: Result): string {
  const diag: Record<string, unknown> =
    typeof result.diag === 'object' && result.diag !== null ? result.diag : {};
  const at = diag.at as { fileName?: string; lineNumber?: number; columnNumber?: number } | undefined;
  const lines = at?.fileName ? [`at ${at.fileName}:${at.lineNumber}:${at.columnNumber}`] : [];
  for (const [key, value] of Object.entries(diag)) {
    if (dull.has(key)) continue;
    const text = typeof value === 'string' ? value.trimEnd() : inspect(value, { depth: 8, breakLength: 100 });
    lines.push(text.includes('\n') ? `${key}:\n${text.replace(/^/gm, '  ')}` : `${key}: ${text}`);
  }
  return lines.join('\n') || result.name;
}
