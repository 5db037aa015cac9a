/**
 * Gives a service's memory back when it has nothing to do. V8 collects its old generation only when that has grown
 * far: an agent that has done 1,000 operations would keep 36 MiB, mostly garbage, until it does 10,000 more.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface CollectionLimits {
  /** When start-up is over, whose garbage is half of the heap. */
  readonly firstAfterMs: number;
  readonly lookEveryMs: number;
  /**
   * A collection goes through what is alive, whatever the garbage: 13 ms with 10 MiB of it, 119 ms with 200 (measured).
   * Where more than this was left the last time, others would wait too long for it.
   */
  readonly aliveBytesMax: number;
}

const collectionLimits: CollectionLimits = {
  firstAfterMs: 5000,
  lookEveryMs: 30_000,
  aliveBytesMax: 128 * 1024 * 1024,
};
/** Below this growth since the last collection it is not worth its pause. */
const growthMin = 1.25;

type Collect = (options: { type: 'major'; execution: 'sync' }) => void;

/** Node hands it out at start-up only, by a flag; a new context of V8 has it from the moment the flag is set. */
function collector(): Collect {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  return collect;
}

/** @returns ends it */
export function collectWhenIdle(
  isIdle: () => boolean,
  { firstAfterMs, lookEveryMs, aliveBytesMax }: CollectionLimits = collectionLimits,
): () => void {
  let collect: Collect | undefined;
  let collectedBytes = 0;
  const look = (): void => {
    timer = setTimeout(look, lookEveryMs).unref();
    const bytes = getHeapStatistics().total_physical_size;
    if (bytes < collectedBytes * growthMin || collectedBytes > aliveBytesMax || !isIdle()) return;
    collect ??= collector();
    collect({ type: 'major', execution: 'sync' });
    collectedBytes = getHeapStatistics().total_physical_size;
  };
  let timer = setTimeout(look, firstAfterMs).unref();
  return () => clearTimeout(timer);
}
