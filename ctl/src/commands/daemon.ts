import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Command } from '../context.ts';
import { managerProgram } from '../io/manager-program.ts';

const configDefault = '/etc/hecate/hecate.yaml';

export const command: Command = {
  definition: {
    name: 'daemon',
    group: 'fleet',
    summary: 'become the manager of this host, in the foreground',
    description: [
      'Replaces this process by hecate-manager with the configuration that --config names (/etc/hecate/hecate.yaml when not given): what hecate-manager.service runs. It keeps sessions to the agents, watches the UPSes, and carries runs out. Signals, messages and exit statuses are those of hecate-manager.',
    ],
    arguments: [],
    options: [],
    examples: [
      { command: 'hecatectl daemon --config hecate.yaml', explanation: 'the manager; also: hecate daemon' },
    ],
    exits: [],
    isWithoutManager: true,
  },
  run: async ({ invocation }) => {
    for (const option of ['socket', 'manager']) {
      if (invocation.text(option) === undefined) continue;
      const message = `daemon is the manager itself, and --${option} names one that runs`;
      throw new HecateError('HEC_USAGE', message, 'name its configuration: --config FILE');
    }
    const config = invocation.text('config') ?? configDefault;
    const program = managerProgram(process.argv[1] ?? '', process.env.PATH ?? '');
    if (program === undefined) {
      const message = 'hecate-manager is not installed on this host: looked beside this program and in PATH';
      throw new HecateError('HEC_UNSUPPORTED', message, 'install the package of the manager');
    }
    const [file = '', ...args] = program;
    return become(file, [file, ...args, '--config', config]);
  },
};

/** The same process: whoever supervises it sees the manager's own id, signals and messages. */
function become(file: string, argv: readonly string[]): never {
  if (!process.execve)
    throw new HecateError('HEC_UNSUPPORTED', 'this Node.js cannot replace itself', argv.join(' '));
  return process.execve(file, argv, process.env);
}
