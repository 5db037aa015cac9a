/**
 * A runtime is told for the load of the moment: with the hosts off, a battery at a tenth of its charge tells more of it
 * than a full one does with the site up. What it carried when it asked for a shutdown is what it has to carry again.
 */

/** When a UPS asked for the shutdown of a site that was up. */
export interface LoadAtTrigger {
  /** `ups.load`; undefined: not told. */
  readonly loadPercent: number | undefined;
  /** Runtime for each per cent of charge; undefined: one of them was not told. */
  readonly perChargeMs: number | undefined;
}

interface Told {
  readonly chargePercent: number | undefined;
  readonly loadPercent: number | undefined;
}

/** A charge of less says too little of what one per cent is good for. */
const chargeLeastPercent = 5;

/** Loads are told in whole per cent: one that is told as 0 is no measure. */
const loadLeastPercent = 1;

/** @param runtimeMs as believed; undefined: none was told */
export function loadAtTrigger(reading: Told | undefined, runtimeMs: number | undefined): LoadAtTrigger {
  const { chargePercent, loadPercent } = reading ?? {};
  const isMeasure = chargePercent !== undefined && chargePercent >= chargeLeastPercent;
  return {
    loadPercent: loadPercent !== undefined && loadPercent >= loadLeastPercent ? loadPercent : undefined,
    perChargeMs: isMeasure && runtimeMs !== undefined ? runtimeMs / chargePercent : undefined,
  };
}

/**
 * What a runtime is worth with the site up: less in proportion to the load, never more.
 * @returns undefined: not known
 */
export function runtimeUnderLoad(
  runtimeMs: number,
  { loadPercent, chargePercent }: Told,
  load: LoadAtTrigger | undefined,
): number | undefined {
  if (load?.loadPercent !== undefined && loadPercent !== undefined && loadPercent >= loadLeastPercent)
    return runtimeMs * Math.min(1, loadPercent / load.loadPercent);
  if (load?.perChargeMs === undefined || chargePercent === undefined) return undefined;
  return Math.min(runtimeMs, load.perChargeMs * chargePercent);
}
