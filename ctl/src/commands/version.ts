import { asHecateError } from '@hecate/proto/core/errors.ts';
import { protocolMax, protocolMin } from '@hecate/proto/core/limits.ts';
import { softwareVersion } from '@hecate/proto/core/version.ts';
import type { Command } from '../context.ts';
import { printable } from '../core/printable.ts';

export const command: Command = {
  definition: {
    name: 'version',
    group: 'tool',
    summary: 'print the versions of hecatectl and of the manager',
    description: [
      'Prints the version of this program and, when the manager can be reached, of that one. A manager that cannot be reached is no error here.',
    ],
    arguments: [],
    options: [{ long: 'client', description: 'this program only: nothing is connected to' }],
    examples: [{ command: 'hecatectl version', explanation: 'both versions' }],
    exits: [],
    schema: 'version',
  },
  run: async (context) => {
    const { out, invocation } = context;
    const own = { version: softwareVersion, protocol_min: protocolMin, protocol_max: protocolMax };
    const manager = invocation.flag('client')
      ? undefined
      : await context.manager().then(
          ({ welcome, address }) => ({
            version: welcome.softwareVersion,
            protocol: welcome.protocol,
            site: welcome.site,
            role: welcome.role,
            address,
          }),
          (thrown: unknown) => ({ error: asHecateError(thrown).message }),
        );
    if (out.isJson) out.json({ hecatectl: own, manager: manager ?? null });
    else {
      out.line(`hecatectl ${softwareVersion} (protocol ${protocolMin} to ${protocolMax})`);
      if (manager && 'error' in manager) out.note(`manager not reached: ${manager.error}`);
      else if (manager) {
        const { site, role, address, protocol } = manager;
        out.line(
          printable(
            `manager ${manager.version} (protocol ${protocol}, site ${site}, you are ${role}, at ${address})`,
          ),
        );
      }
    }
    return 'success';
  },
};
