import { operateCommand, unitFileOptions } from '../operate-command.ts';

export const command = operateCommand({
  verb: 'enable',
  group: 'files',
  summary: 'let units start at boot',
  description: [
    'Makes the links of the [Install] section, then lets systemd read its unit files again. It does not start anything. Enabling a generated unit (a Quadlet) is an error: its generator has done it.',
  ],
  examples: [{ command: 'hecatectl enable node-a k3s', explanation: 'enables k3s.service on node-a' }],
  units: 'required',
  options: [
    ...unitFileOptions,
    { long: 'force', short: 'f', description: 'replace links that are in the way' },
  ],
  verbOptions: (invocation) => ({ runtime: invocation.flag('runtime'), force: invocation.flag('force') }),
});
