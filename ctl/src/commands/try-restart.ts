import { jobMode, jobModeOption, operateCommand } from '../operate-command.ts';

export const command = operateCommand({
  verb: 'try-restart',
  group: 'operate',
  summary: 'restart units that are active',
  description: ['Restarts units that are active and leaves the others as they are.'],
  examples: [
    { command: 'hecatectl try-restart --all nginx', explanation: 'restarts nginx.service wherever it runs' },
  ],
  units: 'required',
  options: [jobModeOption],
  verbOptions: jobMode,
});
