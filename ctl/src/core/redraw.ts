/** Text that draws lines over those that were drawn before, with plain ANSI: up, and clear to the end. */
import { displayWidth } from './display-width.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with the escape character
const colour = /\x1b\[[0-9;]*m/g;

/** How many rows of the terminal lines take: one that is wider than a terminal that became narrower takes several. */
export const rowsOf = (lines: readonly string[], columns: number): number =>
  lines.reduce(
    (sum, line) => sum + Math.max(1, Math.ceil(displayWidth(line.replace(colour, '')) / columns)),
    0,
  );

/** The cursor stands at the beginning of the row below them, before and after. */
export function redrawText(before: readonly string[], lines: readonly string[], columns: number): string {
  const up = rowsOf(before, columns);
  const back = up === 0 ? '' : `\x1b[${up}A`;
  const cleared = before.length === 0 ? '' : '\r\x1b[J';
  return back + cleared + lines.map((line) => `${line}\n`).join('');
}
