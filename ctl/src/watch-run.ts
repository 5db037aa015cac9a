/** Watches a run to its end: over restarts of the manager, until Ctrl-C, which detaches and stops nothing. */

import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import {
  asHecateError,
  type ErrorCode,
  errorTable,
  HecateError,
  isSessionEnd,
} from '@hecate/proto/core/errors.ts';
import type { ExitName } from '@hecate/proto/core/exit-codes.ts';
import type { Item } from '@hecate/proto/core/frames.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import type { RunReport } from '@hecate/proto/generated/wire.ts';
import type { Context } from './context.ts';
import { printable } from './core/printable.ts';
import { exitOfRun, isCoordinatorGoing, isOver, runIdOf, stateOf } from './core/run-state.ts';
import { clock } from './io/clock.ts';
import { pause } from './io/pause.ts';
import { isTimeUp } from './read-nodes.ts';
import { type RunPrinter, runPrinter } from './run-printers.ts';

export type WatchEnd =
  | { readonly type: 'over'; readonly report: RunReport }
  /** The manager's own host is going off, as the last step: nobody is left to tell. */
  | { readonly type: 'coordinator-off'; readonly report: RunReport }
  | { readonly type: 'detached' }
  | { readonly type: 'time-up' }
  | { readonly type: 'lost'; readonly error: HecateError };

/** A manager that is being restarted, or cannot be reached just now. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'HEC_CONNECTION',
  'HEC_HEARTBEAT',
  'HEC_SHUTTING_DOWN',
  'HEC_BUSY',
]);

const retryIntervalMs = 1000;
/** Without --timeout: a host that boots again takes minutes; who is away longer does not come back by itself. */
const lostTimeLimitMs = 15 * 60_000;

class RunWatch {
  readonly #context: Context;
  readonly #runId: string;
  readonly #printer: RunPrinter;
  readonly #deadlineMs: number;
  readonly #lostTimeLimitMs: number;
  #last: RunReport | undefined;
  #lostAtMs: number | undefined;

  constructor(context: Context, runId: string) {
    this.#context = context;
    this.#runId = runId;
    this.#printer = runPrinter(context);
    const timeLimitMs = context.timeLimitMs(limits.timeLimitMsMax);
    this.#deadlineMs = clock.nowMs() + timeLimitMs;
    this.#lostTimeLimitMs = context.invocation.text('timeout') === undefined ? lostTimeLimitMs : timeLimitMs;
  }

  async follow(): Promise<WatchEnd> {
    for (;;) {
      const end = await this.#once().catch((thrown: unknown) => this.#onFailure(thrown));
      if (end) {
        await this.#printer.finish(end.type === 'over' ? end.report : undefined);
        return end;
      }
    }
  }

  async #once(): Promise<WatchEnd> {
    await this.#context.manager();
    if (this.#lostAtMs !== undefined) await this.#printer.note('connected again');
    this.#lostAtMs = undefined;
    const report = await this.#context.ask(
      'run',
      { case: 'watchRun', value: { runId: this.#runId } },
      { timeLimitMs: this.#leftMs(), onItem: (item) => this.#onItem(item) },
    );
    // The manager's own time for the request was over a moment before ours: it tells how far the run is.
    return isOver(report) ? { type: 'over', report } : { type: 'time-up' };
  }

  async #onItem(item: Item): Promise<void> {
    if (item.case !== 'runUpdate' || !item.value.report) return;
    this.#last = item.value.report;
    await this.#printer.take(item.value.events, item.value.report);
  }

  /** @returns undefined when it is to be tried again */
  async #onFailure(thrown: unknown): Promise<WatchEnd | undefined> {
    const error = asHecateError(thrown);
    const last = this.#last;
    const isCutOff = isSessionEnd(thrown) || passing.has(error.code);
    // The last update came, the answer behind it did not.
    if (last && isCutOff && isOver(last)) return { type: 'over', report: last };
    if (last && (isCutOff || this.#context.signal.aborted) && isCoordinatorGoing(last))
      return { type: 'coordinator-off', report: last };
    if (this.#context.signal.aborted) return { type: 'detached' };
    if (isTimeUp(thrown)) return { type: 'time-up' };
    if (!isCutOff) throw thrown;
    return this.#tryAgain(error);
  }

  async #tryAgain(error: HecateError): Promise<WatchEnd | undefined> {
    const nowMs = clock.nowMs();
    if (this.#lostAtMs === undefined) {
      this.#lostAtMs = nowMs;
      await this.#printer.note(
        printable(`hecatectl: the connection to the manager is lost (${error.message}); trying again`),
      );
    }
    if (nowMs >= this.#deadlineMs) return { type: 'time-up' };
    if (nowMs - this.#lostAtMs >= this.#lostTimeLimitMs) return { type: 'lost', error };
    await this.#context.forgetManager();
    await pause(this.#context.signal, Math.min(retryIntervalMs, this.#leftMs()));
    return this.#context.signal.aborted ? { type: 'detached' } : undefined;
  }

  #leftMs(): number {
    return Math.max(1, Math.round(this.#deadlineMs - clock.nowMs()));
  }
}

/** @throws HEC_CONNECTION when the manager was not there to begin with; HEC_NO_SUCH_RUN */
export async function watchRun(context: Context, runId: string): Promise<WatchEnd> {
  await context.manager();
  return new RunWatch(context, runId).follow();
}

/**
 * Says how the watching ended where that is more than the last line, and ends by the table.
 * @throws HEC_RUN_FAILED when the run did not reach its end
 */
export function endOfWatch({ out, sameManager }: Context, runId: string, end: WatchEnd): ExitName {
  const comeBack = printable(`  next: come back with: hecatectl runs watch ${runId}${sameManager}`);
  switch (end.type) {
    case 'over':
      return requireEnd(end.report, sameManager);
    case 'coordinator-off':
      out.note(
        'hecatectl: the manager is gone: its own host is being powered off, which was the last step and to be expected',
      );
      return end.report.degradations.length > 0 ? 'degraded' : 'success';
    case 'detached':
      // Nobody reads any more: `hecatectl runs watch | head`.
      if (out.readerGone.signal.aborted) return 'success';
      out.error('hecatectl: detached; the run goes on');
      out.error(comeBack);
      return 'interrupted';
    case 'time-up':
      out.error('hecatectl: the time for watching is over; the run goes on (HEC_TIMEOUT)');
      out.error(comeBack);
      return 'timeout';
    case 'lost':
      out.error(
        printable(`hecatectl: the manager did not come back: ${end.error.message} (${end.error.code})`),
      );
      out.error(`${comeBack}; the run goes on as soon as the manager is there`);
      return errorTable[end.error.code].exit;
  }
}

/** @throws HEC_RUN_FAILED */
function requireEnd(report: RunReport, sameManager: string): ExitName {
  const end = exitOfRun(report);
  if (end !== 'failed') return end;
  const why = report.summary?.why ?? '';
  const because = why === '' ? '' : `: ${why}`;
  const runId = runIdOf(report);
  throw new HecateError(
    'HEC_RUN_FAILED',
    `run ${runId} is ${stateOf(report)} after ${formatDuration(report.elapsedMs)}${because}`,
    `hecatectl runs show ${runId}${sameManager}`,
  );
}
