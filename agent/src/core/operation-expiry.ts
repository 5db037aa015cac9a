/** Until when a late frame could still apply an operation: it must not be forgotten before (I2). */
export interface Expiry {
  readonly bootId: string;
  /** CLOCK_BOOTTIME of that boot, milliseconds. */
  readonly notAfterClockMs: number;
}

/** In another boot the clock has begun anew, and no frame of before is left: then it is over. */
export const notAfterIn = (bootId: string, expiry: Expiry | undefined): number =>
  expiry?.bootId === bootId ? expiry.notAfterClockMs : 0;
