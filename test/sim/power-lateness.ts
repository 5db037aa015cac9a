/**
 * Whether something excuses a decision that was late: the battery died faster than its own telemetry allowed, there was
 * no time to begin with, or nobody was there to decide. Nothing else does.
 */
import type { Told } from './power-telemetry.ts';
import { isWithin, timeWithin } from './power-ups.ts';
import type { PowerWorld } from './power-world.ts';

export interface Lateness {
  readonly ups: string;
  /** Of the decision, or of the end of the battery. */
  readonly atMs: number;
  /** The truth of that moment. */
  readonly leftMs: number;
  readonly budgetMs: number;
  readonly thresholdMs: number;
}

/** How long one wrong value may still be believed, and how long a rise must last. */
const beliefMs = 30_000;
const flagsMs = 20_000;

/** @returns empty: nothing does */
export function whyLate(
  power: PowerWorld,
  { ups: name, atMs, leftMs, budgetMs, thresholdMs }: Lateness,
): string {
  const { grid, telemetries, site, checkers } = power;
  const ups = grid.of(name);
  const telemetry = telemetries.find((each) => each.ups === ups);
  if (!telemetry) return '';
  const { refreshMs, tells } = telemetry.nature;
  const { pollIntervalMs, debouncePolls, runtimeSafetyFactor } = site.config.power;
  const emptyAtMs = atMs + leftMs;
  const dueAtMs = emptyAtMs - budgetMs;
  const noticeMs = 2 * refreshMs + (debouncePolls + 3) * pollIntervalMs + beliefMs;
  const fromMs = dueAtMs - (thresholdMs - budgetMs) - noticeMs;
  const outage = ups.outages.findLast((each) => each.fromMs <= atMs);
  const last = grid.of(name).outages.at(-1);
  if (!outage || !last) return 'it was not on battery';
  const needed = tells === 'runtime' ? fromMs : fromMs - site.config.power.onBatteryLimitMs;
  if (outage.fromMs > needed) return 'the outage was too short';
  if (tells !== 'runtime') return whyBlindlyLate(power, name, outage.fromMs);
  const looks = looksOf(telemetry.told, fromMs - noticeMs, dueAtMs);
  const first = telemetry.told.find((told) => told.isOnBattery && told.atMs >= outage.fromMs);
  if (!first || first.atMs > fromMs) return 'the outage was not told';
  const isOptimistic = ({ runtimeMs, readAtMs }: (typeof looks)[number]) =>
    runtimeMs !== undefined && runtimeMs > runtimeSafetyFactor * (emptyAtMs - readAtMs) + 1;
  if (looks.some(isOptimistic)) return 'the battery died faster than it told';
  if (looks.some(({ isWrong }) => isWrong)) return 'wrong values were told';
  const lateMs = atMs - dueAtMs;
  const goneMs =
    timeWithin(checkers.managerDown, fromMs, atMs) +
    (atMs - fromMs - timeWithin(ups.outages, fromMs, atMs)) +
    flagsMs * Number(isWithin(checkers.managerDown, fromMs, atMs));
  return lateMs <= goneMs ? 'nobody was there, or mains was' : '';
}

/** In a window. Of one that was silent throughout, the last one before: what it told is all that could be known. */
function looksOf(told: readonly Told[], fromMs: number, toMs: number): readonly Told[] {
  const within = told.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  if (within.some(({ isAnswered }) => isAnswered)) return within;
  const last = told.findLast(({ isAnswered, atMs }) => isAnswered && atMs < fromMs);
  return last ? [last] : within;
}

/** Of a UPS that tells a charge, or nothing: a steady load is what the decision assumes. */
function whyBlindlyLate({ grid, telemetries }: PowerWorld, name: string, sinceMs: number): string {
  const telemetry = telemetries.find(({ ups }) => ups.name === name);
  const { deadShare } = grid.of(name).battery.nature;
  if (deadShare > 0) return 'the battery died faster than it told';
  return telemetry?.told.some((told) => told.atMs >= sinceMs && (told.isWrong || !told.isAnswered))
    ? 'wrong values were told'
    : 'its runtime is not told';
}
