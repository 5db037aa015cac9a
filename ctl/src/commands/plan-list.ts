import type { Command } from '../context.ts';
import { printable } from '../core/printable.ts';
import { readPlan } from '../read-plans.ts';

export const command: Command = {
  definition: {
    name: 'plan list',
    group: 'runs',
    summary: 'list the plans of the site',
    description: [
      'Lists the names of all plans: the built-in startup and shutdown, where the configuration declares nodes, and every declared sequence.',
    ],
    arguments: [],
    options: [],
    examples: [{ command: 'hecatectl plan list', explanation: 'one name per line' }],
    exits: [],
    schema: 'plan-names',
  },
  run: async (context) => {
    const { out } = context;
    const { names } = await readPlan(context, '');
    if (out.isJson) out.json(names);
    else for (const name of names) out.line(printable(name));
    if (names.length === 0) out.note('no plan is there: the configuration declares no nodes (inventory)');
    return 'success';
  },
};
