/** Whether a trigger has a cause: on what was really so, and on what was told. */
import { thresholdFor } from '../../manager/src/core/power/ups/ups-estimate.ts';
import type { UpsEffect } from '../../manager/src/core/power/ups/ups-state.ts';
import type { ManagerUps } from './power-manager-ups.ts';
import type { Told } from './power-telemetry.ts';
import { isWithin } from './power-ups.ts';
import type { PowerWorld } from './power-world.ts';

type TriggerEffect = Extract<UpsEffect, { type: 'trigger' }>;

/** Mains that is back for less does not end an outage; flags of a driver that hangs are believed for so long. */
const outageMs = 60_000;
const hangMs = 20_000;

/** @returns what is wrong with it; undefined: it has a cause */
export function causeless(
  power: PowerWorld,
  ups: ManagerUps,
  { cause, triggerId }: TriggerEffect,
): string | undefined {
  const { world, grid, telemetries, site } = power;
  const { nowMs } = world.time;
  const told = telemetries.find((each) => each.ups.name === ups.name)?.told ?? [];
  if (cause === 'forced-shutdown')
    return told.at(-1)?.isForced ? undefined : `I10: ${triggerId}: nobody has set FSD`;
  if (cause === 'output-off') return offCauseless(ups, triggerId, told, nowMs);
  const answered = told.findLast(({ isAnswered }) => isAnswered);
  const silentMs = nowMs - (answered?.atMs ?? 0);
  const { pollIntervalMs } = site.config.power;
  const sinceMs = nowMs - outageMs - hangMs - silentMs - 2 * pollIntervalMs;
  const isLiedOf = told.filter((each) => each.isWrong && each.isOnBattery && each.atMs >= sinceMs).length > 1;
  const isBlind = !told.at(-1)?.isAnswered && answered?.isOnBattery === true;
  if (!isWithin(grid.of(ups.name).outages, sinceMs, nowMs) && !isBlind && !isLiedOf)
    return `I10: ${triggerId} (${cause}): ${ups.name} has had mains throughout`;
  if (cause === 'low-battery') return lowCauseless(ups, triggerId, told);
  return cause === 'runtime' ? runtimeCauseless(power, ups, told, silentMs) : undefined;
}

/** It has told of nothing else for half a minute. */
function offCauseless(
  { name }: ManagerUps,
  triggerId: string,
  told: readonly Told[],
  nowMs: number,
): string | undefined {
  const lately = told.filter(({ isAnswered, atMs }) => isAnswered && atMs >= nowMs - offMs);
  const isTold = /\.\d+$/.test(triggerId) || lately.every(({ isOff }) => isOff);
  return isTold ? undefined : `I10: ${triggerId}: ${name} has told that its output is there`;
}

/** As long as it counts, but for a moment. */
const offMs = 29_000;

/** Two looks that told OB and LB, with at most two between them that told nothing of it. */
function lowCauseless({ name }: ManagerUps, triggerId: string, told: readonly Told[]): string | undefined {
  // After a run that failed, it is asked for again for what was told before.
  if (/\.\d+$/.test(triggerId)) return undefined;
  const last = told.filter(({ isAnswered }) => isAnswered).slice(-4);
  const isTold = last.filter(({ isLow, isOnBattery }) => isLow && isOnBattery).length > 1;
  return isTold ? undefined : `I10: ${triggerId}: ${name} has not told twice that its battery is low`;
}

/**
 * A trigger of before a boot, or of before a time without a manager: its UPS is seen on battery before a run is asked
 * for, or nothing at all is for the limit of silence.
 * @returns what is wrong; undefined: nothing
 */
export function unseenAfterStart(
  { world, telemetries, checkers, site }: PowerWorld,
  { name, state }: ManagerUps,
  { triggerId }: TriggerEffect,
): string | undefined {
  const { toMs: startedAtMs = 0 } = checkers.managerDown.at(-1) ?? {};
  const known = checkers.triggersOf(name).find((each) => each.triggerId === triggerId);
  if (!known || known.atMs >= startedAtMs || state.trigger?.isStarted) return undefined;
  const told = telemetries.find(({ ups }) => ups.name === name)?.told ?? [];
  const since = told.filter(({ atMs }) => atMs >= startedAtMs);
  if (since.some(({ isOnBattery, isForced, isOff }) => isOnBattery || isForced || isOff)) return undefined;
  if (!checkers.isOtherBoot && startedAtMs - (told[told.length - since.length - 1]?.atMs ?? 0) < goneMs)
    return undefined;
  const isSeen = since.some(({ isAnswered, isWrong }) => isAnswered && !isWrong);
  if (!isSeen && world.time.nowMs - startedAtMs >= site.config.power.silenceLimitMs) return undefined;
  return `I10: ${triggerId} is asked for again, and ${name} has not been seen on battery since the start`;
}

