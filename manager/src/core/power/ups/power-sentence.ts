/** Every decision in one sentence, with the figures that made it: what `hecatectl power explain` says. */
import { formatSeconds } from '../../plan/plan-words.ts';
import { leftAt } from './effective-runtime.ts';
import type { Threshold } from './threshold.ts';
import type { UpsConfig } from './ups-config.ts';
import { estimateOf, thresholdFor } from './ups-estimate.ts';
import type { TriggerCause, UpsState } from './ups-state.ts';

/** `threshold 2 min 57 s = 1.1 × budget 2 min + refresh 30 s + debounce 15 s`. */
export function thresholdSentence(threshold: Threshold): string {
  const { thresholdMs, factor, budgetMs, refreshMs, debounceMs, forwardingMs } = threshold;
  const forwarding = forwardingMs > 0 ? ` + forwarding ${formatSeconds(forwardingMs)}` : '';
  const margins = `refresh ${formatSeconds(refreshMs)} + debounce ${formatSeconds(debounceMs)}${forwarding}`;
  return `threshold ${formatSeconds(thresholdMs)} = ${factor} × budget ${formatSeconds(budgetMs)} + ${margins}`;
}

/** `runtime 6 min 40 s believed (told 7 min, 20 s ago)`, or what stands in for it. */
export function runtimeSentence(state: UpsState, config: UpsConfig, nowMs: number): string {
  const { source, leftMs, slackMs } = estimateOf(state, config, nowMs);
  switch (source) {
    case 'output':
      return 'its output is off, so that it supplies nothing';
    case 'timer': {
      const timer = `the timer of ${formatSeconds(config.onBatteryTimerMs)} counts`;
      const left = slackMs >= 0 ? `${formatSeconds(slackMs)} of it left` : 'it is over';
      return `neither runtime nor charge say how long it lasts: ${timer}, ${left}`;
    }
    case 'charge': {
      const percent = state.outage?.chargeFall?.percent;
      const charge =
        percent === undefined ? 'the fall of its charge' : `the fall of its charge to ${percent} %`;
      return `runtime ${formatSeconds(leftMs ?? 0)} by ${charge}`;
    }
    case 'runtime':
      return `runtime ${formatSeconds(leftMs ?? 0)} believed${toldWords(state, nowMs)}`;
  }
}

function toldWords({ belief: { told }, outage }: UpsState, nowMs: number): string {
  if (outage?.missing?.last !== undefined) return ', counted down from the last one that was told';
  if (told === undefined) return '';
  const ageMs = outage === undefined ? 0 : Math.max(0, told.valueMs - leftAt(told, nowMs));
  return ` (told ${formatSeconds(told.valueMs)}${ageMs > 0 ? `, ${formatSeconds(ageMs)} ago` : ''})`;
}

function onBatteryWords({ outage }: UpsState, nowMs: number): string {
  return outage ? `on battery for ${formatSeconds(nowMs - outage.sinceMs)}` : 'on mains';
}

export function triggerSentence(
  state: UpsState,
  config: UpsConfig,
  cause: TriggerCause,
  nowMs: number,
): string {
  const runtime = runtimeSentence(state, config, nowMs);
  const threshold = thresholdSentence(thresholdFor(state, config));
  const wish = state.phase === 'hosts-off' ? 'asks for the rest to go down, too' : 'asks for a shutdown';
  const start = `${state.ups}, ${onBatteryWords(state, nowMs)}, ${wish}:`;
  const { outage } = state;
  switch (cause) {
    case 'runtime':
    case 'output-off':
      return `${start} ${runtime}, under the ${threshold}, in ${outage?.looksBelow ?? 0} looks in a row`;
    case 'timer':
      return `${start} ${runtime}, in ${outage?.looksBelow ?? 0} looks in a row`;
    case 'low-battery':
      return `${start} battery low (${lowWords(state)}) in ${outage?.looksLow ?? 0} looks in a row; ${runtime}`;
    case 'forced-shutdown':
      return `${state.ups} commands a shutdown: forced shutdown (FSD) was set anew; ${runtime}`;
    case 'silent': {
      const silentMs = nowMs - (state.silentSinceMs ?? nowMs);
      const limit = `the limit is ${formatSeconds(config.blindLimitMs)}`;
      return `${start} silent for ${formatSeconds(silentMs)} (${state.silence}), ${limit}; ${runtime}`;
    }
  }
}

