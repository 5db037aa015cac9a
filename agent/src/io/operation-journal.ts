/** The agent's operation journal on disk (I2), readable with cat. */
import { asHecateError } from '@hecate/proto/core/errors.ts';
import { openRecordFile } from '@hecate/proto/io/record-file.ts';
import { operationRoomBytes } from '@hecate/proto/io/record-room.ts';
import { newJournalRecord, type OperationRecord, parseOperationRecord } from '../core/operation-record.ts';
import type { Logger } from './logger.ts';

/** What the operation runner needs of a journal; a simulated agent brings one in memory. */
export interface OperationJournal {
  readonly records: readonly OperationRecord[];
  /** Resolves when the record is durable. */
  append(record: OperationRecord): Promise<void>;
  appendLazily(record: OperationRecord): void;
  /** Replaces all that was appended before. */
  rewrite(records: readonly OperationRecord[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * A journal that is not there begins with the mark that nothing before it is known (I12).
 * @throws HEC_STATE
 */
export async function openOperationJournal(path: string, log: Logger): Promise<OperationJournal> {
  const file = await openRecordFile<OperationRecord>(path, {
    parse: parseOperationRecord,
    roomBytes: operationRoomBytes,
    onLost: (error) => log.warn('a record of the operation journal was lost', { why: error.message }),
  });
  if (file.cutTail) {
    const { bytes } = file.cutTail;
    log.warn('the operation journal had a torn end, which was cut off', { path, bytes });
  }
  if (file.records.length > 0) return file;
  // A full disk does not keep the agent from starting; the next start finds the file as empty as this one.
  await file.append(newJournalRecord).catch((error) => {
    log.error('the operation journal cannot be written', { why: asHecateError(error).message });
  });
  return {
    records: [newJournalRecord],
    append: (record) => file.append(record),
    appendLazily: (record) => file.appendLazily(record),
    rewrite: (records) => file.rewrite(records),
    close: () => file.close(),
  };
}

/** Keeps nothing: for simulated agents and tests. */
export function memoryJournal(records: readonly OperationRecord[] = []): OperationJournal {
  return {
    records,
    append: () => Promise.resolve(),
    appendLazily: () => undefined,
    rewrite: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
