/** Whether the hosts come back after a shutdown, as declared: what `plan check` warns of. */
import type { PowerConfig } from '../config/manager-config.ts';
import { type Finding, warningAt } from '../core/plan/finding.ts';
import { formatSeconds } from '../core/plan/plan-words.ts';
import type { PowerOffTail } from '../core/power/power-budget.ts';
import type { SitePlan } from '../runs/site-plans.ts';
import type { CutHindrance } from './output-cut.ts';

export interface RaceQuestion {
  readonly compiled: SitePlan;
  readonly cuts: readonly { readonly ups: string; readonly hindrance: CutHindrance | undefined }[];
  readonly tails: readonly PowerOffTail[];
  readonly power: Pick<PowerConfig, 'coordinatorHaltMs' | 'upses' | 'mode' | 'coordinator'>;
}

export function raceFindings({ compiled, cuts, tails, power }: RaceQuestion): Finding[] {
  const { plan, sequence } = compiled;
  if (plan === undefined) return [];
  const warn = (message: string, remedy: string): Finding => warningAt(sequence.place, message, remedy);
  const [cutting] = power.upses.filter(({ cutsPower }) => cutsPower);
  const never =
    power.mode !== 'poweroff'
      ? 'in the mode cluster-only no host goes off'
      : plan.coordinator === undefined && plan.mode === 'poweroff'
        ? 'no node is the coordinator, whose power-off it would go before'
        : undefined;
  if (cutting && never !== undefined)
    return [warn(`${cutting.name} is to cut its output, and never does: ${never}`, 'take cut_power away')];
  if (plan.mode !== 'poweroff') return [];
  const uncut = cuts.flatMap(({ ups, hindrance }) =>
    hindrance === undefined
      ? []
      : [warn(`${ups} is to cut its output, and cannot: it ${hindrance.why}`, hindrance.remedy)],
  );
  const { coordinatorHaltMs, coordinator, upses } = power;
  const isHaltUsed = coordinator === 'stays-up' || upses.some(({ cutsPower }) => cutsPower);
  const slowest = tails.filter(({ isMeasured, tailMs }) => isMeasured && tailMs > coordinatorHaltMs);
  const tailMs = Math.max(...slowest.map((tail) => tail.tailMs));
  if (!isHaltUsed || slowest.length === 0) return uncut;
  const halt = `power.coordinator_halt is ${formatSeconds(coordinatorHaltMs)}`;
  return [
    ...uncut,
    warn(`hosts here took up to ${formatSeconds(tailMs)} to go off, and ${halt}`, 'give it more time'),
  ];
}
