/** The way back: when a shutdown may be reversed, and when a site may be started again. */
import { formatSeconds } from '../../plan/plan-words.ts';
import { believedLeft } from './effective-runtime.ts';
import { runtimeUnderLoad } from './runtime-under-load.ts';
import type { Threshold } from './threshold.ts';
import type { UpsState } from './ups-state.ts';

export interface Verdict {
  readonly isAllowed: boolean;
  /** Why, or why not, with its figures. */
  readonly sentence: string;
}

const allowed = (sentence: string): Verdict => ({ isAllowed: true, sentence });
const refused = (sentence: string): Verdict => ({ isAllowed: false, sentence });

/** Mains for so long reverses a shutdown; where the UPS tells nothing of its battery, for so long. */
const reverseMainsMs = 60_000;
const reverseBlindlyMs = 300_000;

/** Of a UPS that tells a charge and no runtime. */
const reverseChargePercent = 50;

/** Whether a shutdown that has not passed its point of no return is reversed. */
export function judgeReverse(state: UpsState, threshold: Threshold, nowMs: number): Verdict {
  const { hasForcedShutdown, mainsSinceMs, trigger } = state;
  if (mainsSinceMs !== undefined && hasForcedShutdown === true)
    return refused('it is in forced shutdown (FSD)');
  // Nothing has been taken down that would have to come up again on what the battery has left.
  return judgeEnough(state, threshold, nowMs, trigger?.isStarted === false);
}

/** Whether mains is back for long enough, and what the battery has left is enough to go on with. */
export function judgeEnough(
  state: UpsState,
  { clearMs }: Threshold,
  nowMs: number,
  isAllUp = false,
): Verdict {
  const { mainsSinceMs } = state;
  if (mainsSinceMs === undefined) return refused('mains is not back');
  const { leftMs, chargePercent } = batteryOf(state, nowMs);
  const mainsMs = nowMs - mainsSinceMs;
  const neededMs = mainsNeededMs(state, nowMs);
  const mains = `mains has been back for ${formatSeconds(mainsMs)}`;
  if (mainsMs < neededMs) return refused(`${mains}, of ${formatSeconds(neededMs)}`);
  if (isAllUp) return allowed(`${mains}; no shutdown has begun`);
  if (leftMs !== undefined) {
    const figures = `${formatSeconds(leftMs)} of runtime, of ${formatSeconds(clearMs)} needed`;
    return leftMs >= clearMs ? allowed(`${mains}; ${figures}`) : refused(figures);
  }
  if (chargePercent === undefined) return allowed(mains);
  const figures = `a charge of ${chargePercent} %, of ${reverseChargePercent} % needed`;
  return chargePercent >= reverseChargePercent ? allowed(`${mains}; ${figures}`) : refused(figures);
}

/** For how long mains must be back. */
export function mainsNeededMs(state: UpsState, nowMs: number): number {
  const { leftMs, chargePercent } = batteryOf(state, nowMs);
  return leftMs !== undefined || chargePercent !== undefined ? reverseMainsMs : reverseBlindlyMs;
}

function batteryOf({ belief, reading }: UpsState, nowMs: number) {
  const leftMs = belief.source === 'runtime' ? believedLeft(belief, nowMs) : undefined;
  return { leftMs, chargePercent: reading?.chargePercent };
}

/** And the battery is good for another outage, with the site up: so many thresholds. */
const startupFactor = 1.5;

export const startupNeedMs = ({ thresholdMs }: Threshold): number => startupFactor * thresholdMs;

export interface StartupQuestion {
  /** Of every UPS that the nodes to be started hang on. */
  readonly upses: readonly { readonly state: UpsState; readonly threshold: Threshold }[];
  /** A shutdown that is going on here or at a peer, in words; undefined: none. */
  readonly liveIntent: string | undefined;
  /** How long mains must have been back. */
  readonly stableMainsMs: number;
  /** Needed where no runtime is told, or where the load that it is told for is not the site's. */
  readonly startupChargePercent: number;
  readonly nowMs: number;
}

