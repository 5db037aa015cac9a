/** docs/exit-codes.md, out of the one table. */
import { errorTable } from '../../proto/src/core/errors.ts';
import { type ExitName, exitCodes } from '../../proto/src/core/exit-codes.ts';

export function exitCodesPage(): string {
  const names = (Object.keys(exitCodes) as ExitName[]).sort(
    (a, b) => exitCodes[a].severity - exitCodes[b].severity,
  );
  const rows = names.map((name) => {
    const errors = Object.entries(errorTable)
      .filter(([, entry]) => entry.exit === name)
      .map(([code]) => `\`${code}\``);
    return `| ${exitCodes[name].code} | ${name} | ${exitCodes[name].meaning} | ${errors.join(' ')} |`;
  });
  return `<!-- Generated from proto/src/core/exit-codes.ts and errors.ts: npm run generate. -->
# Exit status of hecatectl

One table for the program, its manual pages and the tests. When several nodes or units answer, the worst counts;
the rows are in that order, from good to bad. \`hecatectl exec\` is the exception: when the command ran on every
node, the exit status is the highest that it ended with.

| status | name | meaning | error codes that end so |
|---|---|---|---|
${rows.join('\n')}
`;
}
