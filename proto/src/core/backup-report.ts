/** What hecate-manager tells hecatectl of a backup and of a restore, and hecatectl under `-o json`. */

/** ctl/schema/backup.json. */
export interface BackupReport {
  readonly file: string;
  readonly bytes: number;
  readonly site: string;
  readonly made_at: string;
  readonly epoch: number;
  readonly files: readonly string[];
  /** Runs that were going on: a restore ends them. */
  readonly active_runs: readonly string[];
  /** Files that the configuration names, and that are to be copied in another way. */
  readonly not_included: readonly string[];
}

/** ctl/schema/restore.json. */
export interface RestoreReport {
  readonly file: string;
  /** false: it was only checked. */
  readonly is_restored: boolean;
  readonly site: string;
  readonly made_at: string;
  readonly made_on: string;
  readonly version: string;
  /** null: the one that was there stays. */
  readonly config: string | null;
  readonly state_directory: string;
  readonly epoch: number;
  readonly kept_aside: readonly string[];
  readonly ended_runs: readonly string[];
  readonly withdrawn_tokens: number;
  /** Who was revoked where it was restored to and not in the backup, such as `node srv-1`, and stays revoked. */
  readonly kept_revocations: readonly string[];
  /** Why it is not known who was revoked there, a sentence each. */
  readonly unread_ledgers: readonly string[];
  readonly nodes: readonly string[];
  /** What agents must reach it by: its certificate is for these. */
  readonly names: readonly string[];
}