export interface StartupVerdict extends Verdict {
  /** When to ask again at the latest; undefined: when something is heard. */
  readonly askAgainAtMs: number | undefined;
}

/** Whether `hecate-bootstrap` may wake the nodes: every UPS must allow it, and no shutdown be going on. */
export function judgeStartup(question: StartupQuestion): StartupVerdict {
  const { upses, liveIntent } = question;
  if (liveIntent !== undefined) return { ...refused(liveIntent), askAgainAtMs: undefined };
  const verdicts = upses.map((each) => judgeSupply(each.state, each.threshold, question));
  const refusal = verdicts.find(({ isAllowed }) => !isAllowed);
  if (refusal) return refusal;
  const sentences = verdicts.map(({ sentence }) => sentence);
  return { ...allowed(sentences.join('; ') || 'no UPS to wait for'), askAgainAtMs: undefined };
}

function judgeSupply(
  state: UpsState,
  threshold: Threshold,
  { stableMainsMs, startupChargePercent, nowMs }: StartupQuestion,
): StartupVerdict {
  const { ups, mainsSinceMs, heardAtMs, hasForcedShutdown, offSinceMs } = state;
  const not = (why: string, askAgainAtMs?: number): StartupVerdict => ({
    ...refused(`${ups}: ${why}`),
    askAgainAtMs,
  });
  // What was kept over a restart says nothing of now until it has been looked at once.
  if (heardAtMs === undefined) return not('it has not been looked at yet');
  if (mainsSinceMs === undefined) return not('mains is not back, or not heard of');
  // FSD latches in upsd until it restarts: with stable mains it is an old one, as at the first look.
  if (offSinceMs !== undefined) return not('its output is off');
  const mainsMs = nowMs - mainsSinceMs;
  const mains = `mains for ${formatSeconds(mainsMs)}`;
  if (mainsMs < stableMainsMs)
    return not(`${mains}, of ${formatSeconds(stableMainsMs)}`, mainsSinceMs + stableMainsMs);
  const old = hasForcedShutdown === true ? '; an old forced shutdown (FSD) is ignored' : '';
  const battery = judgeBattery(state, startupNeedMs(threshold), startupChargePercent, nowMs);
  if (!battery.isAllowed) return not(battery.sentence);
  return { ...allowed(`${ups}: ${mains}${battery.sentence}${old}`), askAgainAtMs: undefined };
}

/** The runtime that it tells is for the load of now, which is not the site's. */
function judgeBattery(state: UpsState, neededMs: number, neededPercent: number, nowMs: number): Verdict {
  const { leftMs, chargePercent } = batteryOf(state, nowMs);
  const judge = (isEnough: boolean, figures: string): Verdict =>
    isEnough ? allowed(`, ${figures}`) : refused(figures);
  const charge = `a charge of ${chargePercent} %, of ${neededPercent} % needed`;
  const isCharged = chargePercent !== undefined && chargePercent >= neededPercent;
  if (leftMs === undefined && chargePercent === undefined)
    return allowed('; it tells nothing of its battery');
  if (leftMs === undefined) return judge(isCharged, charge);
  const { reading, load } = state;
  const underLoadMs = reading && runtimeUnderLoad(leftMs, reading, load);
  const worthMs = underLoadMs ?? leftMs;
  const as =
    worthMs < leftMs ? ` at the load of the site that is up (${formatSeconds(leftMs)} as it is)` : '';
  const runtime = `${formatSeconds(worthMs)} of runtime${as}, of ${formatSeconds(neededMs)} needed`;
  const isEnough = worthMs >= neededMs;
  if (underLoadMs !== undefined || chargePercent === undefined || isCharged || !isEnough)
    return judge(isEnough, runtime);
  return refused(`${charge}: what it carries with the site up is not known, and ${runtime}`);
}