/** By its flags, or by its charge alone. */
function lowWords({ reading, outage }: UpsState): string {
  const { flags = [], lowChargePercent } = reading ?? {};
  if (flags.includes('LB') || lowChargePercent === undefined) return 'OB LB';
  return `OB, charge ${outage?.chargeFall?.percent} %, low at ${lowChargePercent} %`;
}

export const reverseSentence = ({ ups }: UpsState, why: string): string =>
  `${ups} takes its shutdown back, before the point of no return: ${why}`;

export function silenceSentence({ ups, silence, phase, outages }: UpsState): string {
  const silent = `${ups} is silent (${silence})`;
  if (phase === 'unknown' && outages === 0)
    return `${silent} and has never been heard: nothing is decided on it`;
  if (phase === 'blind-on-battery') return `${silent} on battery: its runtime is counted down`;
  return `${silent}: an outage would not be seen; nothing is decided on silence`;
}

/** What it is doing, and why, and what has to happen for that to change. */
export function explainUps(state: UpsState, config: UpsConfig, nowMs: number): string {
  const { ups, phase, inhibition, trigger } = state;
  if (inhibition !== '') return inhibition;
  const runtime = runtimeSentence(state, config, nowMs);
  const threshold = thresholdSentence(thresholdFor(state, config));
  const { slackMs, source } = estimateOf(state, config, nowMs);
  switch (phase) {
    case 'unknown':
      return `${ups} has not been heard of since this boot: nothing is decided on it`;
    case 'online':
      return source === 'timer'
        ? `${ups} is on mains and tells no runtime; an outage is timed, or told by its charge`
        : `${ups} is on mains: ${runtime}, ${threshold}`;
    case 'blind-online':
      return silenceSentence(state);
    case 'on-battery':
    case 'pending':
    case 'blind-on-battery': {
      const blind = phase === 'blind-on-battery' ? `, silent (${state.silence})` : '';
      const left =
        slackMs >= 0 ? `${formatSeconds(slackMs)} until it asks for a shutdown` : looksWords(state, config);
      const against = source === 'timer' ? '' : `, ${threshold}`;
      if (state.outage?.hold !== undefined) return `${heldSentence(state, nowMs)}; ${runtime}${against}`;
      return `${ups} is ${onBatteryWords(state, nowMs)}${blind}: ${runtime}${against}; ${left}`;
    }
    case 'triggered':
    case 'committed': {
      const isLookedFor = trigger?.unseen !== undefined && !trigger.isStarted;
      const fate = isLookedFor
        ? 'from before a restart: no run is asked for until the UPS is seen on battery'
        : phase === 'committed'
          ? 'hosts are being powered off: it goes on to its end'
          : 'reversible';
      return `${trigger?.sentence ?? `${ups} has asked for a shutdown`} (${trigger?.isReversing ? 'being reversed' : fate})`;
    }
    case 'hosts-off': {
      const rest = config.remainingMs === undefined ? '' : `; what has stayed up: ${runtime}, ${threshold}`;
      return `${ups}: the hosts are off; mains is not back${rest}`;
    }
    case 'recover':
      return `${ups}: mains is back, the hosts are off: ${runtime}, ${threshold}`;
  }
}

function heldSentence({ ups, outage }: UpsState, nowMs: number): string {
  const { atMs = nowMs, belowMs } = outage?.hold ?? {};
  const line = belowMs === undefined ? '' : `, unless its runtime falls under ${formatSeconds(belowMs)}`;
  return `${ups}: its shutdown was aborted ${formatSeconds(nowMs - atMs)} ago, and none is asked for${line}`;
}

const looksWords = ({ outage }: UpsState, { debouncePolls }: UpsConfig): string =>
  `under it in ${outage?.looksBelow ?? 0} of ${debouncePolls} looks`;
