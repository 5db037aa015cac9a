import { readFileSync } from 'node:fs';
import type { Clock } from './transport.ts';

/** /proc/uptime is CLOCK_BOOTTIME with a resolution of 10 ms (fs/proc/uptime.c); Node has no call for it. */
function bootTimeMs(): number {
  return Math.round(Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1000);
}

export const systemClock: Clock = { nowMs: () => performance.now(), bootTimeMs, wallMs: () => Date.now() };

/** The id of this boot of this host. */
export const readBootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
