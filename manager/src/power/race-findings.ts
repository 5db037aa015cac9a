/** Whether the hosts come back after a shutdown, as declared: what `plan check` warns of. */
import type { PowerConfig } from '../config/manager-config.ts';
import { dependenciesOf, reachableFrom } from '../core/plan/dependencies.ts';
import { type Finding, warningAt } from '../core/plan/finding.ts';
import type { Inventory } from '../core/plan/inventory.ts';
import { formatSeconds } from '../core/plan/plan-words.ts';
import type { PowerOffTail } from '../core/power/site/power-budget.ts';
import type { SitePlan } from '../runs/site-plans.ts';
import type { CutHindrance } from './output-cut.ts';

export interface RaceQuestion {
  readonly compiled: SitePlan;
  readonly cuts: readonly { readonly ups: string; readonly hindrance: CutHindrance | undefined }[];
  readonly tails: readonly PowerOffTail[];
  readonly inventory: Inventory;
  /** Other managers that may ask for a shutdown here. */
  readonly peers: readonly string[];
  readonly power: Pick<PowerConfig, 'coordinatorHaltMs' | 'upses' | 'mode' | 'coordinator'>;
}

export function raceFindings(question: RaceQuestion): Finding[] {
  const { compiled, cuts, tails, power } = question;
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
  const watchedThrough = throughHosts(question).map(({ ups, node }) =>
    warn(
      `${ups} is watched through ${node}, which is off by the time that it matters: nothing is heard of mains then`,
      `let the NUT server of ${ups} run on the coordinator`,
    ),
  );
  const unwatched = unwatchedPeers(question).map((names) =>
    warn(
      `the coordinator stays up behind a battery that nobody watches here: ${names} may ask for a shutdown, and says neither when that battery ends nor when to start the site again`,
      'declare its UPS in power.upses, or take coordinator: stays-up away',
    ),
  );
  const uncut = cuts.flatMap(({ ups, hindrance }) =>
    hindrance === undefined
      ? []
      : [warn(`${ups} is to cut its output, and cannot: it ${hindrance.why}`, hindrance.remedy)],
  );
  const { coordinatorHaltMs, coordinator, upses } = power;
  const isHaltUsed = coordinator === 'stays-up' || upses.some(({ cutsPower }) => cutsPower);
  const slowest = tails.filter(({ isMeasured, tailMs }) => isMeasured && tailMs > coordinatorHaltMs);
  const tailMs = Math.max(...slowest.map((tail) => tail.tailMs));
  if (!isHaltUsed || slowest.length === 0) return [...unwatched, ...watchedThrough, ...uncut];
  const halt = `power.coordinator_halt is ${formatSeconds(coordinatorHaltMs)}`;
  return [
    ...unwatched,
    ...watchedThrough,
    ...uncut,
    warn(`hosts here took up to ${formatSeconds(tailMs)} to go off, and ${halt}`, 'give it more time'),
  ];
}

/** At most one: those who may ask for a shutdown of a coordinator that stays up, where no UPS is watched. */
const unwatchedPeers = ({ peers, power, inventory: { coordinator } }: RaceQuestion): string[] =>
  power.coordinator === 'stays-up' &&
  coordinator !== undefined &&
  peers.length > 0 &&
  power.upses.length === 0
    ? [peers.join(', ')]
    : [];

/** UPSes that somebody has to hear of when the hosts are off, and whose NUT server is on one of these. */
function throughHosts({ power, inventory }: RaceQuestion): { readonly ups: string; readonly node: string }[] {
  const { coordinator, nodes } = inventory;
  if (coordinator === undefined) return [];
  const staying = new Set([coordinator, ...reachableFrom(coordinator, dependenciesOf(inventory))]);
  const goingOff = nodes.filter(({ name }) => !staying.has(name));
  return power.upses
    .filter(({ cutsPower }) => cutsPower || power.coordinator === 'stays-up')
    .flatMap(({ name: ups, host }) => {
      const on = goingOff.find(({ name, address }) => [name as string, address].includes(host));
      return on ? [{ ups, node: on.name }] : [];
    });
}
