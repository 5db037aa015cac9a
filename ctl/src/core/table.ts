/** Tables of text: columns aligned by what a terminal shows, two spaces apart, never wrapped. */
import { displayWidth, truncate } from './display-width.ts';
import { printable } from './printable.ts';

/** How a cell is meant; colour only ever repeats what the text says. */
export type Tone = 'plain' | 'good' | 'bad' | 'doubtful' | 'faint';

export interface Cell {
  readonly text: string;
  readonly tone: Tone;
}

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** May be cut short when the terminal is too narrow; in a pipe nothing is cut. */
  readonly isFlexible?: true;
}

export interface TableStyle {
  readonly hasLegend: boolean;
  /** The terminal's width; undefined: nothing is cut. */
  readonly widthMax: number | undefined;
  readonly paint: (text: string, tone: Tone) => string;
}

const gap = 2;
const flexibleWidthMin = 8;

export const cell = (text: string | number, tone: Tone = 'plain'): Cell => ({ text: String(text), tone });

function columnWidths(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  style: TableStyle,
): number[] {
  const widths = columns.map((column, c) =>
    rows.reduce(
      (widest, row) => Math.max(widest, displayWidth(row[c]?.text ?? '')),
      style.hasLegend ? displayWidth(column.title) : 0,
    ),
  );
  if (style.widthMax === undefined) return widths;
  const total = widths.reduce((sum, width) => sum + width + gap, -gap);
  const flexible = columns.findIndex((column) => column.isFlexible);
  const width = widths[flexible];
  if (width !== undefined && total > style.widthMax) {
    widths[flexible] = Math.max(Math.min(width, flexibleWidthMin), width - (total - style.widthMax));
  }
  return widths;
}

/** The lines of a table. Cells are made printable here, so that no caller can forget it. */
export function tableLines(
  columns: readonly Column[],
  rawRows: readonly (readonly Cell[])[],
  style: TableStyle,
): string[] {
  const rows = rawRows.map((row) => row.map(({ text, tone }) => ({ text: printable(text), tone })));
  const widths = columnWidths(columns, rows, style);
  const line = (cells: readonly Cell[]): string =>
    cells
      .map(({ text, tone }, c) => {
        const width = widths[c] ?? 0;
        const shown = columns[c]?.isFlexible ? truncate(text, width) : text;
        const padding = ' '.repeat(Math.max(0, width - displayWidth(shown)));
        const painted = style.paint(shown, tone);
        return columns[c]?.align === 'right' ? padding + painted : painted + padding;
      })
      .join(' '.repeat(gap))
      .trimEnd();
  const legend = style.hasLegend ? [line(columns.map(({ title }) => cell(title, 'faint')))] : [];
  return [...legend, ...rows.map(line)];
}
