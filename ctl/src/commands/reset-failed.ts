import { operateCommand } from '../operate-command.ts';

export const command = operateCommand({
  verb: 'reset-failed',
  group: 'operate',
  summary: 'forget that units failed',
  description: ['Resets the failed state of units, or of all units of the node when none is named.'],
  examples: [
    { command: 'hecatectl reset-failed node-a', explanation: 'resets every failed unit of node-a' },
    { command: 'hecatectl reset-failed --all k3s', explanation: 'resets k3s.service on every node' },
  ],
  units: 'optional',
});
