import { startCommand } from '../start-run.ts';

export const command = startCommand({
  name: 'startup',
  summary: 'start the cluster, or try whether it would start',
  description: [
    'Runs the plan startup: the one that the configuration declares under this name, or the built-in one, which wakes the hosts and starts storage, servers and agents, each stage when the gate of the one before holds.',
    'While a shutdown is in progress, also over restarts of everything, a startup is refused: see --override-intent.',
  ],
  options: [
    {
      long: 'override-intent',
      description: 'start although a shutdown that never ended is remembered',
    },
  ],
  examples: [
    { command: 'hecatectl startup', explanation: 'what would be done, and whether it would work' },
    { command: 'hecatectl startup --execute', explanation: 'does it' },
  ],
  planOf: () => 'startup',
});
