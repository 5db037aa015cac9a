import { jobMode, jobModeOption, operateCommand } from '../operate-command.ts';

export const command = operateCommand({
  verb: 'reload',
  group: 'operate',
  summary: 'let units read their configuration again',
  description: [
    'Asks units to reload their own configuration (not the unit file: that is daemon-reload). A unit that cannot reload is an error.',
  ],
  examples: [{ command: 'hecatectl reload node-a nginx', explanation: 'reloads nginx.service on node-a' }],
  units: 'required',
  options: [jobModeOption],
  verbOptions: jobMode,
});
