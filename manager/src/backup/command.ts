/**
 * `hecate-manager backup` and `hecate-manager restore`, which hecatectl calls: one JSON document on stdout, either the
 * report or the failure. The state directory is this program's business, and its user's.
 */
import { parseArgs } from 'node:util';
import type { BackupReport, RestoreReport } from '@hecate/proto/core/backup-report.ts';
import { asHecateError, errorTable, failureOf, HecateError } from '@hecate/proto/core/errors.ts';
import { exitCodes } from '@hecate/proto/core/exit-codes.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import { defaultConfigPath } from '../config/load-config.ts';
import { makeBackup } from './make-backup.ts';
import { restoreBackup } from './restore-backup.ts';

/** @returns the exit status */
export async function runBackupCommand(argv: readonly string[]): Promise<number> {
  const answer = await carryOut(argv).then(
    (report) => ({ report }),
    (thrown) => ({ failure: failureOf(thrown) }),
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  if ('report' in answer) return 0;
  const { code } = answer.failure;
  return exitCodes[errorTable[code as keyof typeof errorTable].exit].code;
}

async function carryOut([name, ...args]: readonly string[]): Promise<BackupReport | RestoreReport> {
  const { values, file } = readOptions(args);
  const nowWallMs = systemClock.wallMs();
  const configPath = values.config;
  if (name === 'backup') return makeBackup(configPath, file, nowWallMs);
  return restoreBackup({
    file,
    configPath,
    keepsConfig: values['keep-config'],
    isForced: values.force,
    isCheck: values.check,
    nowWallMs,
    chance: Math.random(),
  });
}

function readOptions(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string', default: defaultConfigPath },
        'keep-config': { type: 'boolean', default: false },
        force: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
      },
    });
    const [file, ...more] = positionals;
    if (file !== undefined && file !== '' && more.length === 0) return { values, file };
  } catch (thrown) {
    throw new HecateError('HEC_USAGE', asHecateError(thrown).message, 'hecatectl backup --help', thrown);
  }
  throw new HecateError('HEC_USAGE', 'expected one FILE', 'hecatectl backup --help');
}
