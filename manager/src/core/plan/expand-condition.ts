/** A condition as it is declared, over selectors, as a condition over nodes. */
import type { StepCompilation } from './compilation.ts';
import type { Condition, Gate, Leaf } from './gate.ts';
import { isComposed } from './gate-verdict.ts';
import type { InventoryNode } from './inventory.ts';
import { unitsOf } from './node-units.ts';
import { formatCommand } from './plan-words.ts';
import type { ConditionDeclaration, GateDeclaration } from './sequence.ts';

/** Undefined: there is nothing to look at, so that it would hold without a look. */
export function expandGate(declaration: GateDeclaration, compilation: StepCompilation): Gate | undefined {
  const conditions = expandEach(declaration.condition, compilation);
  if (conditions.length === 0) return undefined;
  return {
    sentence: declaration.sentence,
    condition: allOf(conditions),
    intervalMs: declaration.intervalMs,
    consecutive: Math.max(1, declaration.consecutive),
  };
}

function allOf(conditions: readonly Condition[]): Condition {
  const [only] = conditions;
  return conditions.length === 1 && only !== undefined ? only : { type: 'all', of: conditions };
}

/**
 * One condition for each node that is meant, so that `any` and `at-least` count nodes: `at least 2 of` a unit on
 * `role:server` is two of the servers.
 */
function expandEach(declaration: ConditionDeclaration, compilation: StepCompilation): Condition[] {
  switch (declaration.type) {
    case 'unit':
      return compilation.select(declaration.nodes).flatMap((node) => unitsOnNode(node, declaration));
    case 'node':
      return compilation.select(declaration.nodes).map((node) => nodeLeaf(node, declaration.state));
    case 'exec':
      return expandExec(declaration, compilation);
    case 'tcp':
    case 'http':
      return [declaration];
    case 'all':
    case 'any':
    case 'at-least':
      return expandComposed(declaration, compilation);
  }
}

type Declared<Type> = Extract<ConditionDeclaration, { readonly type: Type }>;

function unitsOnNode(node: InventoryNode, { units, states }: Declared<'unit'>): Condition[] {
  const names = units === 'of-node' ? unitsOf(node) : units;
  const leaves = names.map((unit): Leaf => ({ type: 'unit', node: node.name, unit, states }));
  return leaves.length === 0 ? [] : [allOf(leaves)];
}

export const nodeLeaf = (node: InventoryNode, state: 'online' | 'offline' | 'powered-off'): Leaf => ({
  type: 'node',
  node: node.name,
  state,
  address: node.address,
  probePort: node.probePort,
});

function expandExec(declaration: Declared<'exec'>, compilation: StepCompilation): Condition[] {
  const { argv, exitStatus } = declaration;
  if (argv.length === 0) compilation.error('a gate runs no command', 'give it a command');
  const nodes = compilation.select(declaration.nodes);
  if (nodes.length === 0) {
    compilation.error(`a gate runs ${formatCommand(argv)} on no node`, 'name nodes that are there');
  }
  return nodes.map((node): Leaf => ({ type: 'exec', node: node.name, argv, exitStatus }));
}

function expandComposed(
  declaration: Declared<'all' | 'any'> | Declared<'at-least'>,
  compilation: StepCompilation,
): Condition[] {
  const of = declaration.of.flatMap((inner) => expandEach(inner, compilation));
  if (declaration.type === 'at-least') return atLeast(declaration.count, of, compilation);
  if (declaration.type === 'all') return of.length === 0 ? [] : [allOf(of)];
  if (of.length === 0) compilation.error('any of nothing never holds', 'name nodes that are there');
  return [{ type: 'any', of }];
}

function atLeast(count: number, of: readonly Condition[], compilation: StepCompilation): Condition[] {
  if (count < 1 || count > of.length) {
    const expected = of.length === 0 ? 'there is none to count' : `expected 1 to ${of.length}`;
    compilation.error(`at least ${count} of ${of.length}: ${expected}`, 'correct the count, or name more');
  }
  return [{ type: 'at-least', count, of }];
}

/** Whether all that a condition waits for is that hosts go: nothing to wait for when none is powered off. */
export function waitsOnlyForPower(condition: Condition): boolean {
  if (isComposed(condition)) return condition.of.length > 0 && condition.of.every(waitsOnlyForPower);
  return condition.type === 'node' && condition.state !== 'online';
}
