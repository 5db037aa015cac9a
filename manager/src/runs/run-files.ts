/** What runs keep in the state directory: their journal, the intent of a shutdown, their history, hosts of nodes, what is to be told. */
import { join } from 'node:path';
import { openRuns } from '../core/runs/runs.ts';
import type { RunsState } from '../core/runs/runs-state.ts';
import { readIntent } from '../io/intent-file.ts';
import { LastHosts } from '../io/last-hosts-file.ts';
import { NoticeFile } from '../io/notice-file.ts';
import { RunHistory } from '../io/run-history-file.ts';
import type { StateDirectory } from '../io/state-directory.ts';
import { RunJournal } from './run-journal.ts';

export interface RunFiles {
  readonly journal: RunJournal;
  readonly history: RunHistory;
  readonly lastHosts: LastHosts;
  readonly notices: NoticeFile;
  readonly intentPath: string;
  /** What the journal and the intent say is going on. */
  readonly opened: RunsState;
}

/** @throws HEC_STATE when one of them cannot be read, or is damaged */
export async function openRunFiles(state: StateDirectory, bootId: string): Promise<RunFiles> {
  const { path } = state;
  const intentPath = join(path, 'intent.json');
  const intent = await readIntent(intentPath);
  const history = await RunHistory.open(join(path, 'runs.json'));
  const lastHosts = await LastHosts.open(join(path, 'last-hosts.json'));
  const notices = await NoticeFile.open(join(path, 'notices.json'));
  const journal = await RunJournal.open(state.journalPath('runs'), state.reserve);
  const opened = openRuns({ records: journal.records(), intent, bootId });
  return { journal, history, lastHosts, notices, intentPath, opened };
}
