/**
 * An append-only file of records that are durable when they are acknowledged (I9): the agent's operation journal,
 * the manager's journals. Concurrent appends share one fdatasync. A torn end is cut off; other damage is refused.
 * Where appends are waited for, room is made ahead (record-room.ts).
 */
import { constants, writeSync } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { asHecateError, HecateError } from '../core/errors.ts';
import { syncDirectory, temporarySuffix, writeFully } from './atomic-file.ts';
import { fileError } from './file-errors.ts';
import { encodeRecordLine, markDurableBefore, scanRecordLines } from './record-line.ts';
import { RoomAhead } from './record-room.ts';

export interface RecordFileOptions<T> {
  /** Gives the record of a replayed value, or throws what is wrong with it. Must take what older releases wrote. */
  readonly parse: (value: unknown) => T;
  /** Told when records of appendLazily could not be written. */
  readonly onLost?: (error: HecateError) => void;
  /** Room to make ahead of the records, for a file whose appends somebody waits for. Default: none. */
  readonly roomBytes?: number;
}

export interface RecordFile<T> {
  readonly path: string;
  /** What was in the file when it was opened, oldest first. */
  readonly records: readonly T[];
  /** The torn end that was cut off at opening; never an acknowledged record. */
  readonly cutTail: { readonly bytes: number; readonly text: string } | undefined;
  /** Size of the records in the file: without the room behind them, and what waits to be written. */
  readonly bytes: number;
  /**
   * Resolves when the record is durable. Rejects with HEC_STATE when it could not be written (it is then not in
   * the file, and later appends may succeed) and with HEC_BUSY when too much waits for the disk.
   */
  append(record: T): Promise<void>;
  /** Written in order with the others, and durable with the next append, or when the kernel gets to it. */
  appendLazily(record: T): void;
  /** Replaces everything that was appended before this call, at once or not at all; durable when it resolves. */
  rewrite(records: readonly T[]): Promise<void>;
  /** Waits for what was begun. Appends after it are rejected. */
  close(): Promise<void>;
}

/** What may wait for the disk before appends are refused (I14): far above any burst of one host. */
const waitingBytesMax = 16 * 1024 * 1024;

/** What is copied to the page cache in less time than a thread takes to wake up (0.1 ms). */
const writtenAtOnceBytesMax = 64 * 1024;

interface Opened<T> {
  readonly records: T[];
  readonly bytes: number;
  readonly cutTail: RecordFile<T>['cutTail'];
  readonly room: RoomAhead;
}

interface Batch {
  readonly lines: Buffer[];
  bytes: number;
  /** Somebody waits for durability. */
  durable: boolean;
  lazy: boolean;
  readonly done: Promise<void>;
}

class OpenRecordFile<T> implements RecordFile<T> {
  readonly path: string;
  readonly records: readonly T[];
  readonly cutTail: RecordFile<T>['cutTail'];
  bytes: number;
  #file: FileHandle;
  #onLost: ((error: HecateError) => void) | undefined;
  /** The batch that appends still join; closed when its writing begins. */
  #joining: Batch | undefined;
  #waitingBytes = 0;
  /** Every job on the file, one after the other. */
  #tail: Promise<unknown> = Promise.resolve();
  /** What must succeed before the next write: the cure of an earlier failure. */
  #repair: (() => Promise<void>) | undefined;
  #closed = false;
  readonly #room: RoomAhead;
  #isMakingRoom = false;
  /** All that is in the file is on the disk. */
  #isSynced = false;

  constructor(file: FileHandle, path: string, opened: Opened<T>, onLost?: (error: HecateError) => void) {
    this.#file = file;
    this.#onLost = onLost;
    this.path = path;
    this.records = opened.records;
    this.bytes = opened.bytes;
    this.cutTail = opened.cutTail;
    this.#room = opened.room;
  }

