/** A run as it goes on: what has happened since the last update, ten updates a second at most, then its report. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import { createRunUpdate, type WatchRun } from '@hecate/proto/generated/wire.ts';
import type { OperatorRequest } from './context.ts';

const updateIntervalMs = 100;

/** A slow watcher gets fewer updates, each of them current; it loses the oldest of very many lines. */
export async function watchRun({ value, context, incoming }: OperatorRequest<WatchRun>): Promise<Outcome> {
  const { runs } = context;
  const { signal } = incoming;
  const runId = runs.find(value.runId);
  const watcher = runs.watchers.watch(runId);
  signal.addEventListener('abort', () => watcher.release(), { once: true });
  try {
    while (!signal.aborted) {
      const isOver = !runs.isActive(runId);
      const update = createRunUpdate({ events: watcher.take(), report: runs.report(runId) });
      await incoming.sendItem({ case: 'runUpdate', value: update });
      if (isOver && !watcher.hasMore()) break;
      await watcher.changed();
      // What comes within the interval is told with this change.
      if (runs.isActive(runId)) await sleep(updateIntervalMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    runs.watchers.unwatch(watcher);
  }
  return { case: 'run', value: runs.report(runId) };
}
