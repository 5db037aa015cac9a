import { operateCommand, unitFileOptions } from '../operate-command.ts';

export const command = operateCommand({
  verb: 'unmask',
  group: 'files',
  summary: 'undo mask',
  description: ['Removes the links that mask made.'],
  examples: [
    { command: 'hecatectl unmask node-a apt-daily.timer', explanation: 'unmasks a timer on node-a' },
  ],
  units: 'required',
  options: unitFileOptions,
  verbOptions: (invocation) => ({ runtime: invocation.flag('runtime') }),
});
