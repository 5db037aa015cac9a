import type { Command } from '../context.ts';
import { readMetrics } from '../core/metrics-text.ts';

export const command: Command = {
  definition: {
    name: 'metrics',
    group: 'fleet',
    summary: 'print the metrics of the manager',
    description: [
      'Prints what the manager serves to Prometheus on port 9560, as it is; -o json takes the samples apart.',
    ],
    arguments: [],
    options: [],
    examples: [
      { command: 'hecatectl metrics | grep hecate_nodes', explanation: 'how many nodes are in which state' },
    ],
    exits: [],
    schema: 'metrics',
  },
  run: async (context) => {
    const { text } = await context.ask('metrics', { case: 'getMetrics', value: {} });
    if (context.out.isJson) context.out.json(readMetrics(text));
    else context.out.line(text.replace(/\n$/, ''));
    return 'success';
  },
};
