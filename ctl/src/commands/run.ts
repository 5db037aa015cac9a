import { startCommand } from '../start-run.ts';

export const command = startCommand({
  name: 'run',
  summary: 'carry out a declared sequence, or try whether',
  description: [
    'Runs any plan of the site: a sequence that the configuration declares, startup or shutdown. It is refused while another run holds a node of it.',
  ],
  arguments: [
    {
      name: 'NAME',
      description: 'the plan; hecatectl plan list shows them',
      isRequired: true,
      isVariadic: false,
      completion: 'plans',
    },
  ],
  examples: [
    {
      command: 'hecatectl run restart-workers',
      explanation: 'what would be done, and whether it would work',
    },
    {
      command: 'hecatectl run restart-workers --execute --detach',
      explanation: 'begins it and prints its id',
    },
  ],
  planOf: ({ invocation }) => invocation.operand('NAME') ?? '',
});
