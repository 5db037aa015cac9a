/** This moment in the clocks that the machine of operations reckons in. */
import type { Clock } from '@hecate/proto/io/transport.ts';
import type { Instant } from '../core/operations-state.ts';

export const instantOf = (clock: Clock): Instant => ({
  nowMs: clock.nowMs(),
  // Read from /proc only where an expiry is looked at.
  get bootTimeMs() {
    return clock.bootTimeMs();
  },
  get monotonicUs() {
    return Number(process.hrtime.bigint() / 1000n);
  },
});
