/** How long certificates and tokens are good for; all in milliseconds. */

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** The authority outlives the hardware of a small site; replacing it means that every node joins again. */
export const authorityLifetimeMs = 3650 * dayMs;
/** Renewed after two thirds: a node may be switched off for a month and still come back by itself. */
export const certificateLifetimeMs = 90 * dayMs;
/** Long enough to walk to the other machine. */
export const tokenLifetimeMs = 60 * minuteMs;
export const tokenLifetimeMaxMs = 7 * dayMs;

/** A host whose clock is behind by less than this accepts a certificate that was made just now. */
const clockSkewMs = 5 * minuteMs;

/**
 * The dates of a certificate that is made now. Short-lived ones are dated back by less, so that the renewal's two
 * thirds of the lifetime still lie in the future.
 * @param authorityNotAfterMs nothing outlives its authority
 */
export function validityFrom(
  nowMs: number,
  lifetimeMs: number,
  authorityNotAfterMs: number,
): { notBeforeMs: number; notAfterMs: number } {
  return {
    notBeforeMs: nowMs - Math.min(clockSkewMs, lifetimeMs / 10),
    notAfterMs: Math.min(nowMs + lifetimeMs, authorityNotAfterMs),
  };
}
