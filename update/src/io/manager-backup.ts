/** The state of this host's manager, kept before an update and put back where the release before refuses what is there. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Backup } from '../core/host-update.ts';
import { runOrThrow } from './run-command.ts';

const settings = ['--config', '/etc/hecate/hecate.yaml'];
const unit = 'hecate-manager.service';

/** A state of 2,000 nodes takes seconds; a slow disk takes longer. */
const timeLimitMs = 5 * 60_000;
const keptMax = 2;

/**
 * Mode 0600, as `hecatectl backup` writes it.
 * @param folder of backups alone: all but the last two of them go (I14)
 * @param version that is here
 * @throws HEC_STATE, HEC_TIMEOUT: nothing was written
 */
export async function backUpManager(folder: string, version: string, nowMs: number): Promise<Backup> {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]/g, '');
  const file = join(folder, `${stamp}-${version}.tar`);
  await runOrThrow(['hecatectl', 'backup', ...settings, file], { timeLimitMs });
  await keepLast(folder, file);
  return { file, madeAtMs: nowMs };
}

/** Those of clocks that went wrong, and what was cut short, included: the one that was made just now always stays. */
export async function keepLast(folder: string, file: string): Promise<void> {
  const others = (await readdir(folder)).map((name) => join(folder, name)).filter((path) => path !== file);
  const whole = others.filter((path) => path.endsWith('.tar')).toSorted();
  const kept = whole.slice(1 - keptMax);
  for (const path of others) if (!kept.includes(path)) await rm(path, { recursive: true, force: true });
}

/**
 * The manager is stopped, and started again on the state that was; the present one is kept aside.
 * @returns what the restore says, and what is to be done next
 * @throws HEC_STATE, HEC_TIMEOUT
 */
export async function restoreManager(file: string): Promise<readonly string[]> {
  // It is started again every second, and would hold its state now and then.
  await runOrThrow(['systemctl', 'stop', unit], { timeLimitMs });
  const argv = ['hecatectl', 'restore', '--force', '--keep-config', ...settings, '-o', 'json', file];
  const report = await runOrThrow(argv, { timeLimitMs }).finally(() =>
    runOrThrow(['systemctl', 'start', '--no-block', unit]),
  );
  return restoredLines(JSON.parse(report) as RestoreReport);
}

/** Of a release that may be older than this one: it may tell less. */
type RestoreReport = Partial<Record<'kept_aside' | 'kept_revocations' | 'unread_ledgers', readonly string[]>>;

function restoredLines({ kept_aside = [], kept_revocations, unread_ledgers }: RestoreReport): string[] {
  const isRevocationKept = kept_revocations !== undefined && unread_ledgers?.length === 0;
  return [
    ...kept_aside.map((path) => `kept aside: ${path}`),
    `whoever was enrolled since that backup is enrolled again, by hand; who was revoked since ${
      isRevocationKept ? 'stays so' : 'is revoked again, by hand'
    }`,
  ];
}
