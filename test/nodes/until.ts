import { setTimeout as sleep } from 'node:timers/promises';

/** How long and how often {@link until} looks. `what` completes the sentence "gave up waiting until …". */
export interface UntilOptions {
  what: string;
  /** Room for a slow machine, not an expectation of speed. Default 30 s. */
  timeoutMs?: number;
  /** Default 20 ms. */
  intervalMs?: number;
}

/**
 * Waits until `condition` returns something other than `undefined`, `null` or `false`, and returns that.
 * @throws Error naming `what`, with the last error of `condition` as its cause.
 */
export async function until<Value>(
  condition: () => Value | Promise<Value>,
  options: UntilOptions,
): Promise<NonNullable<Exclude<Value, false>>> {
  const { what, timeoutMs = 30_000, intervalMs = 20 } = options;
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) {
        return value as NonNullable<Exclude<Value, false>>;
      }
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`gave up waiting until ${what} after ${timeoutMs} ms`, { cause: lastError });
    }
    await sleep(intervalMs);
  }
}
