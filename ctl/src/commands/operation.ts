import { parseOpId } from '@hecate/proto/core/names.ts';
import type { Command } from '../context.ts';
import { exitOfOutcome } from '../core/exit-status.ts';
import { outcomeText } from '../core/outcome-text.ts';
import { printable } from '../core/printable.ts';
import { operationJson } from '../output/operation-json.ts';
import { localTime } from '../output/time-text.ts';

export const command: Command = {
  definition: {
    name: 'operation',
    group: 'operate',
    summary: 'show what became of an operation',
    description: [
      'Shows what the manager knows of one operation. This is where the true outcome of one that ended as timeout or unknown appears, once the node has told it. The exit status is that of the outcome; an operation that is still in flight counts as unknown.',
    ],
    arguments: [
      {
        name: 'ID',
        description:
          'the id of the operation: 26 characters, shown with every outcome that is not final, and with -o json',
        isRequired: true,
        isVariadic: false,
        completion: 'none',
      },
    ],
    options: [],
    examples: [{ command: 'hecatectl operation 01KASVJ5T0ABCDEFGHJKMNPQRS', explanation: 'its outcome' }],
    exits: ['notFound', 'offline', 'failed', 'timeout', 'unknown'],
    schema: 'operation',
  },
  run: async (context) => {
    const { out, invocation } = context;
    const opId = parseOpId((invocation.operand('ID') ?? '').toUpperCase());
    const known = await context.ask('knownOperation', { case: 'getOperation', value: { opId } });
    const { outcome, node, unit, verb } = known;
    if (out.isJson) {
      out.json(operationJson(known));
      return outcome ? exitOfOutcome(outcome) : 'unknown';
    }
    const who = printable(known.requestedBy);
    out.line(
      `${printable(node)}  ${printable(unit || '-')}  ${verb}, asked by ${who} at ${localTime(known.requestedMs)}`,
    );
    if (!outcome) {
      out.line('still in flight');
      return 'unknown';
    }
    const { sentence, tone, details } = outcomeText({ node, unit, verb, outcome });
    out.line(out.paint(sentence, tone));
    for (const detail of details) out.note(`    ${detail}`);
    return exitOfOutcome(outcome);
  },
};
