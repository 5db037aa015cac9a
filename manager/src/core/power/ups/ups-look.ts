/** One look at a UPS: what it says of mains and battery, and which phase that leads to. */
import { chargeFallAfter, isChargeLow } from './charge-fall.ts';
import { noBelief } from './effective-runtime.ts';
import { silenceSentence } from './power-sentence.ts';
import { alertStatus } from './status-alerts.ts';
import { assumedRefreshMs, refreshMaxMs, silentAfterMs } from './ups-config.ts';
import { decide } from './ups-decision.ts';
import type { UpsDraft } from './ups-draft.ts';
import { isOutputOff } from './ups-estimate.ts';
import { hearRuntime } from './ups-runtime.ts';
import type { UpsReading, UpsSample } from './ups-sample.ts';
import { mainsBackMs, type Outage } from './ups-state.ts';
import { trigger } from './ups-trigger.ts';
import { seen } from './ups-unseen.ts';

/** How old the look before may be for FSD to be new: an older one may have been set, and over, in between. */
const forcedShutdownEdgeMs = 120_000;

/** Mains under this is dead, whatever the flags say (V). */
const deadMainsVoltage = 20;

export function look(draft: UpsDraft, { reading, failure, atMs }: UpsSample): void {
  const { lookAtMs, heardAtMs } = draft.state;
  if (atMs > draft.nowMs || (lookAtMs !== undefined && atMs < lookAtMs)) return;
  // Nobody has looked for longer: mains may have failed, and come back, meanwhile.
  if (heardAtMs === undefined || draft.nowMs - heardAtMs > silentAfterMs(draft.config))
    draft.set({ mainsSinceMs: undefined });
  draft.set({ heardAtMs: draft.nowMs });
  if (reading === undefined) {
    hearSilence(draft, failure ?? 'no answer');
    return;
  }
  const flags = new Set(reading.flags);
  // What upsd says until it has heard all of a driver: nothing else that it tells then is of now (I12).
  if (flags.has('WAIT')) {
    hearSilence(draft, 'its driver is only starting (WAIT)');
    return;
  }
  alertStatus(draft, reading);
  hearOutput(draft, flags);
  // Neither on mains nor on battery: it says nothing of what matters, and the state stays (I12).
  if (!flags.has('OB') && !flags.has('OL')) {
    if (flags.has('OFF')) {
      hearNoOutput(draft, reading, atMs);
      return;
    }
    hearSilence(draft, 'a status without OL and OB');
    return;
  }
  const before = draft.state;
  const refreshMs = Math.min(refreshMaxMs, reading.refreshIntervalMs ?? assumedRefreshMs);
  draft.set({ silentSinceMs: undefined, silence: '', refreshMs });
  draft.clear('silent', `${before.ups} answers again`);
  hearCalibration(draft, reading, flags);
  // "OL DISCHRG OB" all at once exists: battery is the one that has to be acted on.
  if (flags.has('OB')) onBattery(draft, reading, atMs);
  else onMains(draft, atMs);
  hearRuntime(draft, reading, atMs);
  draft.set({ reading, lookAtMs: atMs });
  const isCommanded = hearForcedShutdown(draft, flags, before.lookAtMs);
  draft.set({ hasForcedShutdown: flags.has('FSD') });
  seen(draft, flags);
  if (!isCommanded) decide(draft, 'look');
}

function hearOutput(draft: UpsDraft, flags: ReadonlySet<string>): void {
  if (!flags.has('OFF')) draft.set({ offSinceMs: undefined });
  else if (draft.state.offSinceMs === undefined) draft.set({ offSinceMs: draft.nowMs });
}

/** OFF alone: no mains, no battery, no supply. */
function hearNoOutput(draft: UpsDraft, reading: UpsReading, atMs: number): void {
  draft.set({ silentSinceMs: undefined, silence: '', mainsSinceMs: undefined, lookAtMs: atMs, reading });
  if (isOutputOff(draft.state, draft.nowMs)) {
    openOutage(draft, undefined);
    if (isWatching(draft.state.phase)) draft.enter('on-battery');
  }
  seen(draft, new Set(reading.flags));
  decide(draft, 'look');
}

function hearCalibration(draft: UpsDraft, reading: UpsReading, flags: ReadonlySet<string>): void {
  const { inputVoltage } = reading;
  const isDead = inputVoltage !== undefined && inputVoltage < deadMainsVoltage;
  const isCalibrating = flags.has('CAL') && !isDead;
  const voltage = inputVoltage === undefined ? 'not told' : `${inputVoltage} V`;
  const why = 'calibrates its battery (CAL): it discharges on purpose, and nothing is decided';
  draft.inhibit(isCalibrating ? `${draft.state.ups} ${why}; input voltage ${voltage}` : '');
}

