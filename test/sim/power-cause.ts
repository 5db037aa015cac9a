/** Whether a trigger has a cause: on what was really so, and on what was told. */
import { thresholdFor } from '../../manager/src/core/power/ups-estimate.ts';
import type { UpsEffect } from '../../manager/src/core/power/ups-state.ts';
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
  const answered = told.findLast(({ isAnswered }) => isAnswered);
  const silentMs = nowMs - (answered?.atMs ?? 0);
  const { pollIntervalMs } = site.config.power;
  const sinceMs = nowMs - outageMs - hangMs - silentMs - 2 * pollIntervalMs;
  const isBlind = !told.at(-1)?.isAnswered && answered?.isOnBattery === true;
  if (!isWithin(grid.of(ups.name).outages, sinceMs, nowMs) && !isBlind)
    return `I10: ${triggerId} (${cause}): ${ups.name} has had mains throughout`;
  return cause === 'runtime' ? runtimeCauseless(power, ups, told, silentMs) : undefined;
}

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
  const sinceMs = nowMs - 90_000 - 3 * refreshMs - silentMs - 2 * config.pollIntervalMs;
  const looks = told.filter((each) => each.atMs >= sinceMs && each.runtimeMs !== undefined);
  const honest = looks.filter(({ isWrong }) => !isWrong);
  const wrong = looks.filter(({ isWrong }) => isWrong);
  // For longer than a refresh, two of them, or the last before a silence: nobody can know.
  const isReadTwice = (wrong.at(-1)?.atMs ?? 0) - (wrong[0]?.atMs ?? 0) > refreshMs;
  const isSupported = new Set(wrong.map(({ runtimeMs }) => runtimeMs)).size > 1;
  const isLast = wrong.length > 0 && wrong.at(-1) === looks.at(-1);
  // While the site comes back nothing is waited for: two looks are enough.
  const isTrusted = isReadTwice || isSupported || isLast || ups.state.outage?.isInRecovery === true;
  if (isTrusted) return undefined;
  if (honest.length < 2) return undefined;
  const lowest = Math.min(...honest.map(({ runtimeMs = 0, readAtMs }) => runtimeMs - (nowMs - readAtMs)));
  const margin = refreshMs + 2 * config.pollIntervalMs + 0.1 * silentMs;
  const least = lowest - margin;
  const wrongs = wrong.length > 0 ? Math.max(20_000, 0.2 * least) : 0;
  const { thresholdMs } = thresholdFor(ups.state, config);
  if (least - 2 * wrongs <= thresholdMs) return undefined;
  const figures = `${Math.round(lowest)} ms were told, of a threshold of ${Math.round(thresholdMs)} ms`;
  return `I10: ${ups.name} triggers without a cause: ${figures}`;
}
