/**
 * A second site, drawn by chance: a manager that watches UPSes, and forwards what they ask for to the coordinator's
 * manager. Either it runs on a node of the coordinator's site, or on a host of a site of its own; and its UPSes supply
 * the coordinator's site, too, or its own alone.
 */
import { parseNodeName } from '@hecate/proto/core/names.ts';
import type { ForwardDeclaration, ManagerConfig } from '../../manager/src/config/manager-config.ts';
import { boundOf, expectedOf } from '../../manager/src/core/plan/bounds.ts';
import type { Inventory, InventoryNode } from '../../manager/src/core/plan/inventory.ts';
import { thresholdOf } from '../../manager/src/core/power/ups/threshold.ts';
import { settleMs } from '../../manager/src/core/power/ups/ups-decision.ts';
import type { GridPlug } from './power-grid.ts';
import {
  fleetOf,
  makeBattery,
  makePowerSite,
  makeTelemetry,
  type PowerSite,
  patientShutdown,
  plugsOf,
  siteConfig,
  tailMs,
} from './power-site.ts';
import type { Chance, Fleet } from './runs-fleet.ts';

/**
 * on-a-node: the manager that forwards runs on a node of the coordinator's site, which watches no UPS of its own ·
 * beside: on a host of its own site, and its UPSes supply both · apart: on one of its own, and they supply that alone.
 */
export type SecondSiteKind = 'on-a-node' | 'beside' | 'apart';

export interface TwoPowerSites {
  readonly kind: SecondSiteKind;
  /** The coordinator's. */
  readonly receiver: PowerSite;
  readonly sender: PowerSite;
  /** As the receiver calls the manager that forwards: the node that it runs on, if it is one. */
  readonly peer: string;
  /** Nodes of the receiver that hang on UPSes of the sender. */
  readonly fed: readonly GridPlug[];
}

export const peerHost = 'tethys';
const place = { key: 'the simulation', line: 0 };

export function makeTwoSites(chance: Chance): TwoPowerSites {
  const isApart = chance.happens(0.3);
  const receiver = isApart ? makePowerSite(chance) : makePowerSite(chance, []);
  const { coordinator, nodes } = receiver.fleet.inventory;
  const others = nodes.map(({ name }) => name).filter((name) => name !== coordinator);
  const isOnNode = !isApart && others.length > 0 && chance.happens(0.6);
  const kind = isApart ? 'apart' : isOnNode ? 'on-a-node' : 'beside';
  const peer = isOnNode ? chance.one(others) : peerHost;
  const inventory = isOnNode ? noNodes : ownNodes(chance);
  const sender = makeSender(chance, inventory, receiver);
  const names = sender.upses.map(({ name }) => name);
  const fed = isApart ? [] : receiver.plugs.map((plug) => ({ ...plug, feeds: names, minFeeds: 1 }));
  return { kind, receiver, sender, peer, fed };
}

const noNodes: Inventory = { site: 'attic', coordinator: undefined, nodes: [], hooks: [] };

export const nodeOf = (
  name: string,
  role: InventoryNode['role'],
  units: readonly string[],
  index: number,
): InventoryNode => ({
  name: parseNodeName(name),
  role,
  dependsOn: [],
  units,
  macAddress: `02:00:00:00:01:0${index}`,
  wakeAddress: '255.255.255.255',
  address: `10.0.1.${index + 1}`,
  probePort: 22,
  place,
});

function ownNodes(chance: Chance): Inventory {
  const nodes = [nodeOf(peerHost, 'coordinator', ['app.service'], 0)];
  if (chance.happens(0.3)) nodes.push(nodeOf('rhea', 'other', ['db.service'], 1));
  return inventoryOf(nodes);
}

export const inventoryOf = (nodes: readonly InventoryNode[]): Inventory => ({
  site: 'attic',
  coordinator: nodes.find(({ role }) => role === 'coordinator')?.name,
  nodes,
  hooks: [],
});

function makeSender(chance: Chance, inventory: Inventory, receiver: PowerSite): PowerSite {
  const names = ['attic', 'cellar'].slice(0, chance.one([1, 1, 1, 2]));
  const isEmpty = inventory.nodes.length === 0;
  const sequences = !isEmpty && chance.happens(0.4) ? [patientShutdown(inventory, chance.between(1, 6))] : [];
  const declared = { inventory, sequences };
  const fleet = isEmpty ? fleetWithoutNodes(receiver.fleet) : fleetOf(declared);
  const isWorstCase = chance.happens(0.5);
  const ownMs = isEmpty
    ? tailMs
    : isWorstCase
      ? boundOf(fleet.shutdown, 'full') + tailMs
      : expectedOf(fleet.shutdown, {}, 'full') + tailMs * chance.between(1, 1.6);
  const theirMs = budgetMsOf(receiver);
  const forward: ForwardDeclaration = {
    to: [{ host: '10.0.0.1', port: 2020 }],
    identityDirectory: '/nowhere',
    acknowledgeWithinMs: chance.one([1000, 3000, 3000, 5000]),
    progressWithinMs: chance.one([5000, 15_000, 15_000, 30_000]),
    budgetMs: Math.round(theirMs * chance.one([1, 1, chance.between(0.5, 1.5)])),
    hasLocalShutdown: !isEmpty && chance.happens(0.8),
  };
  const power = {
    budgetMs: Math.round(ownMs),
    pollIntervalMs: chance.one([1000, 2000, 5000, 5000, 10_000]),
    debouncePolls: chance.one([2, 3, 3, 4]),
    onBatteryLimitMs: chance.one([60_000, 120_000]),
    forward,
  };
  const config = { ...siteConfig(inventory, names, power), sequences };
  const telemetries = names.map(() => makeTelemetry(chance));
  const thresholds = telemetries.map(({ refreshMs, isRefreshTold }) =>
    decisionThresholdMs(config, Math.max(theirMs, ownMs), isRefreshTold ? refreshMs : assumedRefreshMs),
  );
  const upses = names.map((name, index) => {
    const telemetry = telemetries[index] ?? makeTelemetry(chance);
    const isBlind = telemetry.tells !== 'runtime';
    return { name, telemetry, battery: makeBattery(chance, thresholds[index] ?? 0, isBlind) };
  });
  return {
    fleet,
    config,
    upses,
    plugs: plugsOf(inventory, names, () => chance.happens(0.6)),
    thresholdsMs: Object.fromEntries(names.map((name, index) => [name, thresholds[index] ?? 0])),
  };
}

const assumedRefreshMs = 30_000;

/** As the receiver says it, before runs have taught it. */
export const budgetMsOf = ({ config: { power } }: PowerSite): number =>
  power.budgetMs + (power.coordinator === 'stays-up' ? power.coordinatorHaltMs + settleMs : 0);

/** Of what is forwarded: the time that it takes over there, and the way there. */
export const decisionThresholdMs = (
  { power }: ManagerConfig,
  budgetMs: number,
  refreshMs: number,
): number => {
  const forwardingLatencyMs = Math.max(power.forwardingLatencyMs, power.forward?.acknowledgeWithinMs ?? 0);
  return thresholdOf({ ...power, forwardingLatencyMs }, budgetMs, refreshMs).thresholdMs;
};

/** Nothing is shut down nor started here. */
export const fleetWithoutNodes = ({ shutdown }: Fleet): Fleet => ({
  inventory: noNodes,
  units: new Map(),
  shutdown,
  clusterOnly: undefined,
  startup: undefined,
  sequence: undefined,
});
