/**
 * The built-in startup and shutdown of a k3s cluster of any size, or of hosts without one, in the form that an
 * operator would write: `hecatectl plan` shows what becomes of it, and a sequence of the same name replaces it.
 */
import { defaultShutdown } from './default-shutdown.ts';
import { defaultStartup } from './default-startup.ts';
import type { Inventory } from './inventory.ts';
import type { SequenceDeclaration } from './sequence.ts';

/** Those for which the inventory has nodes; none for an empty one. */
export const defaultSequences = (inventory: Inventory): SequenceDeclaration[] =>
  [defaultShutdown(inventory), defaultStartup(inventory)].filter(({ stages }) => stages.length > 0);

/** All sequences of a site, sorted by name: the declared ones, and the built-in ones that they do not replace. */
export function sequencesOf(
  inventory: Inventory,
  declared: readonly SequenceDeclaration[],
): SequenceDeclaration[] {
  const names = new Set(declared.map(({ name }) => name));
  const builtIn = defaultSequences(inventory).filter(({ name }) => !names.has(name));
  return [...declared, ...builtIn].sort((a, b) => (a.name < b.name ? -1 : 1));
}
