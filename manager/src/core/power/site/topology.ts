/**
 * What hangs on which UPS: how long a node has power, and which nodes must go down when some UPSes give out. Where one
 * of several UPSes dies, only the nodes behind it go down, with those that cannot be without them; all of them, where
 * the servers would lose their quorum, or the coordinator its power.
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { dependenciesOf, reachableFrom } from '../../plan/dependencies.ts';
import type { Inventory, InventoryNode } from '../../plan/inventory.ts';
import { formatList, formatNodes } from '../../plan/plan-words.ts';
import { sortedNames } from '../../plan/select-nodes.ts';
import type { UpsConfig } from '../ups/ups-config.ts';
import { estimateOf, thresholdFor } from '../ups/ups-estimate.ts';
import type { UpsState } from '../ups/ups-state.ts';

type Fed = Pick<InventoryNode, 'feeds' | 'minFeeds'>;

/** The UPSes of a node: as declared, else all of the site. */
export const feedsOf = ({ feeds }: Fed, upses: readonly string[]): readonly string[] => feeds ?? upses;

/** How many of them it needs, at least one and at most those that it has. */
export const minFeedsOf = (node: Fed, upses: readonly string[]): number =>
  Math.min(Math.max(1, node.minFeeds ?? 1), feedsOf(node, upses).length);

/** How long a UPS supplies what hangs on it. Infinity: it has mains, or is silent and had it. */
export function supplyMs(state: UpsState, config: UpsConfig, nowMs: number): number {
  const { source, leftMs, slackMs } = estimateOf(state, config, nowMs);
  if (source === 'output') return 0;
  if (state.outage === undefined || state.mainsSinceMs !== undefined) return Number.POSITIVE_INFINITY;
  // Of a UPS that tells nothing, the timer is all there is.
  return leftMs ?? Math.max(0, thresholdFor(state, config).thresholdMs + slackMs);
}

/** The k-th best of its feeds, k being how many it needs; Infinity for a node that hangs on no UPS. */
export function nodeSupplyMs(
  node: Fed,
  upses: readonly string[],
  supplies: Readonly<Record<string, number>>,
): number {
  const best = feedsOf(node, upses)
    .map((feed) => (Object.hasOwn(supplies, feed) ? supplies[feed] : undefined) ?? Number.POSITIVE_INFINITY)
    .sort((one, other) => other - one);
  return best[minFeedsOf(node, upses) - 1] ?? Number.POSITIVE_INFINITY;
}

export interface NodeFate {
  readonly node: NodeName;
  /** A sentence: why it must go down. */
  readonly why: string;
}

export interface ShutdownScope {
  /** Sorted; empty: every node has feeds enough. */
  readonly nodes: readonly NodeName[];
  /** In the order of `nodes`. */
  readonly fates: readonly NodeFate[];
  readonly isAll: boolean;
  /** For people, and for `plan`. */
  readonly sentence: string;
}

/**
 * What stays up with the coordinator while its battery lasts: it, and what it depends on. Sorted.
 * @param spent UPSes that do not even supply these any longer
 */
export function stayingNodes(
  inventory: Inventory,
  upses: readonly string[],
  spent: ReadonlySet<string>,
): readonly NodeName[] {
  const coordinator = inventory.nodes.find(({ name }) => name === inventory.coordinator);
  if (coordinator === undefined || isStarved(coordinator, upses, spent)) return [];
  return sortedNames([coordinator.name, ...reachableFrom(coordinator.name, dependenciesOf(inventory))]);
}

/**
 * Which nodes must go down when these UPSes give out.
 * @param staying nodes that do not, whatever they hang on
 */
