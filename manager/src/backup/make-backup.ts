/** `hecatectl backup FILE`: the configuration, the authority and the state of the manager of this host, in one file. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { BackupReport } from '@hecate/proto/core/backup-report.ts';
import { softwareVersion } from '@hecate/proto/core/version.ts';
import { scanRecordLines } from '@hecate/proto/io/record-line.ts';
import { loadConfig } from '../config/load-config.ts';
import type { ManagerConfig } from '../config/manager-config.ts';
import type { ArchiveMember } from '../core/backup/archive.ts';
import { manifestVersion } from '../core/backup/manifest.ts';
import { endingRecords } from '../core/backup/restored-state.ts';
import type { RunRecord } from '../core/runs/run-record.ts';
import { readEpochs } from '../io/epoch-file.ts';
import { writeBackup } from './backup-file.ts';
import { readState, statePaths } from './read-state.ts';

export const configMember = 'config/hecate.yaml';

/** @throws HEC_CONFIG, HEC_STATE, HEC_USAGE, HEC_BUSY: there is no file then */
export async function makeBackup(configPath: string, file: string, nowWallMs: number): Promise<BackupReport> {
  const config = await loadConfig(configPath);
  const state = await readState(config.stateDirectory);
  const members: ArchiveMember[] = [
    { path: configMember, mode: 0o600, bytes: await readFile(configPath) },
    ...state,
  ];
  const { epoch } = await readEpochs(`${config.stateDirectory}/${statePaths.epoch}`);
  const { site, stateDirectory } = config;
  const bytes = await writeBackup(file, members, {
    format: 'hecate-backup',
    version: manifestVersion,
    softwareVersion,
    madeAtMs: nowWallMs,
    host: hostname(),
    site,
    configPath: resolve(configPath),
    stateDirectory,
    epoch,
  });
  return {
    file,
    bytes,
    site,
    made_at: new Date(nowWallMs).toISOString(),
    epoch,
    files: members.map(({ path }) => path),
    active_runs: endingRecords(runRecords(state), '').ended,
    not_included: besides(config),
  };
}

/** Of the journal of runs; a torn end is not read. */
export function runRecords(members: readonly ArchiveMember[]): RunRecord[] {
  const journal = members.find(({ path }) => path === `state/${statePaths.runs}`);
  if (!journal) return [];
  return scanRecordLines(Buffer.from(journal.bytes)).values.flat() as RunRecord[];
}

/** Secrets of other programs, what another site has given to this one, and the audit log, which only grows. */
function besides({ audit, power }: ManagerConfig): string[] {
  const files = power.upses.flatMap(({ credentials, authorityFile }) => [
    credentials?.passwordFile,
    authorityFile,
  ]);
  return [...new Set([...files, power.forward?.identityDirectory, audit.file])].filter(
    (file) => file !== undefined,
  );
}
