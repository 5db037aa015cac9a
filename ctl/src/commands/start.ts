import { jobMode, jobModeOption, operateCommand } from '../operate-command.ts';

export const command = operateCommand({
  verb: 'start',
  group: 'operate',
  summary: 'start units',
  description: ['Starts units and waits until systemd has finished the jobs.'],
  examples: [
    { command: 'hecatectl start node-a k3s', explanation: 'starts k3s.service on node-a' },
    {
      command: "hecatectl start 'edge-*' k3s-agent,chronyd",
      explanation: 'starts two services on every node whose name begins with edge-',
    },
    { command: 'hecatectl start --all node_exporter', explanation: 'starts a service on every node at once' },
  ],
  units: 'required',
  options: [jobModeOption],
  verbOptions: jobMode,
});
