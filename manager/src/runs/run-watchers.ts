/** Who watches runs, and what happened in them since he last looked. A slow one loses lines, and holds up nobody. */
import type { RunEventLine } from '@hecate/proto/generated/wire.ts';
import type { RunId } from '../core/runs/run.ts';

/** Lines that wait for one watcher, and that are kept of one run (I14). */
const linesMax = 1000;
/** Runs whose lines are kept for those who begin to watch later. */
const runsMax = 8;
/** Of up to a kilobyte each, beside a report in one frame. */
const linesPerUpdateMax = 25;

export class RunWatcher {
  readonly runId: RunId;
  readonly #lines: RunEventLine[];
  #isChanged = true;
  #wake: () => void = () => undefined;

  constructor(runId: RunId, lines: readonly RunEventLine[]) {
    this.runId = runId;
    this.#lines = [...lines];
  }

  add(line: RunEventLine): void {
    this.#lines.push(line);
    if (this.#lines.length > linesMax) this.#lines.shift();
    this.change();
  }

  change(): void {
    this.#isChanged = true;
    this.#wake();
  }

  hasMore(): boolean {
    return this.#lines.length > 0;
  }

  /** Ends a wait for a change without one. */
  release(): void {
    this.#wake();
  }

  /** Resolves at once when something has changed since the last `take`. */
  async changed(): Promise<void> {
    if (this.#isChanged) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** What fits one update; the rest is told with the next. */
  take(): RunEventLine[] {
    const lines = this.#lines.splice(0, linesPerUpdateMax);
    this.#isChanged = this.#lines.length > 0;
    return lines;
  }
}

export class RunWatchers {
  readonly #watchers = new Set<RunWatcher>();
  /** Of the newest runs. */
  readonly #told = new Map<RunId, RunEventLine[]>();

  /** Begins with what has happened since the run began, or since the manager was started. */
  watch(runId: RunId): RunWatcher {
    const watcher = new RunWatcher(runId, this.#told.get(runId) ?? []);
    this.#watchers.add(watcher);
    return watcher;
  }

  unwatch(watcher: RunWatcher): void {
    this.#watchers.delete(watcher);
  }

  tell(runId: RunId, line: RunEventLine): void {
    this.#keep(runId, line);
    for (const watcher of this.#watchers) if (watcher.runId === runId) watcher.add(line);
  }

  #keep(runId: RunId, line: RunEventLine): void {
    const told = this.#told.get(runId) ?? [];
    this.#told.set(runId, told);
    told.push(line);
    if (told.length > linesMax) told.shift();
    const [oldest] = this.#told.keys();
    if (this.#told.size > runsMax && oldest) this.#told.delete(oldest);
  }

  change(runId: RunId): void {
    for (const watcher of this.#watchers) if (watcher.runId === runId) watcher.change();
  }
}
