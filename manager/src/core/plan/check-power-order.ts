/** I3 and I4, read off the plan: dependents are off, and seen to be off, before what they depend on; and who is last. */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { keptAt, stepsOf } from './bounds.ts';
import type { PlacedStepDeclaration } from './check-plan.ts';
import { type Dependencies, dependentsOf } from './dependencies.ts';
import { errorAt, type Finding, warningAt } from './finding.ts';
import type { Condition } from './gate.ts';
import { isComposed } from './gate-verdict.ts';
import { type Plan, type Rung, rungs, type Step } from './plan.ts';
import { formatList } from './plan-words.ts';

export const checkPowerOrder = (plan: Plan, steps: readonly PlacedStepDeclaration[]): Finding[] => [
  ...checkDependents(plan, steps),
  ...checkCoordinator(plan, steps),
];

/** At every rung: a step that is left out must not leave out what another one relies on. Each fault is told once. */
function checkDependents(plan: Plan, steps: readonly PlacedStepDeclaration[]): Finding[] {
  const told = new Set<string>();
  const dependents = dependentsOf(
    new Map([
      ...plan.nodes.map((node) => [node, []] as const),
      ...plan.dependencies.flatMap(({ dependsOn }) => dependsOn.map((node) => [node, []] as const)),
      ...plan.dependencies.map(({ node, dependsOn }) => [node, dependsOn] as const),
    ]),
  );
  return rungs.flatMap((rung) =>
    walk(plan, steps, dependents, rung).filter(({ message, key }) => {
      const isNew = !told.has(`${key} ${message}`);
      told.add(`${key} ${message}`);
      return isNew;
    }),
  );
}

function walk(
  plan: Plan,
  steps: readonly PlacedStepDeclaration[],
  dependents: Dependencies,
  rung: Rung,
): Finding[] {
  const seenOff = new Set<NodeName>();
  const kept = new Set(
    stepsOf(plan)
      .filter(({ address }) => keptAt(plan, address, rung))
      .map(({ step }) => step.id),
  );
  return steps
    .filter(({ step }) => kept.has(step.id))
    .flatMap(({ step, place }) => {
      const findings = step.powersOff.flatMap((node) => {
        const up = (dependents.get(node) ?? []).filter((dependent) => !seenOff.has(dependent));
        if (up.length === 0) return [];
        const who = `${formatList(up)} ${up.length === 1 ? 'depends' : 'depend'} on it`;
        return [
          errorAt(
            place,
            `${node} is powered off while ${who} and may be up`,
            'power them off in an earlier step, or wait for a gate that they are powered off',
          ),
        ];
      });
      for (const node of nodesSeenOff(step)) seenOff.add(node);
      return findings;
    });
}

/** When the first of its methods is a gate that holds only with them off; what follows is by the step's own policy. */
export function nodesSeenOff(step: Step): readonly NodeName[] {
  const [method] = step.methods;
  return method?.type === 'gate' ? demandedOff(method.gate.condition) : [];
}

function demandedOff(condition: Condition): NodeName[] {
  if (!isComposed(condition)) {
    return condition.type === 'node' && condition.state === 'powered-off' ? [condition.node] : [];
  }
  const isEachNeeded = condition.type === 'all' || condition.of.length === 1;
  return isEachNeeded ? condition.of.flatMap(demandedOff) : [];
}

function checkCoordinator(plan: Plan, steps: readonly PlacedStepDeclaration[]): Finding[] {
  const { coordinator } = plan;
  if (coordinator === undefined) return withoutCoordinator(plan, steps);
  const reboots = steps
    .filter(({ step }) =>
      operationsOf(step).some(({ node, verb }) => node === coordinator && verb === 'reboot'),
    )
    .map(({ place }) =>
      errorAt(place, `the coordinator ${coordinator} would reboot under its own run`, 'leave it out'),
    );
  const index = steps.findIndex(({ step }) => step.powersOff.includes(coordinator));
  const own = steps[index];
  if (own === undefined) return reboots;
  const stage = plan.stages.find(({ steps: inStage }) => inStage.includes(own.step));
  return [
    ...reboots,
    ...notAlone(own, coordinator),
    ...notLast(steps.slice(index + 1), coordinator, stage?.name),
    ...leftOn(plan, steps, own),
  ];
}

/** Not an error: the manager may run on a host that is no node. But one of these may be its own (I4). */
function withoutCoordinator(plan: Plan, steps: readonly PlacedStepDeclaration[]): Finding[] {
  const first = steps.find(({ step }) => step.powersOff.length > 0);
  if (plan.kind !== 'shutdown' || first === undefined) return [];
  const message =
    'no node is declared as coordinator: if the manager runs on one of them, it may not go off last';
  const remedy = 'declare the host of the manager with role: coordinator; else leave it as it is';
  return [warningAt(first.place, message, remedy)];
}

const operationsOf = (step: Step) =>
  step.methods.flatMap((method) => (method.type === 'operations' ? method.operations : []));

function notAlone({ step, place }: PlacedStepDeclaration, coordinator: NodeName): Finding[] {
  const others = [...new Set(operationsOf(step).map(({ node }) => node))].filter(
    (node) => node !== coordinator,
  );
  if (others.length === 0) return [];
  const message = `the coordinator ${coordinator} is powered off together with ${formatList(others)}`;
  return [errorAt(place, message, 'give the coordinator a step of its own at the end')];
}

function notLast(after: readonly PlacedStepDeclaration[], coordinator: NodeName, stage = ''): Finding[] {
  return after.map(({ step, place }) =>
    errorAt(
      place,
      `step ${step.id} (${step.name}) comes after the poweroff of the coordinator ${coordinator} in stage ${stage}`,
      'power the coordinator off last: nobody is there to do what follows',
    ),
  );
}

/** Not an error: a router that stays on may be in the inventory, too. */
function leftOn(plan: Plan, steps: readonly PlacedStepDeclaration[], own: PlacedStepDeclaration): Finding[] {
  const off = new Set(steps.flatMap(({ step }) => step.powersOff));
  const on = plan.nodes.filter((node) => !off.has(node));
  if (on.length === 0) return [];
  const verb = on.length === 1 ? 'stays' : 'stay';
  return [
    warningAt(
      own.place,
      `${formatList(on)} ${verb} on when the coordinator goes off`,
      'power them off before',
    ),
  ];
}