function onBattery(draft: UpsDraft, reading: UpsReading, atMs: number): void {
  leaveReturn(draft);
  const outage = openOutage(draft, atMs);
  draft.raise('on-battery', 'warning', `${draft.state.ups} is on battery`);
  const { phase, reading: before } = draft.state;
  const onlinePercent = before?.flags.includes('OB') ? undefined : before?.chargePercent;
  const { chargePercent: percent, lowChargePercent } = reading;
  const { refreshMs } = draft.state;
  const chargeFall =
    percent === undefined
      ? outage.chargeFall
      : chargeFallAfter(outage.chargeFall, { percent, atMs, refreshMs, onlinePercent });
  const isLow = reading.flags.includes('LB') || isChargeLow(chargeFall, lowChargePercent);
  const looksLow = isLow ? outage.looksLow + 1 : 0;
  draft.set({ outage: { ...outage, looksLow, chargeFall }, mainsSinceMs: undefined });
  if (isWatching(phase)) draft.enter(outage.looksBelow > 0 ? 'pending' : 'on-battery');
}

/**
 * The way back is over: what comes now is another outage, with a trigger of its own. So it is with hosts that were off
 * before this boot: nobody has looked since, and what has switched this host on may have switched them on, too.
 */
function leaveReturn(draft: UpsDraft): void {
  const { phase, trigger, outages, lookAtMs } = draft.state;
  const isReversed = phase === 'triggered' && trigger?.isReversing === true;
  const isBooted = phase === 'hosts-off' && lookAtMs === undefined;
  if (phase !== 'recover' && !isReversed && !isBooted) return;
  const outage: Outage = { ...openedOutage(draft.nowMs), isInRecovery: true };
  draft.set({ trigger: undefined, outage, outages: outages + 1, attempts: 0 });
  draft.clear('run-failed', `${draft.state.ups}: another outage has begun`);
  draft.enter('on-battery');
}

/** The outage that is going on, or a new one. */
function openOutage(draft: UpsDraft, sinceMs: number | undefined): Outage {
  const { outage, outages } = draft.state;
  if (outage !== undefined) return outage;
  const fresh = openedOutage(sinceMs ?? draft.nowMs);
  draft.set({ outage: fresh, outages: outages + 1, attempts: 0 });
  return fresh;
}

const openedOutage = (sinceMs: number): Outage => ({
  sinceMs,
  looksBelow: 0,
  looksLow: 0,
  chargeFall: undefined,
  isInRecovery: false,
});

function onMains(draft: UpsDraft, atMs: number): void {
  const { phase, ups } = draft.state;
  const mainsSinceMs = draft.state.mainsSinceMs ?? atMs;
  draft.set({ mainsSinceMs });
  if (isWatching(phase) && phase !== 'recover') draft.enter('online');
  if (phase === 'hosts-off') draft.enter('recover');
  const { outage } = draft.state;
  // LB counts in looks in a row. Looks under the threshold are kept: mains that comes and goes is not safe.
  if (outage !== undefined && outage.looksLow > 0) draft.set({ outage: { ...outage, looksLow: 0 } });
  if (outage === undefined || atMs - mainsSinceMs < mainsBackMs) return;
  const { belief } = draft.state;
  // A charge that rises again says nothing of the next outage.
  const kept = belief.source === 'charge' ? noBelief : belief;
  draft.set({ outage: undefined, belief: kept });
  draft.clear('held', `${ups} has been on mains for a minute`);
  draft.clear('on-battery', `${ups} has been on mains for a minute`);
}

/** The phases in which looks alone decide what comes next. */
export const isWatching = (phase: string): boolean =>
  !['triggered', 'committed', 'hosts-off'].includes(phase);

/** @returns whether it has decided. FSD latches until upsd restarts: only a fresh edge is a command. */
function hearForcedShutdown(
  draft: UpsDraft,
  flags: ReadonlySet<string>,
  lookBeforeMs: number | undefined,
): boolean {
  const { hasForcedShutdown, ups, phase, outage, outages } = draft.state;
  if (!flags.has('FSD')) draft.clear('forced-shutdown', `${ups}: the forced shutdown (FSD) is gone`);
  if (!flags.has('FSD') || hasForcedShutdown === true) return false;
  const isRecent = lookBeforeMs !== undefined && draft.nowMs - lookBeforeMs <= forcedShutdownEdgeMs;
  const isEdge = hasForcedShutdown === false && isRecent;
  if (!isEdge && !flags.has('OB')) {
    const why = 'it was there at the first look, with mains, and may be an old one: ignored';
    draft.raise('forced-shutdown', 'critical', `${ups} is in forced shutdown (FSD): ${why}`);
    return false;
  }
  if (!isWatching(phase)) return false;
  // With mains there is no outage, but an id of its own all the same.
  if (outage === undefined) draft.set({ outages: outages + 1, attempts: 0 });
  trigger(draft, 'forced-shutdown');
  return true;
}

/** A look that told nothing. With mains before it: an alert for ever, never a shutdown. */
export function hearSilence(draft: UpsDraft, silence: string): void {
  const { phase, silentSinceMs } = draft.state;
  draft.set({ silentSinceMs: silentSinceMs ?? draft.nowMs, silence, mainsSinceMs: undefined });
  if (phase === 'online') draft.enter('blind-online');
  if (phase === 'on-battery' || phase === 'pending') draft.enter('blind-on-battery');
  // A calibration that nobody hears of any more may have become an outage.
  if (draft.nowMs - (silentSinceMs ?? draft.nowMs) >= draft.config.blindLimitMs) draft.inhibit('');
  draft.raise('silent', 'critical', silenceSentence(draft.state));
  decide(draft, 'look');
}