/** Nobody has looked for so long: what was seen before is not of now. */
const goneMs = 60_000;

/** Less than what is told truly, by as much as one wrong value may take the belief down. */
function runtimeCauseless(
  power: PowerWorld,
  ups: ManagerUps,
  told: readonly Told[],
  silentMs: number,
): string | undefined {
  const config = power.ofManager?.upsConfig(ups.name);
  const telemetry = power.telemetries.find((each) => each.ups.name === ups.name);
  if (!config || telemetry?.nature.tells !== 'runtime') return undefined;
  const { nowMs } = power.world.time;
  const { refreshMs } = telemetry.nature;
  const recentMs = nowMs - 90_000 - 3 * refreshMs - silentMs - 2 * config.pollIntervalMs;
  // What was believed before a silence is counted down through it.
  const sinceMs = recentMs - longestGapMs(told, recentMs);
  const values = valuesOf(told).filter((each) => each.untilMs >= sinceMs);
  const honest = values.filter(({ isWrong }) => !isWrong);
  const wrong = values.filter(({ isWrong }) => isWrong);
  // While the site comes back nothing is waited for: two looks are enough.
  const isFirst = ({ sinceMs: fromMs, untilMs }: Value) =>
    power.checkers.managerDown.some(({ toMs }) => toMs >= fromMs - refreshMs && toMs <= untilMs);
  const isTrusted =
    wrong.length > 1 ||
    wrong.some((each) => isFirst(each) || isBelieved(each, refreshMs)) ||
    (silentMs >= refreshMs && wrong.includes(values.at(-1) as Value));
  if (honest.length === 0 || isTrusted || ups.state.outage?.isInRecovery === true) return undefined;
  const lowest = Math.min(...honest.map(({ runtimeMs, sinceMs: atMs }) => runtimeMs - (nowMs - atMs)));
  const least = lowest - refreshMs - 2 * config.pollIntervalMs - 0.1 * silentMs;
  const step = wrong.length > 0 ? Math.max(20_000, 0.2 * least) : 0;
  const { thresholdMs } = thresholdFor(ups.state, config);
  if (least - 2 * step <= thresholdMs) return undefined;
  const figures = `${Math.round(lowest)} ms were told, of a threshold of ${Math.round(thresholdMs)} ms`;
  return `I10: ${ups.name} triggers without a cause: ${figures}`;
}

/** Of those that were not over by then: the longest time without an answer. */
function longestGapMs(told: readonly Told[], fromMs: number): number {
  let longestMs = 0;
  let lastAtMs = told[0]?.atMs ?? 0;
  for (const { atMs, isAnswered } of told) {
    if (!isAnswered) continue;
    if (atMs >= fromMs) longestMs = Math.max(longestMs, atMs - lastAtMs);
    lastAtMs = atMs;
  }
  return longestMs;
}

/** A value, and the looks that told it in a row: only one that has changed is news. */
interface Value {
  readonly runtimeMs: number;
  readonly isWrong: boolean;
  readonly sinceMs: number;
  untilMs: number;
  /** Nothing was told for so long before. */
  readonly silentMs: number;
  /** A low battery, or a load that has risen: a fall has its reason. */
  isExplained: boolean;
}

function valuesOf(told: readonly Told[]): Value[] {
  const values: Value[] = [];
  let loadBefore: number | undefined;
  for (const { atMs, readAtMs, runtimeMs, isWrong, isLow, isOnBattery, loadPercent } of told) {
    const last = values.at(-1);
    if (runtimeMs === undefined) continue;
    const hasRisen = loadPercent !== undefined && loadPercent >= (loadBefore ?? loadPercent) + loadRise;
    const isExplained = hasRisen || (isLow && isOnBattery);
    loadBefore = loadPercent;
    if (last?.runtimeMs === runtimeMs) {
      last.untilMs = atMs;
      last.isExplained ||= isExplained;
    } else
      values.push({
        isExplained,
        runtimeMs,
        isWrong,
        sinceMs: readAtMs,
        untilMs: atMs,
        silentMs: atMs - (last?.untilMs ?? 0),
      });
  }
  return values;
}

/** Nobody can know that it is wrong: it was read twice, is the first after a silence, or has its reason. */
const isBelieved = ({ untilMs, sinceMs, silentMs, isExplained }: Value, refreshMs: number): boolean =>
  untilMs - sinceMs > refreshMs || silentMs > silenceMs || isExplained;

/** Per cent of load that explain a fall. */
const loadRise = 5;

/** What was believed before is only older, from then on. */
const silenceMs = 30_000;
