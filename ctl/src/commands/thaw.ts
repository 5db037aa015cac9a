import { operateCommand } from '../operate-command.ts';

export const command = operateCommand({
  verb: 'thaw',
  group: 'operate',
  summary: 'let frozen units go on',
  description: ['Undoes freeze.'],
  examples: [{ command: 'hecatectl thaw node-a batch', explanation: 'thaws batch.service on node-a' }],
  units: 'required',
});
