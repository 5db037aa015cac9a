/**
 * What can never work, and what may not, of a plan as it was compiled: a walk over its steps that knows which nodes
 * are off by then. Each finding is at the place where its step was declared.
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { checkPowerOrder, nodesSeenOff } from './check-power-order.ts';
import type { PlacedStage } from './compile-plan.ts';
import { errorAt, type Finding, warningAt } from './finding.ts';
import type { Condition, Gate, Leaf } from './gate.ts';
import { judge, leafKey, leafSentence, leavesOf } from './gate-verdict.ts';
import type { Place } from './inventory.ts';
import type { Action, Plan, Step } from './plan.ts';

export interface PlacedStepDeclaration {
  readonly step: Step;
  readonly place: Place;
}

export function checkPlan(plan: Plan, stages: readonly PlacedStage[]): Finding[] {
  const steps = stages.flatMap(({ stage, places }) =>
    stage.steps.map((step, index) => ({ step, place: places[index] ?? { key: '', line: 0 } })),
  );
  return [...checkNodesThatAreOff(steps), ...steps.flatMap(checkGates), ...checkPowerOrder(plan, steps)];
}

/** From its poweroff on, until it is woken, nothing can be done or seen on a node. */
function checkNodesThatAreOff(steps: readonly PlacedStepDeclaration[]): Finding[] {
  const off = new Set<NodeName>();
  return steps.flatMap(({ step, place }) => {
    const findings = step.methods.flatMap((method, index) => {
      if (method.type === 'wake') for (const { node } of method.targets) off.delete(node);
      // What is tried when a host has not gone off is for a host that is up.
      const doubted = index === 0 ? [] : nodesSeenOff(step);
      const certain = new Set([...off].filter((node) => !doubted.includes(node)));
      return whatIsOff(method, certain).map((what) =>
        errorAt(place, `${what}, but it was powered off before`, 'move it before the poweroff, or remove it'),
      );
    });
    for (const node of step.powersOff) off.add(node);
    return findings;
  });
}

function whatIsOff(method: Action, off: ReadonlySet<NodeName>): string[] {
  if (method.type === 'operations') {
    return method.operations
      .filter(({ node }) => off.has(node))
      .map(({ node, verb, unit }) => `${verb}${unit === '' ? '' : ` ${unit}`} is for ${node}`);
  }
  if (method.type !== 'gate' || off.size === 0 || canHold(method.gate.condition, off)) return [];
  return leavesOf(method.gate.condition)
    .filter((leaf) => isHopeless(leaf, off))
    .map((leaf) => `the gate "${method.gate.sentence}" waits until ${leafSentence(leaf)}`);
}

const isHopeless = (leaf: Leaf, off: ReadonlySet<NodeName>): boolean =>
  'node' in leaf && off.has(leaf.node) && (leaf.type !== 'node' || leaf.state === 'online');

/** Whether a condition can hold at best: everything does that does not need a node that is off. */
function canHold(condition: Condition, off: ReadonlySet<NodeName>): boolean {
  const atBest = leavesOf(condition).map((leaf) => [
    leafKey(leaf),
    { verdict: isHopeless(leaf, off) ? ('fails' as const) : ('holds' as const), detail: '' },
  ]);
  return judge(condition, Object.fromEntries(atBest)).verdict === 'holds';
}

const gatesOf = (step: Step): readonly Gate[] =>
  step.methods.flatMap((method) => (method.type === 'gate' || method.type === 'wake' ? [method.gate] : []));

/** One look may be mistaken: a switch that restarts looks like a host that is off (I12). */
function checkGates({ step, place }: PlacedStepDeclaration): Finding[] {
  return gatesOf(step)
    .filter(({ condition, consecutive }) => consecutive < 2 && leavesOf(condition).some(isPoweredOff))
    .map(({ sentence }) =>
      warningAt(place, `the gate "${sentence}" takes one look for "powered off"`, 'give it consecutive: 2'),
    );
}

const isPoweredOff = (leaf: Leaf): boolean => leaf.type === 'node' && leaf.state === 'powered-off';
