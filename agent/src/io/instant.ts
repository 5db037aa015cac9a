/** This moment in the clocks that the machine of operations reckons in. */
import type { Clock } from '@hecate/proto/io/transport.ts';
import type { Instant } from '../core/operations-state.ts';

export function instantOf(clock: Clock): Instant {
  let bootTimeMs: number | undefined;
  return {
    nowMs: clock.nowMs(),
    // Read from /proc only where an expiry is looked at, and then once.
    get bootTimeMs() {
      bootTimeMs ??= clock.bootTimeMs();
      return bootTimeMs;
    },
    get monotonicUs() {
      return Number(process.hrtime.bigint() / 1000n);
    },
  };
}
