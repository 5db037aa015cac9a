/** The state directory of a simulated manager. */
import type { OperationsState } from '../../manager/src/core/operations.ts';
import { pastRunOf } from '../../manager/src/core/runs/past-run.ts';
import type { Intent, RunId, RunState } from '../../manager/src/core/runs/run.ts';
import type { RunRecord } from '../../manager/src/core/runs/run-record.ts';
import { runReport } from '../../manager/src/core/runs/run-report.ts';
import type { RunsState } from '../../manager/src/core/runs/runs-state.ts';
import type { HistoryEntry } from '../../manager/src/io/run-history-file.ts';
import type { PowerRecord } from '../../manager/src/power/power-file.ts';
import { RecordLog, SimulatedDisk, SmallFile } from './runs-disk.ts';
import type { OperationJournalRecord } from './runs-manager-operations.ts';

export type Commit = readonly RunRecord[];

/** power.json, by UPS. */
export type PowerRecords = Readonly<Record<string, PowerRecord>>;

export class ManagerDisk {
  readonly disk: SimulatedDisk;
  readonly operations: RecordLog<OperationJournalRecord>;
  readonly runs: RecordLog<Commit>;
  readonly intent: SmallFile<Intent>;
  readonly power: SmallFile<PowerRecords>;
  /** The text of forwards.json. */
  readonly forwards: SmallFile<string>;
  readonly history = new Map<RunId, HistoryEntry>();
  epoch = 0;

  constructor(disk: SimulatedDisk) {
    this.disk = disk;
    this.operations = new RecordLog(disk);
    this.runs = new RecordLog(disk);
    this.intent = new SmallFile(disk);
    this.power = new SmallFile(disk);
    this.forwards = new SmallFile(disk);
  }

  crash(): void {
    this.operations.crash();
    this.runs.crash();
    this.intent.crash();
    this.power.crash();
    this.forwards.crash();
  }

  copy(): ManagerDisk {
    const copy = new ManagerDisk(new SimulatedDisk(this.disk.world));
    this.operations.copyTo(copy.operations);
    this.runs.copyTo(copy.runs);
    copy.intent.content = this.intent.content;
    copy.power.content = this.power.content;
    copy.forwards.content = this.forwards.content;
    copy.epoch = this.epoch;
    return copy;
  }
}

export const historyEntry = (run: RunState, nowMs: number): HistoryEntry => ({
  past: pastRunOf(run),
  report: runReport(run, nowMs),
});

/** For a message: what a manager has not done with. */
export function unfinishedWork(
  runs: RunsState | undefined,
  operations: OperationsState | undefined,
  callsCount: number,
): string {
  const ofRuns = [...(runs?.runs.values() ?? [])].map(
    ({ request, outcome, armed }) => `${request.plan.name} ${outcome ?? 'active'} armed ${armed.join(',')}`,
  );
  const ofOperations = [...(operations?.records.values() ?? [])].map(
    ({ request, phase }) => `${request.node} ${request.verb} ${phase}`,
  );
  return [...ofRuns, ...ofOperations, `calls ${callsCount}`].join('; ');
}
