import { operateCommand } from '../operate-command.ts';

export const command = operateCommand({
  verb: 'freeze',
  group: 'operate',
  summary: 'suspend all processes of units',
  description: ['Stops every process of the units through the cgroup freezer. The node needs cgroup v2.'],
  examples: [{ command: 'hecatectl freeze node-a batch', explanation: 'freezes batch.service on node-a' }],
  units: 'required',
});
