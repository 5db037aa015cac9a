/** The session's clocks without what costs start-up: `performance` and /proc would be two milliseconds. */
import { uptime } from 'node:os';
import type { Clock } from '@hecate/proto/io/transport.ts';

function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/** os.uptime() is CLOCK_BOOTTIME; nothing is decided on an operator's. */
export const clock: Clock = {
  nowMs,
  bootTimeMs: () => Math.round(uptime() * 1000),
  wallMs: () => Date.now(),
};
