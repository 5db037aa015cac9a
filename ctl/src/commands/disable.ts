import { operateCommand, unitFileOptions } from '../operate-command.ts';

export const command = operateCommand({
  verb: 'disable',
  group: 'files',
  summary: 'no longer start units at boot',
  description: [
    'Removes the links that enable made, then lets systemd read its unit files again. It does not stop anything.',
  ],
  examples: [{ command: 'hecatectl disable node-a k3s', explanation: 'disables k3s.service on node-a' }],
  units: 'required',
  options: unitFileOptions,
  verbOptions: (invocation) => ({ runtime: invocation.flag('runtime') }),
});
