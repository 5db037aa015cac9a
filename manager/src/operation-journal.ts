/**
 * The journal of operations: `journal/operations` in the state directory. A request is in it, durably, before
 * it is sent (I9); its outcome follows. What has no outcome at a start is asked of the agents (I2).
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { OpId } from '@hecate/proto/core/names.ts';
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import { openRecordFile, type RecordFile } from '@hecate/proto/io/record-file.ts';
import { operationRoomBytes } from '@hecate/proto/io/record-room.ts';
import type { OperationRequest } from './core/operations.ts';
import { OperationHistory, type PastOperation } from './operation-history.ts';

type JournalRecord =
  | { type: 'operation'; request: OperationRequest }
  | { type: 'outcome'; opId: OpId; outcome: OperationOutcome };

/** Beyond this the journal is rewritten with what is still open and what the history remembers (I14). */
const compactAboveBytes = 8 * 1024 * 1024;

function parseRecord(value: unknown): JournalRecord {
  const record = value as Partial<JournalRecord> | null;
  if (record?.type === 'operation' || record?.type === 'outcome') return record as JournalRecord;
  throw new HecateError('HEC_STATE', 'a record of another kind than operation or outcome');
}

export class OperationJournal {
  readonly #file: RecordFile<JournalRecord>;
  readonly #compactAboveBytes: number;
  #compactAtBytes: number;
  /** Without an outcome in the file. Kept as the records are handed to it, so that a compaction misses none. */
  readonly #open = new Map<OpId, OperationRequest>();
  /** Outcomes on their way to the disk. */
  readonly #settling = new Map<OpId, { readonly outcome: OperationOutcome; readonly done: Promise<void> }>();
  readonly #past = new OperationHistory();
  #isCompacting = false;

  private constructor(file: RecordFile<JournalRecord>, compactAbove: number) {
    this.#file = file;
    this.#compactAboveBytes = compactAbove;
    this.#compactAtBytes = compactAbove;
  }

  /** @returns the journal, what is open in it, and what is over, oldest first. */
  static async open(
    path: string,
    compactAbove: number = compactAboveBytes,
  ): Promise<{ journal: OperationJournal; open: OperationRequest[]; past: PastOperation[] }> {
    const file = await openRecordFile<JournalRecord>(path, {
      parse: parseRecord,
      roomBytes: operationRoomBytes,
    });
    const journal = new OperationJournal(file, compactAbove);
    for (const record of file.records) {
      if (record.type === 'operation') journal.#open.set(record.request.opId, record.request);
      else journal.#close(record.opId, record.outcome);
    }
    return { journal, open: [...journal.#open.values()], past: [...journal.#past.all()] };
  }

  #close(opId: OpId, outcome: OperationOutcome): void {
    const request = this.#open.get(opId);
    if (!request) return;
    this.#open.delete(opId);
    this.#past.add({ request, outcome });
  }

  /**
   * Resolves when the request is on the disk. Without its options: nothing is ever sent a second time, and the
   * arguments of a command may hold secrets.
   */
  async record({ options: _, ...rest }: OperationRequest): Promise<void> {
    const request: OperationRequest = { ...rest, options: undefined };
    this.#open.set(request.opId, request);
    try {
      await this.#file.append({ type: 'operation', request });
    } catch (error) {
      this.#open.delete(request.opId);
      throw error;
    }
  }

  /**
   * Resolves when the outcome is on the disk; nobody but an agent's acknowledgement needs to wait for it. Asked
   * again for the same operation, it waits for the same record, or tries once more when that could not be written.
   */
  settle(opId: OpId, outcome: OperationOutcome): Promise<void> {
    const settling = this.#settling.get(opId);
    if (settling) return settling.done;
    if (!this.#open.has(opId)) return Promise.resolve();
    const done = this.#settle(opId, outcome).finally(() => this.#settling.delete(opId));
    this.#settling.set(opId, { outcome, done });
    return done;
  }

  async #settle(opId: OpId, outcome: OperationOutcome): Promise<void> {
    // Whoever waits for the outcome is told first: that waits for nothing of this.
    await nextTurn();
    await this.#file.append({ type: 'outcome', opId, outcome });
    this.#close(opId, outcome);
    await this.#compact();
  }

  async #compact(): Promise<void> {
    if (this.#isCompacting || this.#file.bytes < this.#compactAtBytes) return;
    this.#isCompacting = true;
    try {
      await this.#file.rewrite([...this.#records()]);
      // What is kept may itself be large: half of the file must be rubbish before the next time.
      this.#compactAtBytes = Math.max(this.#compactAboveBytes, 2 * this.#file.bytes);
    } finally {
      this.#isCompacting = false;
    }
  }

  *#records(): Generator<JournalRecord> {
    for (const { request, outcome } of this.#past.all()) {
      yield { type: 'operation', request };
      yield { type: 'outcome', opId: request.opId, outcome };
    }
    for (const [opId, request] of this.#open) {
      yield { type: 'operation', request };
      // Its record may be in the file that is about to be replaced.
      const settling = this.#settling.get(opId);
      if (settling) yield { type: 'outcome', opId, outcome: settling.outcome };
    }
  }

  /** Waits for what was begun. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#settling.values()].map(({ done }) => done));
    await this.#file.close();
  }
}
