/** Who watches runs, and what happened in them since he last looked. A slow one loses lines, and holds up nobody. */
import type { RunEventLine } from '@hecate/proto/generated/wire.ts';
import type { RunId } from '../core/runs/run.ts';

/** Lines that wait for one watcher (I14). */
const linesMax = 1000;

export class RunWatcher {
  readonly runId: RunId;
  #lines: RunEventLine[] = [];
  #isChanged = true;
  #wake: () => void = () => undefined;

  constructor(runId: RunId) {
    this.runId = runId;
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

  take(): RunEventLine[] {
    const lines = this.#lines;
    this.#lines = [];
    this.#isChanged = false;
    return lines;
  }
}

export class RunWatchers {
  readonly #watchers = new Set<RunWatcher>();

  watch(runId: RunId): RunWatcher {
    const watcher = new RunWatcher(runId);
    this.#watchers.add(watcher);
    return watcher;
  }

  unwatch(watcher: RunWatcher): void {
    this.#watchers.delete(watcher);
  }

  tell(runId: RunId, line: RunEventLine): void {
    for (const watcher of this.#watchers) if (watcher.runId === runId) watcher.add(line);
  }

  change(runId: RunId): void {
    for (const watcher of this.#watchers) if (watcher.runId === runId) watcher.change();
  }
}
