/**
 * The audit log: one JSON line for each refused or executed operation, in the order of their ends. It never holds
 * up an operation: entries wait in memory, and what cannot be written is counted and told.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { fileError } from '@hecate/proto/io/file-errors.ts';
import { withoutSecrets } from './secret-text.ts';

export interface AuditEntry {
  /** The operator, the node or the token. */
  readonly who: string;
  /** `who` is what the peer says of itself, and nothing proves it: over a local socket, or before it was let in. */
  readonly claimed?: boolean;
  /** Address of the peer; empty when `who` says it all. */
  readonly from: string;
  /** The verb of an operation, or what was asked for. */
  readonly what: string;
  /** `done`, `failed`, `refused`, …: the status of an operation. */
  readonly outcome: string;
  readonly node?: string;
  readonly unit?: string;
  /** The node or operator that is enrolled, revoked or joined. */
  readonly subject?: string;
  readonly opId?: string;
  /** Of the error table. */
  readonly code?: string;
  /** Of exec: the command without its arguments, their number with it, and SHA-256 of all, each ended by NUL. */
  readonly command?: string;
  readonly argc?: number;
  readonly argvSha256?: string;
  /** systemd's job result. */
  readonly result?: string;
  /** Why it was refused, or the reason that the caller gave. */
  readonly reason?: string;
  readonly durationMs?: number;
  /** The true outcome of an operation that was answered before it was known. */
  readonly late?: boolean;
}

export interface AuditLogOptions {
  /** Told of every entry that was lost. */
  readonly onFailure?: (error: HecateError) => void;
  /** Wall clock. */
  readonly wallMs?: () => number;
}

export interface AuditLog {
  /** Adds an entry with the time of now. Never throws. */
  append(entry: AuditEntry): void;
  /** Entries that could not be written since the start. */
  readonly failures: number;
  /** Why the last entries were lost; empty when entries have been written since. */
  readonly trouble: string;
  /** Opens the file again under its name, after logrotate has moved it away. What waits still goes to the old one. */
  reopen(): void;
  /** Waits until everything appended so far was handed to the kernel, or given up. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Entries that may wait for the disk (I14): at 300 bytes each, 3 MB. */
const waitingMax = 10_000;
/** Longest text of one field: a peer may have written it. */
const textLengthMax = 500;

const openAppending = async (path: string): Promise<FileHandle> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  const file = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o640);
  await file.chmod(0o640);
  return file;
};

interface Waiting {
  readonly entry: AuditEntry;
  readonly wallMs: number;
}

function encode({ entry, wallMs }: Waiting): string {
  const limited = Object.entries(entry).map(([key, value]) => [
    key,
    typeof value === 'string' ? withoutSecrets(value).slice(0, textLengthMax) : value,
  ]);
  return `${JSON.stringify({ at: new Date(wallMs).toISOString(), ...Object.fromEntries(limited) })}\n`;
}

class FileAuditLog implements AuditLog {
  failures = 0;
  trouble = '';
  readonly #path: string;
  readonly #onFailure: ((error: HecateError) => void) | undefined;
  readonly #wallMs: () => number;
  #file: FileHandle | undefined;
  #waiting: Waiting[] = [];
  /** Jobs on the file, one after the other. */
  #tail: Promise<void> = Promise.resolve();
  /** The end of a line that was written in part: the next entry begins on a line of its own. */
  #isTorn = false;
  #isClosed = false;

  constructor(path: string, file: FileHandle, options: AuditLogOptions) {
    this.#path = path;
    this.#file = file;
    this.#onFailure = options.onFailure;
    this.#wallMs = options.wallMs ?? Date.now;
  }

  append(entry: AuditEntry): void {
    if (this.#isClosed || this.#waiting.length >= waitingMax) {
      const why = this.#isClosed ? 'it was closed' : `${waitingMax} entries wait for the disk`;
      this.#lose(1, new HecateError('HEC_STATE', `${this.#path}: an audit entry is lost: ${why}`));
      return;
    }
    this.#waiting.push({ entry, wallMs: this.#wallMs() });
    if (this.#waiting.length > 1) return;
    this.#enqueue(async () => {
      // Whoever waits for an outcome is told first: that waits for nothing of this.
      await nextTurn();
      await this.#write();
    });
  }

  reopen(): void {
    if (this.#isClosed) return;
    this.#enqueue(async () => {
      await this.#write();
      await this.#file?.close();
      this.#file = undefined;
      await this.#ensureOpen();
    });
  }

  flush(): Promise<void> {
    return this.#tail;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#tail;
    await this.#file?.close();
    this.#file = undefined;
  }

  #enqueue(job: () => Promise<void>): void {
    this.#tail = this.#tail.then(job).catch((thrown) => {
      this.#tell(fileError('open it again', this.#path, thrown));
    });
  }

  async #ensureOpen(): Promise<FileHandle> {
    if (this.#file === undefined) {
      this.#file = await openAppending(this.#path);
      this.#isTorn = false;
    }
    return this.#file;
  }

  async #write(): Promise<void> {
    const lines = this.#waiting.map(encode);
    if (lines.length === 0) return;
    this.#waiting = [];
    const bytes = Buffer.from((this.#isTorn ? '\n' : '') + lines.join(''));
    let written = 0;
    try {
      const file = await this.#ensureOpen();
      while (written < bytes.length) written += (await file.write(bytes, written)).bytesWritten;
      this.#isTorn = false;
      this.trouble = '';
    } catch (thrown) {
      const whole = bytes.toString('utf8', 0, written).split('\n').length - 1 - (this.#isTorn ? 1 : 0);
      if (written > 0) this.#isTorn = bytes[written - 1] !== 0x0a;
      this.#lose(lines.length - Math.max(0, whole), fileError('append to it', this.#path, thrown));
    }
  }

  #lose(count: number, error: HecateError): void {
    this.failures += count;
    this.#tell(error);
  }

  #tell(error: HecateError): void {
    this.trouble = error.message;
    this.#onFailure?.(error);
  }
}

/**
 * Opens the audit log for appending (mode 0640; its directory is made when it is missing).
 * @throws HEC_STATE when it cannot be opened
 */
export async function openAuditLog(path: string, options: AuditLogOptions = {}): Promise<AuditLog> {
  try {
    return new FileAuditLog(path, await openAppending(path), options);
  } catch (thrown) {
    throw fileError('open the audit log', path, thrown);
  }
}
