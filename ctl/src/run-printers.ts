/** How a run that is watched is told: a tree that is redrawn, a line for each event, objects for programs, or nothing. */
import type { RunEventLine, RunReport } from '@hecate/proto/generated/wire.ts';
import type { Context } from './context.ts';
import { printable } from './core/printable.ts';
import { redrawText } from './core/redraw.ts';
import { RunCatchUp } from './core/run-catch-up.ts';
import { runIdOf } from './core/run-state.ts';
import { runTree } from './core/run-tree.ts';
import { clock } from './io/clock.ts';
import type { Output } from './io/output.ts';
import { reportJson, runEventJson } from './output/run-json.ts';
import { localTime } from './output/time-text.ts';

export interface RunPrinter {
  /** What has happened since the last time, and how it stands now. */
  take(events: readonly RunEventLine[], report: RunReport): Promise<void>;
  /** A sentence of our own: the connection is lost, or there again. */
  note(text: string): Promise<void>;
  /** Nothing more comes. @param report when it is over */
  finish(report: RunReport | undefined): Promise<void>;
}

export function runPrinter({ out }: Context): RunPrinter {
  if (out.isJson) return new LinesPrinter(out, jsonLine, (report) => JSON.stringify(reportJson(report)));
  if (out.style.isQuiet) return new LinesPrinter(out, undefined, undefined);
  if (out.isTerminal && process.env.TERM !== 'dumb') return new LivePrinter(out);
  return new LinesPrinter(out, textLine, undefined);
}

type LineOf = (event: RunEventLine, report: RunReport) => string;

const jsonLine: LineOf = (event, report) => JSON.stringify(runEventJson(runIdOf(report), event));

const textLine: LineOf = ({ atMs, text, node }) => {
  const who = node === '' || text.startsWith(node) ? '' : `${node}: `;
  return printable(`${localTime(atMs)}  ${who}${text}`);
};

/** Whoever reads lines misses none, and reads none twice. */
class LinesPrinter implements RunPrinter {
  readonly #out: Output;
  readonly #lineOf: LineOf | undefined;
  readonly #lastLineOf: ((report: RunReport) => string) | undefined;
  readonly #catchUp = new RunCatchUp();

  constructor(
    out: Output,
    lineOf: LineOf | undefined,
    lastLineOf: ((report: RunReport) => string) | undefined,
  ) {
    this.#out = out;
    this.#lineOf = lineOf;
    this.#lastLineOf = lastLineOf;
  }

  take(events: readonly RunEventLine[], report: RunReport): Promise<void> {
    return this.#print(this.#catchUp.take(events, report, false), report);
  }

  async #print(events: readonly RunEventLine[], report: RunReport): Promise<void> {
    const lineOf = this.#lineOf;
    if (!lineOf || events.length === 0) return;
    await this.#out.stream(events.map((event) => `${lineOf(event, report)}\n`).join(''));
  }

  async note(text: string): Promise<void> {
    this.#out.note(text);
  }

  async finish(report: RunReport | undefined): Promise<void> {
    if (!report) return;
    await this.#print(this.#catchUp.take([], report, true), report);
    if (this.#lastLineOf) await this.#out.stream(`${this.#lastLineOf(report)}\n`);
  }
}

/** Clocks of what is running go on between reports. */
const redrawIntervalMs = 500;

class LivePrinter implements RunPrinter {
  readonly #out: Output;
  #drawn: readonly string[] = [];
  #report: RunReport | undefined;
  #reportedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  /** One drawing after the other. */
  #queue: Promise<void> = Promise.resolve();

  constructor(out: Output) {
    this.#out = out;
  }

  take(_events: readonly RunEventLine[], report: RunReport): Promise<void> {
    this.#report = report;
    this.#reportedAtMs = clock.nowMs();
    this.#timer ??= setInterval(() => void this.#draw(), redrawIntervalMs);
    return this.#draw();
  }

  async note(text: string): Promise<void> {
    this.#stop();
    await this.#write([]);
    this.#out.note(text);
  }

  async finish(report: RunReport | undefined): Promise<void> {
    this.#stop();
    if (report) {
      this.#report = report;
      this.#reportedAtMs = clock.nowMs();
    }
    // The last one stays on the screen: all of it.
    if (this.#report) await this.#write(this.#tree(this.#report, undefined));
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #draw(): Promise<void> {
    const { rows = 24 } = process.stdout;
    return this.#report ? this.#write(this.#tree(this.#report, rows - 1)) : Promise.resolve();
  }

  #tree(report: RunReport, heightMax: number | undefined): string[] {
    return runTree(report, {
      width: columns() - 1,
      heightMax,
      sinceReportMs: clock.nowMs() - this.#reportedAtMs,
      paint: (text, tone) => this.#out.paint(text, tone),
    });
  }

  #write(lines: readonly string[]): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      const text = redrawText(this.#drawn, lines, columns());
      this.#drawn = lines;
      await this.#out.stream(text);
    });
    return this.#queue;
  }
}

const columns = (): number => process.stdout.columns || 80;
