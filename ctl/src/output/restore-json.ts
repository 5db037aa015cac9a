/** What hecate-manager tells of a restore; ctl/schema/restore.json. */
export interface RestoreReport {
  readonly file: string;
  readonly is_restored: boolean;
  readonly site: string;
  readonly made_at: string;
  readonly made_on: string;
  readonly version: string;
  readonly config: string | null;
  readonly state_directory: string;
  readonly epoch: number;
  readonly kept_aside: readonly string[];
  readonly ended_runs: readonly string[];
  readonly withdrawn_tokens: number;
  readonly nodes: readonly string[];
  readonly names: readonly string[];
}
