import { powerCommand } from '../power-command.ts';

export const command = powerCommand({
  verb: 'reboot',
  summary: 'boot hosts again',
  description: ['Stops everything on the hosts and boots them again, as systemctl reboot does there.'],
  examples: [
    { command: 'hecatectl reboot node-a --yes', explanation: 'boots it again' },
    {
      command: "hecatectl reboot 'edge-*'",
      explanation: 'says which nodes the pattern means, and sends nothing',
    },
  ],
});
