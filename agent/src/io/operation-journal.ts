/** The agent's operation journal on disk (I2), readable with cat. */
import { openRecordFile } from '@hecate/proto/io/record-file.ts';
import { type OperationRecord, parseOperationRecord } from '../core/operation-record.ts';
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

/** @throws HEC_STATE */
export async function openOperationJournal(path: string, log: Logger): Promise<OperationJournal> {
  const file = await openRecordFile<OperationRecord>(path, {
    parse: parseOperationRecord,
    onLost: (error) => log.warn('a record of the operation journal was lost', { why: error.message }),
  });
  if (file.cutTail) {
    const { bytes } = file.cutTail;
    log.warn('the operation journal had a torn end, which was cut off', { path, bytes });
  }
  return file;
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
