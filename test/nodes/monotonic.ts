/**
 * Milliseconds since this machine booted, by the clock that never jumps: one clock for all nodes, which share its
 * kernel. It is what /proc/uptime counts, on a machine that was not suspended since.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
