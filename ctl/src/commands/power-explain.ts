import { createGetPower } from '@hecate/proto/generated/wire.ts';
import type { Command } from '../context.ts';
import { printable } from '../core/printable.ts';
import { powerJson } from '../output/power-json.ts';

export const command: Command = {
  definition: {
    name: 'power explain',
    group: 'runs',
    summary: 'say of every UPS why a shutdown begins, or does not',
    description: [
      'Says in one sentence for each UPS what is decided of it, with the figures that made the decision: the believed runtime and what it is made from, the threshold and what it is the sum of; and for each trigger that goes to the manager of another site, or came from one, what becomes of it. Where the site cannot be started up as things are, what a startup waits for.',
    ],
    arguments: [],
    options: [],
    examples: [{ command: 'hecatectl power explain', explanation: 'one sentence for each UPS' }],
    exits: [],
    schema: 'power',
  },
  run: async (context) => {
    const { out } = context;
    const power = await context.ask('power', { case: 'getPower', value: createGetPower() });
    if (out.isJson) out.json(powerJson(power));
    else {
      for (const { sentence } of [...power.upses, ...power.forwards]) out.line(printable(sentence));
      if (power.startup?.state === 'waiting')
        out.line(printable(`a startup waits: ${power.startup.sentence}`));
      if (power.upses.length === 0)
        out.note('no UPS is watched: the configuration declares none (power.upses)');
    }
    return 'success';
  },
};
