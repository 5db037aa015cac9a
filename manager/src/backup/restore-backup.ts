/** `hecatectl restore FILE`: a manager out of a backup, here or on another host. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { RestoreReport } from '@hecate/proto/core/backup-report.ts';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { errnoOf, fileError } from '@hecate/proto/io/file-errors.ts';
import { formatFinding } from '../config/finding.ts';
import { configError, loadConfig, parseConfig } from '../config/load-config.ts';
import type { ManagerConfig } from '../config/manager-config.ts';
import type { ArchiveMember } from '../core/backup/archive.ts';
import { readBackup } from './backup-file.ts';
import { configMember } from './make-backup.ts';
import { presentLedgers } from './present-ledgers.ts';
import { statePaths } from './read-state.ts';
import { type RestoredState, restoredState } from './restored-files.ts';
import { StateReplacement } from './state-replacement.ts';

export interface RestoreRequest {
  readonly file: string;
  readonly configPath: string;
  /** Only the state is restored, to where the configuration that is there says. */
  readonly keepsConfig: boolean;
  /** What is there is kept aside, rather than the restore refused. */
  readonly isForced: boolean;
  /** Reads and checks, and changes nothing. */
  readonly isCheck: boolean;
  readonly nowWallMs: number;
  /** Random, 0 to 1. */
  readonly chance: number;
}

/**
 * @throws HEC_LOCKED: a manager runs on that state; HEC_STATE: the backup is damaged, or there is a state or another
 *   configuration already; HEC_CONFIG: its configuration is none for this release. Nothing has changed then.
 */
export async function restoreBackup(request: RestoreRequest): Promise<RestoreReport> {
  const { file, configPath, keepsConfig, isForced, isCheck, nowWallMs, chance } = request;
  const { manifest, members } = await readBackup(file);
  const configBytes = members.find(({ path }) => path === configMember)?.bytes;
  if (!configBytes) throw new HecateError('HEC_STATE', `${file} holds no configuration`);
  const config = keepsConfig ? await loadConfig(configPath) : parsedConfig(file, configBytes);
  const { stateDirectory } = config;
  const { madeAtMs } = manifest;
  const facts = { madeAtMs, nowWallMs, chance };
  const report = {
    file,
    site: manifest.site,
    made_at: new Date(madeAtMs).toISOString(),
    made_on: manifest.host,
    version: manifest.softwareVersion,
    config: keepsConfig ? null : configPath,
    state_directory: stateDirectory,
    names: config.names,
  };
  if (isCheck) {
    const state = restoredState(members, { ...facts, presentEpoch: 0, presentLedgers: [] });
    const kept = { kept_aside: [], unread_ledgers: [] };
    return { ...report, is_restored: false, ...kept, ...told(state), epoch: manifest.epoch };
  }
  const newConfig = keepsConfig || (await isSameFile(configPath, configBytes)) ? undefined : configBytes;
  const replacement = await StateReplacement.begin(stateDirectory, nowWallMs);
  try {
    if (!isForced) await replacement.requireEmpty(newConfig === undefined ? undefined : configPath);
    const presentEpoch = await replacement.presentEpoch();
    const { ledgers, unread } = await presentLedgers(replacement.places, authorityOf(members));
    const state = restoredState(members, { ...facts, presentEpoch, presentLedgers: ledgers });
    const keptAside = await replacement.put(state.files, newConfig && { path: configPath, bytes: newConfig });
    const kept = { kept_aside: keptAside, unread_ledgers: unread };
    return { ...report, is_restored: true, ...kept, ...told(state) };
  } finally {
    await replacement.release();
  }
}

const authorityOf = (members: readonly ArchiveMember[]): Uint8Array | undefined =>
  members.find(({ path }) => path === `state/${statePaths.authorityCertificate}`)?.bytes;

const told = ({ epoch, endedRuns, withdrawnTokens, nodes, keptRevocations }: RestoredState) => ({
  epoch,
  ended_runs: endedRuns,
  withdrawn_tokens: withdrawnTokens,
  kept_revocations: keptRevocations,
  nodes,
});

function parsedConfig(file: string, bytes: Uint8Array): ManagerConfig {
  const result = parseConfig(Buffer.from(bytes).toString(), hostname().toLowerCase());
  if ('config' in result) return result.config;
  const { message } = configError(
    file,
    result.findings.map((finding) => formatFinding(configMember, finding)),
  );
  const remedy = 'write a configuration for this release by hand, then: hecatectl restore --keep-config FILE';
  throw new HecateError('HEC_CONFIG', message, remedy);
}

async function isSameFile(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    return (await readFile(path)).equals(bytes);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return false;
    throw fileError('read it', path, thrown);
  }
}
