import { resolve } from 'node:path';
import type { BackupReport } from '@hecate/proto/core/backup-report.ts';
import type { Command } from '../context.ts';
import { printable } from '../core/printable.ts';
import { runManagerProgram } from '../io/run-manager-program.ts';
import { configOfManager, requireOwnManager } from '../own-manager.ts';

export const command: Command = {
  definition: {
    name: 'backup',
    group: 'fleet',
    summary: 'write configuration, authority and state into one file',
    description: [
      'On the host of the manager, as root or as its user; the manager may run, and a run may be going on: the files are read as they were together at one moment. The configuration is the one that --config names (/etc/hecate/hecate.yaml when not given).',
      'FILE must not exist. It is a tar that any tar can list, readable for its owner alone, because the key of the authority is in it: whoever has it can be the manager. Every file in it and the whole have checksums, and hecatectl restore --check looks at them.',
      "Not in it: the audit log, files that the configuration names (a NUT server's password), and what agents keep on their hosts.",
    ],
    arguments: [
      {
        name: 'FILE',
        description: 'where to write it; must not exist yet',
        isRequired: true,
        isVariadic: false,
        completion: 'files',
      },
    ],
    options: [],
    examples: [
      { command: 'hecatectl backup /root/hecate.tar', explanation: 'copy it to another host afterwards' },
      { command: 'hecatectl restore --check /root/hecate.tar', explanation: 'whether it is whole' },
    ],
    exits: ['failed'],
    schema: 'backup',
    isWithoutManager: true,
  },
  run: async ({ invocation, out, signal }) => {
    requireOwnManager(invocation);
    const file = resolve(invocation.operand('FILE') ?? '');
    const args = ['backup', '--config', configOfManager(invocation), '--', file];
    const report = await runManagerProgram<BackupReport>(args, signal);
    if (out.isJson) out.json({ ...report });
    else {
      out.note(
        printable(`${report.file}: site ${report.site}, epoch ${report.epoch}, ${report.bytes} bytes`),
      );
      for (const run of report.active_runs)
        out.note(printable(`run ${run} is going on: a restore of this backup ends it`));
      for (const path of report.not_included) out.note(printable(`not in it: ${path}`));
      out.note('keep it where the keys of this host are kept: the key of the authority is in it');
    }
    return 'success';
  },
};
