import { openSync, readFileSync, readSync } from 'node:fs';
import type { Clock } from './transport.ts';

const uptimePath = '/proc/uptime';
/** Open for good: to open, read and close it takes three times as long, several times in an operation. */
let uptimeDescriptor: number | undefined;
const uptimeText = Buffer.alloc(64);

/** /proc/uptime is CLOCK_BOOTTIME with a resolution of 10 ms (fs/proc/uptime.c); Node has no call for it. */
function bootTimeMs(): number {
  uptimeDescriptor ??= openSync(uptimePath, 'r');
  const bytes = readSync(uptimeDescriptor, uptimeText, 0, uptimeText.length, 0);
  return Math.round(Number.parseFloat(uptimeText.toString('latin1', 0, bytes)) * 1000);
}

export const systemClock: Clock = { nowMs: () => performance.now(), bootTimeMs, wallMs: () => Date.now() };

/** The id of this boot of this host. */
export const readBootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
