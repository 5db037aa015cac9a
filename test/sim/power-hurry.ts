/** Whether a run is hurried over what every UPS that has asked for it is good for (I5): on the truth, and on what was told. */
import { settleMs } from '../../manager/src/core/power/ups/ups-decision.ts';
import type { RunState } from '../../manager/src/core/runs/run.ts';
import type { ManagerUps } from './power-manager-ups.ts';
import type { PowerWorld } from './power-world.ts';

/** So many looks without a wrong one, and a trigger of a moment ago: what is believed is near the truth. */
const wrongLooks = 40;
const freshMs = 4000;
const hurriedMs = 180_000;
/** Of what is there, what a run must be given at least: telemetry may be that pessimistic. */
const shareLeast = 0.25;

/** @returns what is wrong with its time limit; undefined: nothing, or nobody knows */
export function whyHurried(
  power: PowerWorld,
  { request: { runId, timeLimitMs } }: RunState,
): string | undefined {
  const { grid, ofManager } = power;
  const triggered = (ofManager?.upses ?? []).filter(({ state }) => state.trigger !== undefined);
  const isAnyOff = ofManager?.upses.some(({ areHostsOff }) => areHostsOff);
  if (timeLimitMs === undefined || triggered.length === 0 || isAnyOff) return undefined;
  if (!triggered.every((ups) => isKnown(power, ups))) return undefined;
  // Hosts that have gone off are to come back: what is told while they are off is believed late, and rightly so.
  const leftMs = Math.min(
    ...triggered.map(({ name, state: { budgetMs, trigger } }) => {
      const fullMs = grid.of(name).battery.fullLoadLeftMs();
      return trigger?.cause === 'runtime' ? fullMs : Math.min(fullMs, budgetMs);
    }),
  );
  const goodMs = leftMs - keptMs(power);
  if (goodMs <= hurriedMs || timeLimitMs >= shareLeast * goodMs) return undefined;
  return `I5: ${runId} is given ${timeLimitMs} ms, and ${Math.round(goodMs)} ms are left for it`;
}

/** What it believes of its runtime follows what it tells, and it tells the truth. */
function isKnown({ telemetries, world }: PowerWorld, { name, state: { trigger } }: ManagerUps): boolean {
  const { told = [], nature } = telemetries.find(({ ups }) => ups.name === name) ?? {};
  const isByRuntime = trigger?.cause === 'runtime' || trigger?.cause === 'low-battery';
  if (nature?.tells !== 'runtime' || !isByRuntime) return false;
  const isHonest = told.slice(-wrongLooks).every(({ isWrong, isAnswered }) => isAnswered && !isWrong);
  const ageMs = world.managerHost.clockMs() - trigger.atMs;
  return isHonest && ageMs < freshMs && !/\.\d+$/.test(trigger.triggerId);
}

/** Of what is left, what is declared to be kept for a coordinator whose turn comes when the others are off. */
function keptMs({ site: { config } }: PowerWorld): number {
  const { coordinator, coordinatorHaltMs } = config.power;
  return coordinator === 'stays-up' ? coordinatorHaltMs + settleMs : 0;
}
