/**
 * The runtime of a UPS that tells only its charge: how fast the charge has fallen since the outage began. 43 % of
 * public device dumps have no runtime. Charges are told in steps, of one per cent or of a quarter of the battery, and one
 * that is wrong now and then: a change counts when another value supports it, or when it stands longer than a refresh of
 * the driver (it was read twice).
 */

export interface ChargeFall {
  readonly beganAtMs: number;
  readonly beganPercent: number;
  /** Nothing but this outage's first look says where it began: that one may be wrong. */
  readonly isAlone: boolean;
  /** The newest one that counts. */
  readonly percent: number;
  /** The last look that showed it. */
  readonly percentAtMs: number;
  /** Not before then it fell to that; undefined: it did not, or nobody knows. */
  readonly fallenAtMs: number | undefined;
  /** What is told, and does not count yet. */
  readonly held: HeldCharge | undefined;
  /** How much it has fallen at once: as much may have been used that is not told. */
  readonly grainPercent: number;
  /** The last look that told a charge. */
  readonly lookAtMs: number;
}

interface HeldCharge {
  readonly percent: number;
  /** The first look that showed it, and the last one. */
  readonly sinceMs: number;
  readonly lastAtMs: number;
  readonly fallenAtMs: number;
}

export interface ChargeLook {
  readonly percent: number;
  readonly atMs: number;
  /** How old a value may be. */
  readonly refreshMs: number;
  /** What was told with mains, in the look before the outage. */
  readonly onlinePercent: number | undefined;
}

/** So long, the fall says nothing; the plain timer counts meanwhile. */
export const chargeFallLeastMs = 30_000;

/** Where the UPS does not tell its own idea of low: under it a battery ends when it likes. */
const lowPercentDefault = 10;

/** Charges are told in whole per cent at best. */
const grainLeastPercent = 1;

/** After a look on battery that told a charge. */
export function chargeFallAfter(fall: ChargeFall | undefined, look: ChargeLook): ChargeFall {
  const { percent, atMs, refreshMs, onlinePercent } = look;
  if (fall === undefined) {
    const began = Math.min(percent, onlinePercent ?? percent);
    return begun(began, atMs, grainLeastPercent, onlinePercent === undefined);
  }
  const { beganAtMs, beganPercent, grainPercent } = fall;
  const isAlone = fall.isAlone && atMs - beganAtMs <= refreshMs;
  if (percent === fall.percent)
    return { ...fall, isAlone, percentAtMs: atMs, held: undefined, lookAtMs: atMs };
  // Before it has led to anything, a value above the beginning shows that the beginning was wrong.
  const isEarly = atMs - beganAtMs < refreshMs + chargeFallLeastMs;
  if (percent > beganPercent && isEarly) return begun(percent, atMs, grainPercent, true);
  if (isAlone) return begun(percent, atMs, grainPercent, false);
  return { ...weighed({ ...fall, isAlone }, look), lookAtMs: atMs };
}

const begun = (percent: number, atMs: number, grainPercent: number, isAlone: boolean): ChargeFall => ({
  ...{ beganAtMs: atMs, beganPercent: percent, isAlone, percent, percentAtMs: atMs, fallenAtMs: undefined },
  ...{ held: undefined, grainPercent, lookAtMs: atMs },
});

/** Another value than the one that counts: held, until it is supported. */
function weighed(fall: ChargeFall, { percent, atMs, refreshMs }: ChargeLook): ChargeFall {
  const { held } = fall;
  if (held?.percent === percent) {
    const standing = { ...held, lastAtMs: atMs };
    return atMs - held.sinceMs > refreshMs ? changed(fall, standing) : { ...fall, held: standing };
  }
  const fresh = { percent, sinceMs: atMs, lastAtMs: atMs, fallenAtMs: fall.lookAtMs - refreshMs };
  const areBothBelow = held !== undefined && Math.max(held.percent, percent) < fall.percent;
  const areBothAbove = held !== undefined && Math.min(held.percent, percent) > fall.percent;
  if (!areBothBelow && !areBothAbove) return { ...fall, held: fresh };
  // Of two on the same side one may be wrong: the nearer one counts.
  const isHeldNearer = areBothBelow ? held.percent > percent : held.percent < percent;
  return isHeldNearer ? { ...changed(fall, held), held: fresh } : changed(fall, fresh);
}

function changed(fall: ChargeFall, { percent, lastAtMs, fallenAtMs }: HeldCharge): ChargeFall {
  if (percent > fall.beganPercent) return begun(percent, lastAtMs, fall.grainPercent, false);
  const isFall = percent < fall.percent;
  const grainPercent = Math.max(fall.grainPercent, fall.percent - percent);
  const since = { fallenAtMs: isFall ? fallenAtMs : undefined, held: undefined };
  return { ...fall, percent, percentAtMs: lastAtMs, grainPercent, ...since };
}

/** Down to what the UPS itself calls low, in an outage that began above that. */
export const isChargeLow = (fall: ChargeFall | undefined, lowPercent: number | undefined): boolean =>
  fall !== undefined &&
  lowPercent !== undefined &&
  fall.percent <= lowPercent &&
  fall.beganPercent > lowPercent;

/**
 * How long until the charge is low, if it goes on falling as fast as it can have fallen. Of two ways to reckon, neither
 * of which is too optimistic of a steady fall, the one that says more. Undefined: too early to say.
 */
export function chargeRuntimeMs(
  fall: ChargeFall,
  nowMs: number,
  refreshMs: number,
  lowPercent: number = lowPercentDefault,
): number | undefined {
  const { beganAtMs, beganPercent, percent, percentAtMs, fallenAtMs, grainPercent, isAlone } = fall;
  // When it was read last: nearly a step more may have been used than is told.
  const readAtMs = percentAtMs - refreshMs;
  if (isAlone || readAtMs - beganAtMs < chargeFallLeastMs) return undefined;
  const usedMost = beganPercent - percent + grainPercent;
  const leftLeast = Math.max(0, percent - grainPercent - lowPercent);
  const byReadMs = (leftLeast * (readAtMs - beganAtMs)) / usedMost - (nowMs - readAtMs);
  if (fallenAtMs === undefined || fallenAtMs <= beganAtMs) return Math.max(0, Math.round(byReadMs));
  // When it fell to what is told: no more than that was used.
  const perPercentMs = (fallenAtMs - beganAtMs) / (beganPercent - percent);
  const byFallMs = Math.max(0, percent - lowPercent) * perPercentMs - (nowMs - fallenAtMs);
  return Math.max(0, Math.round(Math.max(byReadMs, byFallMs)));
}
