import { operateCommand, unitFileOptions } from '../operate-command.ts';

export const command = operateCommand({
  verb: 'mask',
  group: 'files',
  summary: 'make it impossible to start units',
  description: ['Links the unit files to /dev/null. It does not stop anything.'],
  examples: [{ command: 'hecatectl mask --all apt-daily.timer', explanation: 'masks a timer everywhere' }],
  units: 'required',
  options: [
    ...unitFileOptions,
    { long: 'force', short: 'f', description: 'replace links that are in the way' },
  ],
  verbOptions: (invocation) => ({ runtime: invocation.flag('runtime'), force: invocation.flag('force') }),
});
