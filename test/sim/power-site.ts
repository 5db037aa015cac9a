/** The site of one seed with UPSes: nodes with their feeds, batteries, telemetry and what is declared of power. */
import { parseConfig } from '../../manager/src/config/load-config.ts';
import type { ManagerConfig, UpsDeclaration } from '../../manager/src/config/manager-config.ts';
import { boundOf, expectedOf } from '../../manager/src/core/plan/bounds.ts';
import { defaultSequences } from '../../manager/src/core/plan/default-sequences.ts';
import type { Inventory, InventoryNode } from '../../manager/src/core/plan/inventory.ts';
import { unitsOf } from '../../manager/src/core/plan/node-units.ts';
import type { PlanMode } from '../../manager/src/core/plan/plan.ts';
import type { SequenceDeclaration, StepDeclaration } from '../../manager/src/core/plan/sequence.ts';
import { feedsOf, minFeedsOf } from '../../manager/src/core/power/site/topology.ts';
import { thresholdOf } from '../../manager/src/core/power/ups/threshold.ts';
import { requirePlan, sitePlan } from '../../manager/src/runs/site-plans.ts';
import type { BatteryNature } from './power-battery.ts';
import type { GridPlug } from './power-grid.ts';
import type { TelemetryNature } from './power-telemetry.ts';
import { type Chance, type Fleet, makeFleet } from './runs-fleet.ts';

export interface SiteUps {
  readonly name: string;
  readonly battery: BatteryNature;
  readonly telemetry: TelemetryNature;
}

export interface PowerSite {
  readonly fleet: Fleet;
  readonly config: ManagerConfig;
  readonly upses: readonly SiteUps[];
  readonly plugs: readonly GridPlug[];
  /** Under which the decision begins, per UPS. */
  readonly thresholdsMs: Readonly<Record<string, number>>;
}

/** How long hosts take to go off, at most, where nothing is wrong with them. */
export const tailMs = 30_000;

/** @param names its UPSes */
export function makePowerSite(chance: Chance, names = drawnNames(chance)): PowerSite {
  const { inventory: drawn } = makeFleet(chance);
  const inventory = { ...drawn, nodes: drawn.nodes.map((node) => withFeeds(node, names, chance)) };
  const sequences = chance.happens(0.4) ? [patientShutdown(inventory, chance.between(2, 12))] : [];
  const shutdown = planOf({ inventory, sequences }, 'shutdown', 'poweroff');
  const isWorstCase = chance.happens(0.5);
  const budgetMs = Math.round(
    isWorstCase
      ? boundOf(shutdown, 'full') + tailMs
      : (expectedOf(shutdown, {}, 'full') + tailMs) * chance.between(1, 1.6),
  );
  const power = {
    budgetMs,
    pollIntervalMs: chance.one([1000, 2000, 5000, 5000, 10_000]),
    debouncePolls: chance.one([2, 3, 3, 4]),
    onBatteryLimitMs: chance.one([60_000, 120_000]),
    coordinator: chance.one(['powers-off', 'powers-off', 'stays-up'] as const),
  };
  const config = { ...siteConfig(inventory, names, power), sequences };
  const telemetries = names.map(() => makeTelemetry(chance));
  const thresholds = telemetries.map((telemetry) => thresholdMsOf(config, telemetry));
  const upses = names.map((name, index) => ({
    name,
    telemetry: telemetries[index] ?? makeTelemetry(chance),
    battery: makeBattery(chance, thresholds[index] ?? 0, telemetries[index]?.tells !== 'runtime'),
  }));
  return {
    fleet: fleetOf({ inventory, sequences }),
    config,
    upses,
    plugs: plugsOf(inventory, names, () => chance.happens(0.6)),
    thresholdsMs: Object.fromEntries(names.map((name, index) => [name, thresholds[index] ?? 0])),
  };
}

const drawnNames = (chance: Chance): string[] =>
  ['rack-a', 'rack-b', 'rack-c'].slice(0, chance.one([1, 1, 1, 2, 2, 2, 3]));

type Declared = Pick<ManagerConfig, 'inventory' | 'sequences'>;

export function fleetOf(declared: Declared): Fleet {
  const { inventory } = declared;
  return {
    inventory,
    units: new Map(inventory.nodes.map((node) => [node.name, unitsOf(node)])),
    shutdown: planOf(declared, 'shutdown', 'poweroff'),
    clusterOnly: planOf(declared, 'shutdown', 'cluster-only'),
    startup: planOf(declared, 'startup', 'poweroff'),
    sequence: undefined,
  };
}

