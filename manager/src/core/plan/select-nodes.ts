/** Which nodes of the inventory a declaration means. */
import { globMatches, isGlob } from '@hecate/proto/core/glob.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import { nearestWord } from '@hecate/proto/core/suggestion.ts';
import { errorAt, type Finding, warningAt } from './finding.ts';
import type { Inventory, InventoryNode, NodeRole, Place } from './inventory.ts';
import type { NodeSelector } from './sequence.ts';

export const nodeRoles: readonly NodeRole[] = ['server', 'agent', 'storage', 'coordinator', 'other'];

export interface SelectedNodes {
  /** Each once, sorted by name. */
  readonly nodes: readonly InventoryNode[];
  readonly findings: readonly Finding[];
}

/** I13: the order in which nodes are declared means nothing. */
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : Number(a.name > b.name);

export const sortedNames = (names: Iterable<NodeName>): NodeName[] => [...new Set(names)].sort();

/** The union of what the selectors mean. A name or a glob that means nobody is an error, a role or `all` a warning. */
export function selectNodes(
  inventory: Inventory,
  selectors: readonly NodeSelector[],
  place: Place,
): SelectedNodes {
  const selected = new Set<InventoryNode>();
  const findings: Finding[] = [];
  for (const selector of selectors) {
    const nodes = inventory.nodes.filter(matcherOf(selector));
    for (const node of nodes) selected.add(node);
    if (nodes.length === 0) findings.push(nobody(inventory, selector, place));
  }
  if (selectors.length === 0) findings.push(errorAt(place, 'no node is named', 'name nodes, a role, or all'));
  return { nodes: [...selected].sort(byName), findings };
}

const roleOf = (selector: NodeSelector): string | undefined =>
  selector.startsWith('role:') ? selector.slice('role:'.length) : undefined;

/** Made once for a selector: an inventory may have a thousand nodes, and a gate as many selectors. */
function matcherOf(selector: NodeSelector): (node: InventoryNode) => boolean {
  if (selector === 'all') return () => true;
  const role = roleOf(selector);
  if (role !== undefined) return (node) => node.role === role;
  return isGlob(selector) ? (node) => globMatches(selector, node.name) : (node) => node.name === selector;
}

function nobody(inventory: Inventory, selector: NodeSelector, place: Place): Finding {
  const role = roleOf(selector);
  if (role !== undefined && !nodeRoles.some((known) => known === role)) {
    return errorAt(place, `there is no role ${JSON.stringify(role)}`, `roles are ${nodeRoles.join(', ')}`);
  }
  if (role !== undefined || selector === 'all') {
    return warningAt(place, `${selector} means no node of the inventory`, 'declare such nodes, or remove it');
  }
  if (isGlob(selector)) {
    return errorAt(place, `no node of the inventory matches ${selector}`, 'correct the pattern');
  }
  const near = nearestWord(
    selector,
    inventory.nodes.map(({ name }) => name),
  );
  const hint = near === undefined ? '' : `did you mean ${near}? `;
  return errorAt(place, `there is no node ${selector} in the inventory`, `${hint}declare it under inventory`);
}

export const byNode = (a: { readonly node: NodeName }, b: { readonly node: NodeName }): number =>
  a.node < b.node ? -1 : Number(a.node > b.node);
