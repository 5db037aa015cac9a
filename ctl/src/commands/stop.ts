import { jobMode, jobModeOption, operateCommand } from '../operate-command.ts';

export const command = operateCommand({
  verb: 'stop',
  group: 'operate',
  summary: 'stop units',
  description: ['Stops units and waits until systemd has finished the jobs.'],
  examples: [
    { command: 'hecatectl stop node-a k3s', explanation: 'stops k3s.service on node-a' },
    {
      command: "hecatectl stop node-a,node-b 'k3s*'",
      explanation: 'stops every loaded unit whose name begins with k3s, on two nodes',
    },
  ],
  units: 'required',
  options: [jobModeOption],
  verbOptions: jobMode,
});
