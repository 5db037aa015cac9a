/**
 * Refusals that repeat are written down once in a minute, with their number (I14): a host that was revoked tries
 * again every second, and strangers as often as they like; neither may fill the disk with it. Pure.
 */
export interface RefusalRepeats {
  readonly told: ReadonlyMap<string, { readonly atMs: number; readonly untold: number }>;
}

export const noRefusals: RefusalRepeats = { told: new Map() };

export const repeatWindowMs = 60_000;
/** Strangers choose the names in the keys: beyond this many they share one. */
export const refusalKeysMax = 256;
/**
 * Of peers that showed a certificate of this site: they have a budget of their own, so that no stranger can hide
 * them. More certificates than a site has, so that none of them is ever counted with others.
 */
export const provenRefusalKeysMax = 4096;
const others = '';

/**
 * @param key what makes two refusals the same: who it says it is, its host, the reason; not empty
 * @returns `tell`: whether to write this one down, and how many like it were not since the last that was
 */
export function noteRefusal(
  state: RefusalRepeats,
  key: string,
  nowMs: number,
  keysMax: number = refusalKeysMax,
): { state: RefusalRepeats; tell: { untold: number } | undefined } {
  const told = new Map(state.told);
  if (!told.has(key) && told.size >= keysMax) {
    for (const [known, { atMs }] of told) if (nowMs >= atMs + repeatWindowMs) told.delete(known);
  }
  const slot = told.has(key) || told.size < keysMax ? key : others;
  const known = told.get(slot);
  if (known && nowMs < known.atMs + repeatWindowMs) {
    told.set(slot, { atMs: known.atMs, untold: known.untold + 1 });
    return { state: { told }, tell: undefined };
  }
  told.set(slot, { atMs: nowMs, untold: 0 });
  return { state: { told }, tell: { untold: known?.untold ?? 0 } };
}
