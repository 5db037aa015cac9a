/**
 * The journal of operations: `journal/operations` in the state directory. A request is in it, durably, before
 * it is sent (I9); its outcome follows. What has no outcome at a start is asked of the agents (I2).
 */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { OpId } from '@hecate/proto/core/names.ts';
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import { openRecordFile, type RecordFile } from '@hecate/proto/io/record-file.ts';
import type { OperationRequest } from './core/operations.ts';
import type { PastOperation } from './operation-history.ts';

type JournalRecord =
  | { type: 'operation'; request: OperationRequest }
  | { type: 'outcome'; opId: OpId; outcome: OperationOutcome };

/** Beyond this the journal is rewritten with what is still open (I14). */
const compactAboveBytes = 8 * 1024 * 1024;

function parseRecord(value: unknown): JournalRecord {
  const record = value as Partial<JournalRecord> | null;
  if (record?.type === 'operation' || record?.type === 'outcome') return record as JournalRecord;
  throw new HecateError('HEC_STATE', 'a record of another kind than operation or outcome');
}

export class OperationJournal {
  readonly #file: RecordFile<JournalRecord>;
  readonly #open = new Map<OpId, OperationRequest>();
  #isCompacting = false;

  private constructor(file: RecordFile<JournalRecord>) {
    this.#file = file;
  }

  /** @returns the journal, what is open in it, and what is over, oldest first. */
  static async open(
    path: string,
  ): Promise<{ journal: OperationJournal; open: OperationRequest[]; past: PastOperation[] }> {
    const file = await openRecordFile<JournalRecord>(path, { parse: parseRecord });
    const journal = new OperationJournal(file);
    const past: PastOperation[] = [];
    for (const record of file.records) {
      if (record.type === 'operation') journal.#open.set(record.request.opId, record.request);
      else {
        const request = journal.#open.get(record.opId);
        if (request) past.push({ request, outcome: record.outcome });
        journal.#open.delete(record.opId);
      }
    }
    return { journal, open: [...journal.#open.values()], past };
  }

  /** Resolves when the request is on the disk. */
  async record(request: OperationRequest): Promise<void> {
    await this.#file.append({ type: 'operation', request });
    this.#open.set(request.opId, request);
  }

  /** Resolves when the outcome is on the disk; nobody but an agent's acknowledgement needs to wait for it. */
  async settle(opId: OpId, outcome: OperationOutcome): Promise<void> {
    const isOpen = this.#open.delete(opId);
    if (!isOpen) return;
    await this.#file.append({ type: 'outcome', opId, outcome });
    await this.#compact();
  }

  async #compact(): Promise<void> {
    if (this.#isCompacting || this.#file.bytes < compactAboveBytes) return;
    this.#isCompacting = true;
    try {
      await this.#file.rewrite([...this.#open.values()].map((request) => ({ type: 'operation', request })));
    } finally {
      this.#isCompacting = false;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
