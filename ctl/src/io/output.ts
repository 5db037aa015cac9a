/**
 * What hecatectl prints: data on stdout, everything else on stderr. Written with plain system calls rather
 * than process.stdout, whose set-up costs two milliseconds of every command.
 */
import { write, writeSync } from 'node:fs';
import { type Cell, type Column, type TableStyle, type Tone, tableLines } from '../core/table.ts';
import { isTerminal } from './terminal.ts';

export type Format = 'table' | 'json' | 'jsonl';

export interface OutputStyle {
  readonly format: Format;
  readonly hasLegend: boolean;
  readonly isQuiet: boolean;
  readonly hasColour: boolean;
}

const colours: Record<Tone, string> = {
  plain: '',
  good: '\x1b[32m',
  bad: '\x1b[1;31m',
  doubtful: '\x1b[33m',
  faint: '\x1b[2m',
};

/** Buffered lines are written once they are this long. */
const bufferMax = 32 * 1024;

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

let pendingWrites = 0;

/** Whether a reader has not taken yet what a stream wrote. */
export const hasPendingWrite = (): boolean => pendingWrites > 0;

/** A reader that is slower than we are: wait for it, without spinning. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}

/** @returns false when nobody reads any more */
function writeAll(descriptor: number, text: string): boolean {
  let rest: Buffer = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if (hasCode(error, 'EAGAIN')) pause();
      else if (hasCode(error, 'EPIPE')) return false;
      else throw error;
    }
  }
  return true;
}

/** Colour when a person looks at it and has not said no (no-color.org). */
export function wantsColour(descriptor: number, environment: NodeJS.ProcessEnv): boolean {
  return !environment.NO_COLOR && environment.TERM !== 'dumb' && isTerminal(descriptor);
}

export class Output {
  readonly style: OutputStyle;
  /** Aborted when the reader of stdout has gone: `hecatectl monitor | head`. */
  readonly readerGone = new AbortController();
  #buffer = '';

  constructor(style: OutputStyle) {
    this.style = style;
  }

  get isTerminal(): boolean {
    return isTerminal(1);
  }

  /** One line of data. It must be printable already, or meant to be exact. */
  line(text: string): void {
    this.#buffer += `${text}\n`;
    if (this.#buffer.length >= bufferMax) this.flush();
  }

  flush(): void {
    const text = this.#buffer;
    this.#buffer = '';
    if (text === '' || this.readerGone.signal.aborted) return;
    if (!writeAll(1, text)) this.readerGone.abort();
  }

  /**
   * For streams: waits for the reader without stopping the event loop, so that heartbeats go on while
   * somebody reads a page in `less`.
   */
  async stream(data: string | Uint8Array, descriptor: 1 | 2 = 1): Promise<void> {
    this.flush();
    let rest = typeof data === 'string' ? Buffer.from(data) : data;
    while (rest.length > 0 && !this.readerGone.signal.aborted) {
      rest = rest.subarray(await this.#writeSome(descriptor, rest));
    }
  }

  #writeSome(descriptor: number, data: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      pendingWrites += 1;
      write(descriptor, data, (error, written) => {
        pendingWrites -= 1;
        if (!error) resolve(written);
        else if (hasCode(error, 'EAGAIN')) setTimeout(() => resolve(0), 5);
        else if (hasCode(error, 'EPIPE')) {
          this.readerGone.abort();
          resolve(0);
        } else reject(error);
      });
    });
  }

  table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): void {
    for (const line of tableLines(columns, rows, this.#tableStyle())) this.line(line);
  }

  #tableStyle(): TableStyle {
    return {
      hasLegend: this.style.hasLegend,
      widthMax: this.isTerminal ? process.stdout.columns : undefined,
      paint: (text, tone) => this.paint(text, tone),
    };
  }

  paint(text: string, tone: Tone): string {
    const colour = colours[tone];
    return this.style.hasColour && colour !== '' && text !== '' ? `${colour}${text}\x1b[0m` : text;
  }

  /** A whole answer: one document, or one object per line. */
  json(value: unknown): void {
    if (this.style.format !== 'jsonl') this.line(JSON.stringify(value, null, 2));
    else for (const item of Array.isArray(value) ? value : [value]) this.line(JSON.stringify(item));
  }

  get isJson(): boolean {
    return this.style.format !== 'table';
  }

  /** Progress and hints: stderr, and not with --quiet. */
  note(text: string): void {
    if (!this.style.isQuiet) this.error(text);
  }

  error(text: string): void {
    // What was printed before stays before it where both go to one terminal.
    this.flush();
    writeAll(2, `${text}\n`);
  }
}
