/**
 * The journal of runs: `journal/runs`. One line for each commit of the machine, so that a commit is in it whole or
 * not at all. A torn tail is cut; other damage is refused loudly (I7, I9).
 */
import { HecateError } from '@hecate/proto/core/errors.ts';
import { openRecordFile, type RecordFile } from '@hecate/proto/io/record-file.ts';
import type { RunId } from '../core/runs/run.ts';
import type { RunRecord } from '../core/runs/run-record.ts';
import { type DiskReserve, isDiskFull } from '../io/disk-reserve.ts';

type Commit = readonly RunRecord[];

/** Commits of a shutdown that goes on without its disk, and wait for it (I14). */
const unwrittenMax = 1000;

const recordTypes: ReadonlySet<string> = new Set<RunRecord['type']>([
  'run-accepted',
  'resumed',
  'rung-chosen',
  'limit-tightened',
  'joined',
  'method-begun',
  'operations-retried',
  'operation-ended',
  'step-ended',
  'abort-requested',
  'arming',
  'withdrawn',
  'order-carried-out',
  'run-ended',
]);

function parseCommit(value: unknown): Commit {
  if (!Array.isArray(value)) throw new HecateError('HEC_STATE', 'a line that is not a list of records');
  for (const record of value as Partial<RunRecord>[]) {
    if (!recordTypes.has(record?.type ?? '') || typeof record.runId !== 'string')
      throw new HecateError('HEC_STATE', `a record of the kind ${record?.type}, which no run has`);
  }
  return value as Commit;
}

/** Of its acceptance: it may have what room there is, and what is kept back (I10: a power cut does not wait for room). */
const isShutdown = (records: Commit): boolean =>
  records.some((record) => record.type === 'run-accepted' && record.request.plan.kind === 'shutdown');

/** The end of a run that was never begun, because the disk had refused its acceptance. */
const isOfRefused = (records: Commit): boolean => records.length === 1 && records[0]?.type === 'run-ended';

export class RunJournal {
  readonly #file: RecordFile<Commit>;
  readonly #reserve: DiskReserve | undefined;
  /** What the file holds, and what it is to hold: for its compaction. */
  #commits: Commit[];
  #unwritten: Commit[] = [];

  private constructor(file: RecordFile<Commit>, reserve: DiskReserve | undefined) {
    this.#file = file;
    this.#reserve = reserve;
    this.#commits = [...file.records];
  }

  /**
   * @param reserve room for commits that are kept; without it only shutdowns begin
   * @throws HEC_STATE when it cannot be opened, or is damaged anywhere but at its torn end
   */
  static async open(path: string, reserve?: DiskReserve): Promise<RunJournal> {
    return new RunJournal(await openRecordFile<Commit>(path, { parse: parseCommit }), reserve);
  }

  /** Oldest first, those that wait for the disk included. */
  records(): readonly RunRecord[] {
    return this.#commits.flat();
  }

  /**
   * Resolves when the records are durable, and whatever waited for the disk before them.
   * @param isKept whether they count although the disk refuses them: they are then written with the next commit
   * @throws HEC_STATE, HEC_BUSY
   */
  async commit(records: Commit, isKept: boolean): Promise<void> {
    const isEmpty = records.length === 0;
    if (!isKept && !isShutdown(records)) await this.#requireReserve();
    const waiting = isEmpty ? this.#unwritten : [...this.#unwritten, records];
    if (!isEmpty) this.#commits.push(records);
    let refused = await this.#write(waiting);
    const hasClaim = (isKept || isShutdown(records)) && !isOfRefused(records);
    if (refused && hasClaim && isDiskFull(refused.reason) && (await this.#reserve?.release()))
      refused = await this.#write(this.#unwritten);
    if (!refused) return;
    if (!isKept) {
      this.#unwritten = this.#unwritten.filter((commit) => commit !== records);
      this.#commits = this.#commits.filter((commit) => commit !== records);
    }
    this.#unwritten = this.#unwritten.slice(-unwrittenMax);
    throw refused.reason;
  }

  /** In one turn, and so in one write: an earlier one is not lost while a later one is kept. */
  async #write(waiting: readonly Commit[]): Promise<PromiseRejectedResult | undefined> {
    const results = await Promise.allSettled(waiting.map((commit) => this.#file.append(commit)));
    this.#unwritten = waiting.filter((_, index) => results[index]?.status === 'rejected');
    return results.find((result) => result.status === 'rejected');
  }

  /** @throws HEC_STATE: what room there is belongs to what has been decided */
  async #requireReserve(): Promise<void> {
    if (this.#reserve && !(await this.#reserve.restore())) throw this.#reserve.trouble;
  }

  /** Whether everything that counts is on the disk. */
  isWritten(): boolean {
    return this.#unwritten.length === 0;
  }

  /** Rewrites it with the records of these runs alone. @throws HEC_STATE: it is then as it was */
  async keepOnly(runIds: ReadonlySet<RunId>): Promise<void> {
    const kept = this.#commits
      .map((commit) => commit.filter(({ runId }) => runIds.has(runId)))
      .filter((commit) => commit.length > 0);
    await this.#file.rewrite(kept);
    this.#commits = kept;
    this.#unwritten = [];
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
