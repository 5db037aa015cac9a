/**
 * The runtime of a UPS that tells only its charge: how fast the charge has fallen since the outage began. 43 % of
 * public device dumps have no runtime.
 */

export interface ChargeFall {
  readonly beganAtMs: number;
  readonly beganPercent: number;
  /** The newest. */
  readonly percent: number;
}

/** So long, the fall says nothing; the plain timer counts meanwhile. */
export const chargeFallLeastMs = 30_000;

/** Where the UPS does not tell its own idea of low: under it a battery ends when it likes. */
const lowPercentDefault = 10;

/** Charges are whole percents: up to one more has been used than is told. */
const grainPercent = 1;

/** A charge that is told on battery; one above the beginning shows that the beginning was wrong. */
export function chargeFallAfter(
  fall: ChargeFall | undefined,
  percent: number,
  atMs: number,
  onlinePercent: number | undefined,
): ChargeFall {
  if (fall === undefined) {
    const beganPercent = Math.min(percent, onlinePercent ?? percent);
    return { beganAtMs: atMs, beganPercent, percent };
  }
  if (percent > fall.beganPercent) return { beganAtMs: atMs, beganPercent: percent, percent };
  return { ...fall, percent };
}

/**
 * How long until the charge is low, if it goes on falling as fast as it can have fallen: the charge that is told may be
 * a refresh old. Undefined: too early to say.
 */
export function chargeRuntimeMs(
  fall: ChargeFall,
  nowMs: number,
  refreshMs: number,
  lowPercent: number | undefined,
): number | undefined {
  const knownAtMs = Math.max(nowMs - refreshMs, fall.beganAtMs);
  const elapsedMs = knownAtMs - fall.beganAtMs;
  if (elapsedMs < chargeFallLeastMs) return undefined;
  const used = fall.beganPercent - fall.percent + grainPercent;
  const left = Math.max(0, fall.percent - (lowPercent ?? lowPercentDefault));
  return Math.max(0, Math.round((left * elapsedMs) / used - (nowMs - knownAtMs)));
}
