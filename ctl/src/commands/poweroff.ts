import { powerCommand } from '../power-command.ts';

export const command = powerCommand({
  verb: 'poweroff',
  summary: 'power hosts off',
  description: ['Stops everything on the hosts and powers them off, as systemctl poweroff does there.'],
  examples: [
    {
      command: 'hecatectl poweroff node-a',
      explanation: 'says what would be powered off, and sends nothing',
    },
    { command: 'hecatectl poweroff node-a --yes', explanation: 'powers it off' },
  ],
});
