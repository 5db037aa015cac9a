/** Which nodes and units a request means. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import { globMatches, isGlob, matchesAny } from '@hecate/proto/core/glob.ts';
import { endsUnits, isLifeline } from '@hecate/proto/core/lifelines.ts';
import { parseNodeName } from '@hecate/proto/core/names.ts';
import { nearestWord } from '@hecate/proto/core/suggestion.ts';
import { parseUnitName, unitType } from '@hecate/proto/core/unit-name.ts';
import type { ListUnits, NodeSelection, UnitState, Verb } from '@hecate/proto/generated/wire.ts';
import type { FleetNode, FleetState } from './fleet.ts';

/**
 * The nodes of a selection, sorted by name. A plain name that is not of this site is an error; so is a
 * selection that selects nothing, because an operation on nothing is a typing mistake.
 * @throws HEC_NO_SUCH_NODE, HEC_NOTHING_MATCHED, HEC_BAD_NAME, HEC_USAGE
 */
export function selectNodes(fleet: FleetState, selection: NodeSelection | undefined): FleetNode[] {
  const all = [...fleet.nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (selection?.all) return all;
  if (!selection || selection.patterns.length === 0) {
    throw new HecateError('HEC_USAGE', 'no node was named', 'name a node, a glob, a comma list, or --all');
  }
  for (const pattern of selection.patterns) {
    if (!isGlob(pattern)) requireNode(fleet, pattern);
  }
  const selected = all.filter((node) => matchesAny(selection.patterns, node.name));
  if (selected.length > 0) return selected;
  throw new HecateError(
    'HEC_NOTHING_MATCHED',
    `no node matches ${selection.patterns.join(', ')}`,
    'hecatectl list-nodes shows the nodes of this site',
  );
}

function requireNode(fleet: FleetState, name: string): void {
  if (fleet.nodes.has(parseNodeName(name))) return;
  const near = nearestWord(name, fleet.nodes.keys());
  throw new HecateError(
    'HEC_NO_SUCH_NODE',
    `there is no node ${name} in this site`,
    `${near ? `did you mean ${near}? ` : ''}hecatectl list-nodes shows them; hecatectl node enroll ${name} adds it`,
  );
}

/**
 * The unit names that patterns mean on one node: plain names as they are, globs over the loaded units.
 * @throws HEC_BAD_NAME for a plain name that systemd would not take
 */
export function selectUnits(node: FleetNode, patterns: readonly string[]): string[] {
  const names = new Set<string>();
  for (const pattern of patterns) {
    if (!isGlob(pattern)) names.add(parseUnitName(pattern));
    else for (const name of node.units.keys()) if (globMatches(pattern, name)) names.add(name);
  }
  return [...names].sort();
}

/**
 * What of these units a pattern alone found, though the node would be cut off without it. Such units are meant only
 * when they are named outright.
 */
export function lifelinesAmong(
  node: FleetNode,
  { verb, units: patterns }: { verb: Verb; units: readonly string[] },
  units: readonly string[],
): string[] {
  if (!endsUnits(verb)) return [];
  return units.filter((unit) => !patterns.includes(unit) && isLifeline(unit, node.ownUnit));
}

/** Whether what is held of the node's units is the whole list, and of now (I12). */
export const isKnown = (node: FleetNode): boolean =>
  node.connection === 'online' && node.snapshotComplete && node.busConnected;

/** Whether list-units shows this unit under these filters. */
export function isListed(unit: UnitState, filter: ListUnits): boolean {
  if (filter.patterns.length > 0 && !matchesAny(filter.patterns, unit.name)) return false;
  if (filter.types.length > 0 && !filter.types.includes(unitType(unit.name))) return false;
  const states = [unit.loadState, unit.activeState, unit.subState];
  if (filter.states.length > 0) return filter.states.some((state) => states.includes(state));
  return (
    filter.inactiveToo || filter.patterns.length > 0 || unit.activeState !== 'inactive' || unit.jobId !== 0
  );
}

/** I12: what was observed on a node that is not heard any more is unknown, not what it was. */
export const unknownUnit = (unit: UnitState): UnitState => ({
  ...unit,
  activeState: 'unknown',
  subState: 'unknown',
  jobId: 0,
  jobType: '',
});
