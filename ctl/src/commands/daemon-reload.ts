import { operateCommand } from '../operate-command.ts';

export const command = operateCommand({
  verb: 'daemon-reload',
  group: 'files',
  summary: 'let systemd read its unit files again',
  description: ['Runs the generators and reads all unit files again; units that run go on running.'],
  examples: [
    { command: 'hecatectl daemon-reload --all', explanation: 'on every node' },
    { command: 'hecatectl daemon-reload node-a', explanation: 'on node-a' },
  ],
  units: 'none',
});
