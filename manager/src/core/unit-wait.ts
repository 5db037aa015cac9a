/**
 * Whether every one of some units has come into a state, kept up to date change by change: a state that lasts no
 * longer than until the next change counts, too. Pure.
 */
import { matchesAny } from '@hecate/proto/core/glob.ts';
import {
  createUnitState,
  type MonitorEvent,
  type UnitBatch,
  type UnitState,
  type WaitUnits,
} from '@hecate/proto/generated/wire.ts';
import type { FleetNode, FleetState } from './fleet.ts';
import { isKnown, selectNodes, selectUnits, unknownUnit } from './selection.ts';

interface WaitedNode {
  /** Whether its state is heard; in no state is what is not (I12). */
  readonly isKnown: boolean;
  /** What the wait is for, by name. */
  readonly units: Map<string, UnitState>;
}

export interface UnitWait {
  readonly wanted: WaitUnits;
  /** By name. */
  readonly nodes: Map<string, WaitedNode>;
}

const notLoaded = (name: string): UnitState =>
  createUnitState({ name, loadState: 'not-found', activeState: 'inactive', subState: 'dead' });

/** A unit that is not in a complete list is not loaded, and so inactive; in an incomplete one it is unknown (I12). */
function stateOf(node: FleetNode, name: string): UnitState {
  const unit = node.units.get(name) ?? notLoaded(name);
  return isKnown(node) ? unit : unknownUnit(unit);
}

/** @throws HEC_NO_SUCH_NODE, HEC_NOTHING_MATCHED, HEC_BAD_NAME */
export function openUnitWait(fleet: FleetState, wanted: WaitUnits): UnitWait {
  const wait: UnitWait = { wanted, nodes: new Map() };
  noteFleet(wait, fleet);
  return wait;
}

/** The list of nodes itself has changed. @throws as openUnitWait, when a node that was named is gone */
export function noteFleet(wait: UnitWait, fleet: FleetState): true {
  const nodes = selectNodes(fleet, wait.wanted.nodes);
  wait.nodes.clear();
  for (const node of nodes) lookAt(wait, node);
  return true;
}

/** @returns whether the node is heard again, or no more: then all of its units are looked at */
export function noteNode(wait: UnitWait, node: FleetNode): boolean {
  const before = wait.nodes.get(node.name);
  if (!before || before.isKnown === isKnown(node)) return false;
  lookAt(wait, node);
  return true;
}

function lookAt(wait: UnitWait, node: FleetNode): void {
  const names = selectUnits(node, wait.wanted.units);
  wait.nodes.set(node.name, {
    isKnown: isKnown(node),
    units: new Map(names.map((name) => [name, stateOf(node, name)])),
  });
}

/** One change, in the order in which they were told. @returns whether it is of one of the units */
export function noteEvent(wait: UnitWait, { node, event }: MonitorEvent): boolean {
  const { units: patterns } = wait.wanted;
  const waited = wait.nodes.get(node);
  if (!waited?.isKnown) return false;
  if (event.case === 'unit') {
    const unit = event.value;
    if (!waited.units.has(unit.name) && !matchesAny(patterns, unit.name)) return false;
    waited.units.set(unit.name, unit);
    return true;
  }
  if (event.case !== 'unitRemoved' || !waited.units.has(event.value)) return false;
  if (patterns.includes(event.value)) waited.units.set(event.value, notLoaded(event.value));
  else waited.units.delete(event.value);
  return true;
}

/** Every unit on every node is in the state at the same time, and there is one. */
export function isReached({ nodes, wanted }: UnitWait): boolean {
  let count = 0;
  for (const node of nodes.values()) {
    if (!node.isKnown) return false;
    for (const unit of node.units.values()) if (unit.activeState !== wanted.activeState) return false;
    count += node.units.size;
  }
  return count > 0;
}

/** What was told last, for the answer. */
export const lastOf = ({ nodes }: UnitWait): UnitBatch[] =>
  [...nodes].map(([node, { isKnown, units }]) => ({
    node,
    units: [...units.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    stale: !isKnown,
  }));
