/** Times for people: in their own zone, and how long ago. */
import { formatDuration } from '@hecate/proto/core/duration-text.ts';

const two = (number: number): string => String(number).padStart(2, '0');

/** `2026-11-21 13:45:05` */
export function localTime(ms: number): string {
  const date = new Date(ms);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `3min ago`; `never` for 0. */
export function ago(ms: number, nowMs: number): string {
  if (ms === 0) return 'never';
  return ms > nowMs ? 'now' : `${formatDuration(nowMs - ms)} ago`;
}

/** `in 3d`; `ended 2h ago`. */
export function until(ms: number, nowMs: number): string {
  if (ms === 0) return '-';
  return ms > nowMs ? `in ${formatDuration(ms - nowMs)}` : `ended ${formatDuration(nowMs - ms)} ago`;
}
