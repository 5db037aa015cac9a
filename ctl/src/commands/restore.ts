import { resolve } from 'node:path';
import type { RestoreReport } from '@hecate/proto/core/backup-report.ts';
import type { Command } from '../context.ts';
import type { OptionDefinition } from '../core/command-definition.ts';
import { restoreLines } from '../core/restore-text.ts';
import { runManagerProgram } from '../io/run-manager-program.ts';
import { configOfManager, requireOwnManager } from '../own-manager.ts';

const options: readonly OptionDefinition[] = [
  { long: 'check', description: 'only look whether the backup is whole, and say what is in it' },
  {
    long: 'keep-config',
    description: 'leave the configuration as it is, and restore the state to where that says',
  },
  { long: 'force', description: 'keep aside what is there, rather than refuse' },
];

export const command: Command = {
  definition: {
    name: 'restore',
    group: 'fleet',
    summary: 'make the manager of this host out of a backup',
    description: [
      'While no manager runs: puts the configuration where --config says (/etc/hecate/hecate.yaml when not given), and the authority and the state where that configuration says. A backup that is damaged is refused, and so is a restore over another configuration or over a state; with --force what was there is kept aside, and it says where.',
      'Agents keep their certificates and come back by themselves, where they reach this host by the name or address that they dial, and where that is one of its names in the configuration. What has happened since the backup is not known to it: nodes and operators that have joined since must be enrolled again. Those that were revoked since stay revoked where the state that was here can still be read; elsewhere they must be revoked again.',
      'Nothing in a backup acts by itself: a run that was going on is over (failed), and the orders to power off that its nodes may hold are taken back as soon as they connect; open join tokens are withdrawn; UPSes are looked at anew. The epoch is far above that of the backup, so that agents follow the restored manager and refuse the old one, should it still run.',
    ],
    arguments: [
      {
        name: 'FILE',
        description: 'what hecatectl backup wrote',
        isRequired: true,
        isVariadic: false,
        completion: 'files',
      },
    ],
    options,
    examples: [
      { command: 'hecatectl restore --check hecate.tar', explanation: 'is it whole, and of which site?' },
      {
        command: 'hecatectl restore --force hecate.tar',
        explanation: 'on a host where the packages have put an example configuration',
      },
    ],
    exits: ['failed'],
    schema: 'restore',
    isWithoutManager: true,
  },
  run: async ({ invocation, out, signal }) => {
    requireOwnManager(invocation);
    const flags = options.map(({ long }) => long).filter((long) => invocation.flag(long));
    const file = resolve(invocation.operand('FILE') ?? '');
    const config = ['--config', configOfManager(invocation)];
    const args = ['restore', ...config, ...flags.map((flag) => `--${flag}`), '--', file];
    const report = await runManagerProgram<RestoreReport>(args, signal);
    if (out.isJson) out.json({ ...report });
    else for (const line of restoreLines(report)) out.note(line);
    return 'success';
  },
};
