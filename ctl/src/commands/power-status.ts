import { createGetPower } from '@hecate/proto/generated/wire.ts';
import type { Command } from '../context.ts';
import { budgetLine, siteLines, upsColumns, upsNotes, upsRow } from '../core/power-text.ts';
import { printable } from '../core/printable.ts';
import { powerJson } from '../output/power-json.ts';

export const command: Command = {
  definition: {
    name: 'power status',
    group: 'runs',
    summary: 'show every UPS, and how far it is from a shutdown',
    description: [
      'Shows of every UPS what it says of itself (status, charge, load, runtime), what is believed of its runtime, the threshold under which a shutdown begins, and the slack between the two: on mains, what there would be if it failed now. TRIGGERS IN is how long that takes on battery at this load, with the looks in a row that a decision wants.',
      'What is forwarded to the manager of another site, or was forwarded by one, has a line below, and so has each of these managers.',
      'The budget is how long a shutdown is expected to take: as declared until runs of it have taught it.',
    ],
    arguments: [],
    options: [],
    examples: [{ command: 'hecatectl power status', explanation: 'one line for each UPS' }],
    exits: [],
    schema: 'power',
  },
  run: async (context) => {
    const { out } = context;
    const power = await context.ask('power', { case: 'getPower', value: createGetPower() });
    if (out.isJson) {
      out.json(powerJson(power));
      return 'success';
    }
    const elsewhere = siteLines(power, out.paint.bind(out));
    if (power.upses.length === 0)
      out.note('no UPS is watched: the configuration declares none (power.upses)');
    if (power.upses.length === 0 && elsewhere.length === 0) return 'success';
    if (power.upses.length > 0) out.table(upsColumns, power.upses.map(upsRow));
    for (const line of power.upses.flatMap((ups) => upsNotes(ups, out.paint.bind(out)))) out.line(line);
    for (const line of elsewhere) out.line(line);
    out.line(budgetLine(power));
    if (power.budget?.warning) out.note(printable(power.budget.warning));
    return 'success';
  },
};
