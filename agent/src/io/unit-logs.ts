/** A unit's log out of the node's journal, through journalctl: it knows every format that journald ever wrote. */
import { type ChildProcess, spawn } from 'node:child_process';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import { createLogEntry, type LogEntry } from '@hecate/proto/generated/wire.ts';
import { linesOf } from './child-lines.ts';

export interface LogRequest {
  /** Empty: the whole journal. */
  readonly unit: string;
  readonly follow?: boolean;
  /** As journalctl takes them; empty: not limited. */
  readonly since?: string;
  readonly until?: string;
  /** 0: all. */
  readonly linesMax?: number;
}

export interface UnitLogs {
  /**
   * Hands over entries in batches, oldest first, and waits for each to be taken; ends early when one is not.
   * @throws HEC_LOGS_UNAVAILABLE, HEC_USAGE
   */
  read(
    request: LogRequest,
    take: (entries: LogEntry[]) => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<void>;
  /** The newest lines as text; an empty list when there are none within the time limit. */
  tail(unit: string, lines: number, timeLimitMs: number): Promise<string[]>;
}

const messageLengthMax = 16 * 1024;
const stderrLengthMax = 2000;

export class JournalctlLogs implements UnitLogs {
  readonly #isUser: boolean;
  readonly #command: string;

  constructor(bus: 'system' | 'user', command = 'journalctl') {
    this.#isUser = bus === 'user';
    this.#command = command;
  }

  async read(
    request: LogRequest,
    take: (entries: LogEntry[]) => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<void> {
    if (signal.aborted) return;
    const child = spawn(this.#command, this.#argv(request), { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = endOf(child, this.#command);
    // Whoever throws first is heard below; without this the other would be an unhandled rejection.
    ended.catch(() => undefined);
    const stop = (): void => {
      child.kill('SIGTERM');
      // Nothing more is read, whoever still holds the other end.
      child.stdout.destroy();
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const lines of linesOf(child.stdout)) {
        if (!(await takeInBatches(lines, take))) return;
      }
      await ended;
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
    }
  }

  async tail(unit: string, lines: number, timeLimitMs: number): Promise<string[]> {
    if (lines === 0) return [];
    const signal = AbortSignal.timeout(timeLimitMs);
    await this.#sync(signal);
    const tail: string[] = [];
    const take = (entries: LogEntry[]): Promise<boolean> => {
      tail.push(...entries.map((entry) => entry.message));
      return Promise.resolve(true);
    };
    await this.read({ unit, linesMax: lines }, take, signal);
    return tail.slice(-lines);
  }

  /** What a process wrote just before it died may still be on its way to the journal. */
  #sync(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const child = spawn(this.#command, ['--sync'], { stdio: 'ignore', signal });
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
  }

  #argv({ unit, follow, since, until, linesMax = 0 }: LogRequest): string[] {
    const fields = 'MESSAGE,SYSLOG_IDENTIFIER,_COMM,_PID,PRIORITY';
    const argv = ['--output=json', `--output-fields=${fields}`, '--no-pager', '--quiet'];
    if (unit !== '') argv.push(`--${this.#isUser ? 'user-unit' : 'unit'}=${unit}`);
    if (follow) argv.push('--follow');
    if (linesMax > 0) argv.push(`--lines=${linesMax}`);
    else if (follow) argv.push('--lines=all');
    if (since) argv.push(`--since=${since}`);
    if (until) argv.push(`--until=${until}`);
    return argv;
  }
}

function endOf(child: ChildProcess, command: string): Promise<void> {
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    if (stderr.length < stderrLengthMax) stderr += chunk.toString('utf8');
  });
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      const remedy = 'install systemd-journald and journalctl on the node';
      reject(
        new HecateError('HEC_LOGS_UNAVAILABLE', `${command} cannot be run: ${cause.message}`, remedy, cause),
      );
    });
    child.once('close', (code) => {
      const text = stderr.trim().slice(0, stderrLengthMax);
      if (code === 0 || code === null) resolve();
      else reject(journalError(text, code));
    });
  });
}

function journalError(text: string, code: number): HecateError {
  if (/parse timestamp|parse time/i.test(text))
    return new HecateError(
      'HEC_USAGE',
      text,
      'times as systemd writes them: "2026-01-31 12:00", "-1h", "yesterday"',
    );
  const why = text || `journalctl ended with exit status ${code}`;
  const remedy = 'check that systemd-journald runs on the node, and that the agent may read its journal';
  return new HecateError('HEC_LOGS_UNAVAILABLE', why, remedy);
}

async function takeInBatches(
  lines: readonly string[],
  take: (entries: LogEntry[]) => Promise<boolean>,
): Promise<boolean> {
  let batch: LogEntry[] = [];
  let bytes = 0;
  for (const line of lines) {
    const entry = parseEntry(line);
    if (!entry) continue;
    bytes += 3 * (entry.message.length + entry.identifier.length) + 32;
    if (batch.length > 0 && bytes > limits.batchBytesMax) {
      if (!(await take(batch))) return false;
      batch = [];
      bytes = 3 * entry.message.length;
    }
    batch.push(entry);
  }
  return batch.length === 0 || take(batch);
}

function parseEntry(line: string): LogEntry | undefined {
  if (line === '') return undefined;
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  return createLogEntry({
    realtimeUs: Number(fields.__REALTIME_TIMESTAMP ?? 0),
    identifier: textOf(fields.SYSLOG_IDENTIFIER ?? fields._COMM).slice(0, 256),
    pid: Number(textOf(fields._PID)) || 0,
    priority: fields.PRIORITY === undefined ? 6 : Number(textOf(fields.PRIORITY)) || 0,
    message: textOf(fields.MESSAGE).slice(0, messageLengthMax),
  });
}

/** A text; a list of bytes where it is not UTF-8; a list of texts where the field came twice; null when too long. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return '';
  if (value.every((byte) => typeof byte === 'number')) return Buffer.from(value).toString('utf8');
  return textOf(value[0]);
}
