/** What the parts of the compiler share: what they compile from, and where they report what is wrong. */
import { errorAt, type Finding, warningAt } from './finding.ts';
import type { Inventory, InventoryNode, Place } from './inventory.ts';
import type { PlanMode } from './plan.ts';
import { selectNodes } from './select-nodes.ts';
import type { NodeSelector } from './sequence.ts';

export interface Compilation {
  readonly inventory: Inventory;
  readonly mode: PlanMode;
  readonly report: (...findings: readonly Finding[]) => void;
}

/** A compilation within one step: what is wrong is reported at its place. */
export interface StepCompilation extends Compilation {
  readonly place: Place;
  readonly error: (message: string, remedy: string) => void;
  readonly warn: (message: string, remedy: string) => void;
  readonly select: (selectors: readonly NodeSelector[]) => readonly InventoryNode[];
}

export const compilationAt = (compilation: Compilation, place: Place): StepCompilation => ({
  ...compilation,
  place,
  error: (message, remedy) => compilation.report(errorAt(place, message, remedy)),
  warn: (message, remedy) => compilation.report(warningAt(place, message, remedy)),
  select: (selectors) => {
    const { nodes, findings } = selectNodes(compilation.inventory, selectors, place);
    compilation.report(...findings);
    return nodes;
  },
});