  append(record: T): Promise<void> {
    try {
      const batch = this.#join(record);
      batch.durable = true;
      return batch.done;
    } catch (thrown) {
      return Promise.reject(asHecateError(thrown));
    }
  }

  appendLazily(record: T): void {
    try {
      this.#join(record).lazy = true;
    } catch (thrown) {
      this.#onLost?.(asHecateError(thrown));
    }
  }

  async rewrite(records: readonly T[]): Promise<void> {
    if (this.#closed) throw this.#closedError();
    const data = Buffer.concat(records.map((record) => encodeRecordLine(record)));
    // What waits is still written and acknowledged first; what comes from now on goes to the new file.
    this.#joining = undefined;
    await this.#exclusively(() => this.#replace(data));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#exclusively(async () => {
      // What nobody needs any more; left there, it does no harm.
      if (this.#room.fileBytes > this.bytes) await this.#cut().catch(() => undefined);
      await this.#file.close();
    });
  }

  #closedError(): HecateError {
    return new HecateError('HEC_STATE', `${this.path}: this file was closed`, 'the service is shutting down');
  }

  #exclusively<R>(job: () => Promise<R>): Promise<R> {
    const result = this.#tail.then(job);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  #join(record: T): Batch {
    if (this.#closed) throw this.#closedError();
    const line = encodeRecordLine(record);
    if (this.#waitingBytes + line.length > waitingBytesMax) {
      throw new HecateError(
        'HEC_BUSY',
        `${this.path}: ${this.#waitingBytes} bytes wait to be written, at most ${waitingBytesMax} may`,
        'the disk is too slow or stuck: look at it (dmesg, iostat), then try again',
      );
    }
    this.#joining ??= this.#openBatch();
    this.#joining.lines.push(line);
    this.#joining.bytes += line.length;
    this.#waitingBytes += line.length;
    return this.#joining;
  }

  #openBatch(): Batch {
    const done = this.#exclusively(async () => {
      if (this.#joining === batch) this.#joining = undefined;
      try {
        await this.#write(batch);
      } finally {
        this.#waitingBytes -= batch.bytes;
      }
    });
    const batch: Batch = { lines: [], bytes: 0, durable: false, lazy: false, done };
    done.catch((error) => {
      if (batch.lazy) this.#onLost?.(asHecateError(error));
    });
    return batch;
  }

  async #write(batch: Batch): Promise<void> {
    try {
      await this.#mend();
      const data = Buffer.concat(this.#isSynced && this.#room.isWanted ? marked(batch.lines) : batch.lines);
      this.#isSynced = false;
      await this.#put(data, this.bytes);
      if (batch.durable) await this.#file.datasync();
      this.#isSynced = batch.durable;
      this.bytes += data.length;
      this.#room.wrote(this.bytes);
    } catch (thrown) {
      await this.#restore();
      throw fileError('append to it', this.path, thrown);
    }
    if (batch.durable) this.#makeRoom();
  }

  /** No half line may stay in the middle of the file: the next record would stand behind it. */
  async #restore(): Promise<void> {
    this.#repair ??= () => this.#cut();
    await this.#mend().catch(() => undefined);
  }

  async #cut(): Promise<void> {
    await this.#file.truncate(this.bytes);
    this.#room.fileBytes = this.bytes;
  }

  /** Nobody waits for it, and a disk that has no room is no failure: it is said by the append that finds none. */
  #makeRoom(): void {
    if (this.#closed || this.#isMakingRoom || !this.#room.missing(this.bytes)) return;
    this.#isMakingRoom = true;
    void this.#exclusively(async () => {
      const missing = this.#room.missing(this.bytes);
      if (!missing) return;
      try {
        await this.#mend();
        await this.#put(Buffer.alloc(missing.end - missing.start), missing.start);
        await this.#file.datasync();
        this.#isSynced = true;
        this.#room.fileBytes = missing.end;
      } catch {
        this.#room.refused(this.bytes);
        await this.#restore();
      }
    }).finally(() => {
      this.#isMakingRoom = false;
    });
  }

  /**
   * A small batch only goes to the page cache, at once: a turn through the thread pool costs more than the write,
   * and a lazy record would hold up the durable one behind it.
   */
  #put(data: Buffer, position: number): Promise<void> | undefined {
    if (data.length > writtenAtOnceBytesMax) return writeFully(this.#file, data, position);
    let done = 0;
    while (done < data.length) {
      done += writeSync(this.#file.fd, data, done, data.length - done, position + done);
    }
    return undefined;
  }

  async #mend(): Promise<void> {
    await this.#repair?.();
    this.#repair = undefined;
  }

  async #replace(data: Buffer): Promise<void> {
    const temporary = this.path + temporarySuffix;
    let file: FileHandle | undefined;
    try {
      await this.#mend();
      file = await open(temporary, 'w+', 0o600);
      await writeFully(file, data, 0);
      await file.sync();
      await rename(temporary, this.path);
    } catch (thrown) {
      await file?.close();
      await rm(temporary, { force: true }).catch(() => undefined);
      throw fileError('compact it', this.path, thrown);
    }
    const old = this.#file;
    this.#file = file;
    this.bytes = data.length;
    this.#room.fileBytes = data.length;
    this.#isSynced = false;
    // Until the directory is synced a power cut may bring the old file back: nothing is acknowledged before.
    this.#repair = () => syncDirectory(dirname(this.path));
    await old.close();
    await this.#mend().catch((thrown) => {
      throw fileError('make its replacement durable', this.path, thrown);
    });
  }
}

