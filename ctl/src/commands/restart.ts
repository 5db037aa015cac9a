import { jobMode, jobModeOption, operateCommand } from '../operate-command.ts';

export const command = operateCommand({
  verb: 'restart',
  group: 'operate',
  summary: 'stop and start units',
  description: ['Restarts units; one that is not active is started.'],
  examples: [{ command: 'hecatectl restart node-a nginx', explanation: 'restarts nginx.service on node-a' }],
  units: 'required',
  options: [jobModeOption],
  verbOptions: jobMode,
});
