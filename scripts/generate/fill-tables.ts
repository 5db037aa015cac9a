/** Pages that are written by hand, but for the tables between `<!-- generated: NAME -->` and `<!-- end -->`. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

/** Name → the text of the table, without a line break at its end. */
export type Tables = Readonly<Record<string, () => string>>;

/** A row of a table in Markdown. */
export const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/**
 * The page as it is, with its tables made anew.
 * @param file relative to the repository
 * @throws for a table that nobody makes
 */
export function fillTables(file: string, tables: Tables): string {
  const page = readFileSync(resolve(root, file), 'utf8');
  const pattern = /(<!-- generated: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g;
  return page.replace(pattern, (_, begin: string, name: string, end: string) => {
    const table = tables[name];
    if (!table) throw new Error(`${file} asks for a table of ${name}, which nobody makes`);
    return `${begin}${table()}\n${end}`;
  });
}
