/** The journal of runs, as manager/src/runs/run-journal.ts keeps it. */
import type { RunId } from '../../manager/src/core/runs/run.ts';
import type { RunRecord } from '../../manager/src/core/runs/run-record.ts';
import type { RecordLog } from './runs-disk.ts';
import type { Commit } from './runs-manager-disk.ts';
import type { SimulatedProcess } from './runs-process.ts';

export class ManagerJournal {
  readonly #log: RecordLog<Commit>;
  readonly #process: SimulatedProcess;
  #commits: Commit[] = [];
  #unwritten: Commit[] = [];

  constructor(log: RecordLog<Commit>, process: SimulatedProcess) {
    this.#log = log;
    this.#process = process;
  }

  /** At a start. */
  open(): RunRecord[] {
    this.#commits = this.#log.open();
    this.#unwritten = [];
    return this.#commits.flat();
  }

  /** What counts although the disk refused it is written ahead of the next. */
  commit(records: Commit, isKept: boolean, done: (isWritten: boolean) => void): void {
    const isEmpty = records.length === 0;
    const waiting = isEmpty ? this.#unwritten : [...this.#unwritten, records];
    if (!isEmpty) this.#commits.push(records);
    this.#log.append(waiting, (isDurable) =>
      this.#process.run(() => {
        this.#unwritten = isDurable ? [] : waiting;
        if (!isDurable && !isKept) {
          this.#unwritten = this.#unwritten.filter((commit) => commit !== records);
          this.#commits = this.#commits.filter((commit) => commit !== records);
        }
        done(isDurable);
      }),
    );
  }

  keepOnly(runIds: ReadonlySet<RunId>, done: () => void): void {
    const kept = this.#commits
      .map((commit) => commit.filter(({ runId }) => runIds.has(runId)))
      .filter((commit) => commit.length > 0);
    this.#log.rewrite(kept, (isWritten) =>
      this.#process.run(() => {
        if (isWritten) {
          this.#commits = kept;
          this.#unwritten = [];
        }
        done();
      }),
    );
  }
}