const marked = ([first, ...others]: readonly Buffer[]): Buffer[] =>
  first ? [markDurableBefore(first), ...others] : [];

function parseAll<T>(path: string, values: unknown[], parse: (value: unknown) => T): T[] {
  return values.map((value, index) => {
    try {
      return parse(value);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw damaged(path, index + 1, JSON.stringify(value).slice(0, 80), reason, thrown);
    }
  });
}

function damaged(path: string, line: number, found: string, expected: string, cause?: unknown): HecateError {
  return new HecateError(
    'HEC_STATE',
    `${path}:${line}: damaged: found ${found}, expected ${expected}`,
    'keep a copy of the file; restore it from a backup, or remove the damaged line knowing that what it recorded is forgotten',
    cause,
  );
}

async function openForWriting(path: string): Promise<FileHandle> {
  await rm(path + temporarySuffix, { force: true });
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  await file.chmod(0o600);
  await syncDirectory(dirname(path));
  return file;
}

/**
 * Opens or creates a record file (mode 0600) and replays it.
 *
 * @throws HEC_STATE when it cannot be read or written, or is damaged anywhere but at its torn end: file, line,
 *   what was found, what was expected
 */
export async function openRecordFile<T>(path: string, options: RecordFileOptions<T>): Promise<RecordFile<T>> {
  let file: FileHandle | undefined;
  try {
    file = await openForWriting(path);
    const content = await readFile(file);
    const { values, wholeBytes, tornBytes, damage } = scanRecordLines(content);
    if (damage) throw damaged(path, damage.line, damage.found, damage.expected);
    const records = parseAll(path, values, options.parse);
    const room = new RoomAhead(options.roomBytes ?? 0, content.length);
    const cutBytes = room.isWanted ? tornBytes : content.length - wholeBytes;
    if (cutBytes > 0 || !room.isBounded(wholeBytes)) {
      await file.truncate(wholeBytes);
      await file.datasync();
      room.fileBytes = wholeBytes;
    }
    const text = content.toString('utf8', wholeBytes, wholeBytes + Math.min(tornBytes, 200));
    const cutTail = cutBytes > 0 ? { bytes: cutBytes, text } : undefined;
    return new OpenRecordFile(file, path, { records, bytes: wholeBytes, cutTail, room }, options.onLost);
  } catch (thrown) {
    await file?.close();
    throw fileError('open it', path, thrown);
  }
}