export const plugsOf = (
  inventory: Inventory,
  names: readonly string[],
  bootsWithSupply: () => boolean,
): GridPlug[] =>
  inventory.nodes.map((node) => ({
    node: node.name,
    feeds: feedsOf(node, names),
    minFeeds: minFeedsOf(node, names),
    bootsWithSupply: bootsWithSupply(),
  }));

export const thresholdMsOf = (
  { power }: ManagerConfig,
  { refreshMs, isRefreshTold }: TelemetryNature,
): number => thresholdOf(power, power.budgetMs, isRefreshTold ? refreshMs : assumedRefreshMs).thresholdMs;

const assumedRefreshMs = 30_000;

const planOf = (declared: Declared, name: 'shutdown' | 'startup', mode: PlanMode) =>
  requirePlan(sitePlan(declared, name, mode));

/** The built-in one, with grace periods so many times as long: mains may be back before the first power-off. */
export function patientShutdown(inventory: Inventory, times: number): SequenceDeclaration {
  const shutdown = defaultSequences(inventory).find(({ name }) => name === 'shutdown');
  if (!shutdown) throw new Error('no built-in shutdown');
  const patient = (step: StepDeclaration): StepDeclaration => {
    const { action } = step;
    if (action.type !== 'wait') return step;
    const durationMs = Math.round(times * action.durationMs);
    const atLeast = (ms: number | undefined) => ms && Math.max(ms, durationMs);
    return {
      ...step,
      action: { ...action, durationMs },
      expectedMs: atLeast(step.expectedMs),
      timeoutMs: atLeast(step.timeoutMs),
    };
  };
  const stages = shutdown.stages.map((stage) => ({ ...stage, steps: stage.steps.map(patient) }));
  return { ...shutdown, stages };
}

function withFeeds(node: InventoryNode, names: readonly string[], chance: Chance): InventoryNode {
  const feeds = names.filter(() => chance.happens(0.6));
  if (feeds.length === 0 || chance.happens(0.2)) return node;
  const minFeeds = chance.happens(0.3) ? 1 + Math.floor(chance.random() * feeds.length) : undefined;
  return { ...node, feeds, minFeeds };
}

/** As it would be read from a file that declares these. */
export function siteConfig(
  inventory: Inventory,
  names: readonly string[],
  declaredPower: Partial<ManagerConfig['power']>,
): ManagerConfig {
  const upses = names.map((name) => `    - { name: ${name}, ups: "${name}@127.0.0.1:3493" }`).join('\n');
  const power = names.length === 0 ? '' : `power:\n  upses:\n${upses}\n`;
  const read = parseConfig(`site: sim\n${power}`, 'coordinator');
  if (!('config' in read)) throw new Error(JSON.stringify(read.findings));
  const { config } = read;
  const declared: readonly UpsDeclaration[] = config.power.upses;
  return { ...config, inventory, power: { ...config.power, ...declaredPower, upses: declared } };
}

export function makeTelemetry(chance: Chance): TelemetryNature {
  const isRefreshTold = chance.happens(0.6);
  return {
    refreshMs: Math.round(chance.between(1000, isRefreshTold ? 60_000 : 30_000)),
    isRefreshTold,
    tells: chance.one(['runtime', 'runtime', 'runtime', 'runtime', 'charge', 'nothing'] as const),
    grainMs: chance.one([1, 1000, 1000, 60_000]),
    optimism: Array.from({ length: 1 + Math.floor(chance.random() * 6) }, () =>
      chance.one([1, 1, 1.1, chance.between(0.7, 1.1)]),
    ),
    lowPercent: Math.round(chance.between(3, 20)),
  };
}

export function makeBattery(chance: Chance, thresholdMs: number, isBlind: boolean): BatteryNature {
  const isShort = chance.happens(0.2);
  const factor = isShort ? chance.between(0.1, 1.4) : chance.between(isBlind ? 2.5 : 1.8, 4);
  const isDefective = chance.happens(0.15);
  const deadShare = isDefective ? chance.between(0.1, 0.6) : 0;
  return {
    fullMs: Math.round(factor * thresholdMs),
    baseShare: chance.between(0.05, 0.4),
    exponent: chance.between(1, 1.25),
    chargeRate: chance.between(2, 20),
    deadShare,
    revealedShare: isDefective ? Math.min(1, deadShare + chance.between(0, 0.5)) : 0,
  };
}
