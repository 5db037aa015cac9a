/** What one look tells of how long the battery lasts: by its runtime, else by the fall of its charge. */
import { chargeRuntimeMs } from './charge-fall.ts';
import { believe, isAlone, type RuntimeLook } from './effective-runtime.ts';
import { missRuntime } from './runtime-missing.ts';
import { silentAfterMs } from './ups-config.ts';
import type { UpsDraft } from './ups-draft.ts';
import type { UpsReading } from './ups-sample.ts';
import type { Outage } from './ups-state.ts';

/** Load points from which a fall of the runtime has its reason. */
const loadRisePercent = 5;

/** Before the reading is the last one, and behind what the flags say of the outage. */
export function hearRuntime(draft: UpsDraft, reading: UpsReading, atMs: number): void {
  if (reading.runtimeMs !== undefined) {
    believeTold(draft, reading, 'runtime', reading.runtimeMs, atMs);
    const { belief, refreshMs } = draft.state;
    if (!isAlone(belief, atMs, refreshMs)) setMissing(draft, undefined);
    return;
  }
  const { outage } = draft.state;
  if (!reading.flags.includes('OB') || outage === undefined) return;
  if (draft.state.belief.source !== 'charge' || reading.chargePercent === undefined)
    missBelieved(draft, outage, atMs);
  hearCharge(draft, reading, atMs);
}

/** The fall of the charge counts where no runtime does. */
function hearCharge(draft: UpsDraft, reading: UpsReading, atMs: number): void {
  const { belief, outage, refreshMs } = draft.state;
  if (belief.source === 'runtime' || reading.chargePercent === undefined || !outage?.chargeFall) return;
  const valueMs = chargeRuntimeMs(outage.chargeFall, atMs, refreshMs, reading.lowChargePercent);
  if (valueMs === undefined) return;
  believeTold(draft, reading, 'charge', valueMs, atMs);
  const { missing } = outage;
  if (missing?.sinceMs !== undefined) setMissing(draft, { ...missing, sinceMs: undefined });
}

function believeTold(
  draft: UpsDraft,
  reading: UpsReading,
  source: RuntimeLook['source'],
  valueMs: number,
  atMs: number,
): void {
  const { belief, outage, refreshMs, reading: before } = draft.state;
  const isDraining = reading.flags.includes('OB');
  const [was, is] = [before?.loadPercent, reading.loadPercent];
  const hasLoadRisen = was !== undefined && is !== undefined && is >= was + loadRisePercent;
  const isLow = isDraining && (reading.flags.includes('LB') || outage?.isInRecovery === true);
  const isFallExplained = hasLoadRisen || isLow;
  const at = { atMs, refreshMs, silentAfterMs: silentAfterMs(draft.config) };
  draft.set({ belief: believe(belief, { source, valueMs, ...at, isFallExplained, isDraining }) });
}

/** It answers, and tells nothing of what is believed. */
function missBelieved(draft: UpsDraft, outage: Outage, atMs: number): void {
  const { belief, refreshMs } = draft.state;
  const missed = missRuntime({ belief, missing: outage.missing }, atMs, refreshMs);
  draft.set({ belief: missed.belief });
  setMissing(draft, missed.missing);
}

function setMissing(draft: UpsDraft, missing: Outage['missing']): void {
  const { outage } = draft.state;
  if (outage !== undefined && outage.missing !== missing) draft.set({ outage: { ...outage, missing } });
}
