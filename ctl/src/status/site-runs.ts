/** What goes on at a site, and what went on last: a line each. */

import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import type { RunSummary } from '@hecate/proto/generated/wire.ts';
import { printable } from '../core/printable.ts';
import { modeText, stateText, toneOfState } from '../core/run-state.ts';
import type { Output } from '../io/output.ts';
import { ago } from '../output/time-text.ts';

export interface SiteRuns {
  /** Oldest last. */
  readonly active: readonly RunSummary[];
  /** The newest that is over and did something. */
  readonly last: RunSummary | undefined;
}

const isGoing = ({ state }: RunSummary): boolean => state === 'running' || state === 'aborting';

/** @param runs newest first, as the manager tells them */
export const siteRuns = (runs: readonly RunSummary[]): SiteRuns => ({
  active: runs.filter(isGoing),
  last: runs.find((run) => !isGoing(run) && !run.dryRun),
});

export function showRuns(out: Output, { active, last }: SiteRuns, nowMs: number): void {
  if (active.length > 0 || last) out.line('');
  for (const run of active) {
    const since = `for ${formatDuration(run.durationMs)}`;
    out.line(`run: ${lineOf(out, run, since)}: hecatectl runs watch ${printable(run.runId)}`);
  }
  if (!last) return;
  const when = `${ago(last.startedMs, nowMs)}, took ${formatDuration(last.durationMs)}`;
  out.line(`last run: ${lineOf(out, last, when)}`);
}

function lineOf(out: Output, run: RunSummary, when: string): string {
  const mode = modeText(run);
  const what = printable(mode === '' ? run.plan : `${run.plan} (${mode})`);
  const reason = run.reason === '' ? '' : `: ${run.reason}`;
  const state = out.paint(printable(stateText(run)), toneOfState(run.state));
  return `${what} ${state} ${when}, by ${printable(`${run.requestedBy}${reason}`)}`;
}