export function shutdownScope(
  inventory: Inventory,
  upses: readonly string[],
  triggered: ReadonlySet<string>,
  staying: readonly NodeName[] = [],
): ShutdownScope {
  const fates = new Map<NodeName, string>();
  const condemn = (nodes: readonly InventoryNode[], why: (node: InventoryNode) => string): boolean => {
    const fresh = nodes.filter(({ name }) => !fates.has(name) && !staying.includes(name));
    for (const node of fresh) fates.set(node.name, why(node));
    return fresh.length > 0;
  };
  condemn(
    inventory.nodes.filter((node) => isStarved(node, upses, triggered)),
    (node) => starvedSentence(node, upses, triggered),
  );
  while (spread(inventory, fates, condemn));
  const nodes = sortedNames(fates.keys());
  const isAll = nodes.length === inventory.nodes.length && nodes.length > 0;
  return {
    nodes,
    fates: nodes.map((node) => ({ node, why: fates.get(node) ?? '' })),
    isAll,
    sentence: scopeSentence(sortedNames(fates.keys()), isAll, triggered),
  };
}

type Condemn = (nodes: readonly InventoryNode[], why: (node: InventoryNode) => string) => boolean;

function isStarved(node: InventoryNode, upses: readonly string[], triggered: ReadonlySet<string>): boolean {
  const left = feedsOf(node, upses).filter((feed) => !triggered.has(feed)).length;
  return left < minFeedsOf(node, upses);
}

function starvedSentence(
  node: InventoryNode,
  upses: readonly string[],
  triggered: ReadonlySet<string>,
): string {
  const feeds = feedsOf(node, upses);
  const left = feeds.filter((feed) => !triggered.has(feed)).length;
  const lost = feeds.filter((feed) => triggered.has(feed));
  return `without ${formatList(lost)} it has ${left} of ${minFeedsOf(node, upses)} feeds that it needs`;
}

/** One step further: who goes with those that go. @returns whether anybody does. */
function spread(inventory: Inventory, fates: ReadonlyMap<NodeName, string>, condemn: Condemn): boolean {
  const { nodes, coordinator } = inventory;
  if (coordinator !== undefined && fates.has(coordinator))
    return condemn(
      nodes,
      () => `${coordinator}, the coordinator, goes down: nobody is left to watch over it`,
    );
  const lostNeed = (node: InventoryNode): NodeName | undefined =>
    node.dependsOn.find((needed) => fates.has(needed));
  const dependents = nodes.filter((node) => lostNeed(node) !== undefined);
  const hasSpread = condemn(dependents, (node) => `it depends on ${lostNeed(node)}`);
  return spreadInCluster(nodes, fates, condemn) || hasSpread;
}

/** What roles imply: servers need all storage, agents need the servers' quorum, and servers need it, too. */
function spreadInCluster(
  nodes: readonly InventoryNode[],
  fates: ReadonlyMap<NodeName, string>,
  condemn: Condemn,
): boolean {
  const cluster = nodes.filter(({ role }) => role === 'server' || role === 'agent');
  const storage = nodes.find(({ role, name }) => role === 'storage' && fates.has(name));
  if (storage) return condemn(cluster, () => `the servers keep their data on ${storage.name}`);
  const servers = cluster.filter(({ role }) => role === 'server');
  const left = servers.filter(({ name }) => !fates.has(name)).length;
  const quorum = Math.floor(servers.length / 2) + 1;
  if (servers.length === 0 || left >= quorum) return false;
  return condemn(cluster, () => `the servers lose their quorum: ${left} of ${quorum} would be left`);
}

function scopeSentence(nodes: readonly NodeName[], isAll: boolean, triggered: ReadonlySet<string>): string {
  const lost = formatList([...triggered].sort());
  if (nodes.length === 0) return `without ${lost} every node still has feeds enough`;
  return `without ${lost} ${isAll ? 'every node goes' : `${formatNodes(nodes)} ${nodes.length === 1 ? 'goes' : 'go'}`} down`;
}

/** The inventory cut down to what goes down: a shutdown is compiled from it as from a whole one. */
export function scopedInventory(
  inventory: Inventory,
  { nodes, isAll }: Pick<ShutdownScope, 'nodes' | 'isAll'>,
): Inventory {
  if (isAll) return inventory;
  const names = new Set(nodes);
  const { coordinator } = inventory;
  return {
    ...inventory,
    coordinator: coordinator !== undefined && names.has(coordinator) ? coordinator : undefined,
    nodes: inventory.nodes
      .filter(({ name }) => names.has(name))
      .map((node) => ({ ...node, dependsOn: node.dependsOn.filter((name) => names.has(name)) })),
  };
}
