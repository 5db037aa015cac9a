import { jobMode, jobModeOption, operateCommand } from '../operate-command.ts';

export const command = operateCommand({
  verb: 'reload-or-restart',
  group: 'operate',
  summary: 'reload units that can, restart the others',
  description: ['Reloads units that know how to, and restarts the others.'],
  examples: [
    {
      command: 'hecatectl reload-or-restart node-a sshd',
      explanation: 'reloads or restarts sshd.service on node-a',
    },
  ],
  units: 'required',
  options: [jobModeOption],
  verbOptions: jobMode,
});
