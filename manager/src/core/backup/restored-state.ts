/**
 * What a restore makes of the state in a backup. The world has gone on since it was made, so nothing in it may act:
 * no run resumes, no token lets anybody in, and the epoch is above every one that an agent can have seen (I6).
 */
import { openRuns } from '../runs/fold-records.ts';
import type { Intent, RunId } from '../runs/run.ts';
import type { RunRecord } from '../runs/run-record.ts';
import type { Ledger } from '../trust/ledger.ts';

/**
 * How far an epoch is raised at least: more starts than a manager has between two backups. One that had more is refused
 * once, learns the number of its agents, and its next start is above it.
 */
export const epochLeap = 10_000;

/**
 * And at most that much more, by chance: of two hosts that restore one backup, one has the higher epoch, and so the last
 * word. An agent follows over `epochLeadMax`, which is twenty restores that it was not there for.
 */
export const epochSpread = 40_000;

/**
 * The epoch of the last start before the restored manager's first one.
 * @param known of the backup, and of the state that it takes the place of
 * @param chance 0 to 1, random
 */
export const restoredEpoch = (known: readonly number[], chance: number): number =>
  Math.max(0, ...known) + epochLeap + Math.floor(chance * epochSpread);

/** The records that end what was going on, for the journal of runs: a person decides what begins again. */
export function endingRecords(
  records: Iterable<RunRecord>,
  madeAt: string,
): { readonly ended: readonly RunId[]; readonly records: readonly RunRecord[] } {
  const { runs } = openRuns({ records, intent: undefined, bootId: '' });
  const active = [...runs.values()].filter(({ outcome }) => outcome === undefined);
  const why = `it was going on when the backup of ${madeAt} was made, and a restore resumes nothing`;
  return {
    ended: active.map(({ request }) => request.runId),
    records: active.map(({ request: { runId }, recordedAtMs }) => ({
      type: 'run-ended',
      runId,
      atMs: recordedAtMs,
      outcome: 'failed',
      why,
    })),
  };
}

/** The intent of a run that the journal does not know stays: nobody can say that this shutdown is over (I12). */
export function isIntentKept(intent: Intent | undefined, records: Iterable<RunRecord>): boolean {
  if (intent === undefined) return false;
  for (const { runId } of records) if (runId === intent.runId) return false;
  return true;
}

/** Withdraws every open token: one that was used after the backup was made would let somebody in a second time. */
export function withoutOpenTokens(ledger: Ledger): { readonly ledger: Ledger; readonly withdrawn: number } {
  const isOpen = ({ use }: Ledger['tokens']['records'][number]): boolean => use.state === 'open';
  const records = ledger.tokens.records.map((record) =>
    isOpen(record) ? { ...record, use: { state: 'withdrawn' } as const } : record,
  );
  return {
    ledger: { ...ledger, tokens: { ...ledger.tokens, records } },
    withdrawn: ledger.tokens.records.filter(isOpen).length,
  };
}
