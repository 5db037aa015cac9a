/** The site of one seed: its nodes, and plans for them, compiled by the production compiler. */
import { type NodeName, parseNodeName } from '@hecate/proto/core/names.ts';
import { type CompiledPlan, compilePlan } from '../../manager/src/core/plan/compile-plan.ts';
import { defaultSequences } from '../../manager/src/core/plan/default-sequences.ts';
import type { Hook, Inventory, InventoryNode, NodeRole } from '../../manager/src/core/plan/inventory.ts';
import { unitsOf } from '../../manager/src/core/plan/node-units.ts';
import type { OnFailure, Plan, PlanMode, Rung } from '../../manager/src/core/plan/plan.ts';
import type {
  ActionDeclaration,
  SequenceDeclaration,
  StageDeclaration,
  StepDeclaration,
} from '../../manager/src/core/plan/sequence.ts';

export interface Chance {
  random(): number;
  between(low: number, high: number): number;
  one<T>(list: readonly T[]): T;
  happens(probability: number): boolean;
}

export function chanceOf(random: () => number): Chance {
  return {
    random,
    between: (low, high) => low + random() * (high - low),
    one: (list) => {
      const chosen = list[Math.floor(random() * list.length)];
      if (chosen === undefined) throw new Error('an empty list');
      return chosen;
    },
    happens: (probability) => random() < probability,
  };
}

export interface Fleet {
  readonly inventory: Inventory;
  /** By node, with those that no plan names. */
  readonly units: ReadonlyMap<NodeName, readonly string[]>;
  readonly shutdown: Plan;
  /** The same of a configuration that was read again, while a run of the other one may go on. */
  readonly reloaded?: Plan | undefined;
  readonly clusterOnly: Plan | undefined;
  readonly startup: Plan | undefined;
  readonly sequence: Plan | undefined;
}

const place = { key: 'the simulation', line: 0 };
const hooks: readonly Hook[] = [
  { name: 'drain', argv: ['drain'], isRepeatable: false, place },
  { name: 'note', argv: ['note'], isRepeatable: true, place },
];
const roles: readonly NodeRole[] = ['server', 'server', 'agent', 'storage', 'other'];

export function makeFleet(chance: Chance): Fleet {
  const inventory = makeInventory(chance);
  const units = new Map(inventory.nodes.map((node) => [node.name, unitsOf(node)]));
  const [shutdown, startup] = ['shutdown', 'startup'].map((name) =>
    defaultSequences(inventory).find((sequence) => sequence.name === name),
  );
  if (!shutdown) throw new Error('a fleet without a shutdown');
  const compiled = (sequence: SequenceDeclaration | undefined, mode: PlanMode): Plan | undefined =>
    sequence && compiledOrNone({ inventory, sequence, mode });
  const varied = chance.happens(0.6) ? vary(shutdown, chance) : shutdown;
  const plan = compiled(varied, 'poweroff') ?? compiled(shutdown, 'poweroff');
  if (!plan) throw new Error('the built-in shutdown does not compile');
  const begun = startup && chance.happens(0.6) ? vary(startup, chance) : startup;
  return {
    inventory,
    units,
    shutdown: plan,
    reloaded: chance.happens(0.5) ? compiled(vary(shutdown, chance), 'poweroff') : undefined,
    clusterOnly: compiled(varied, 'cluster-only'),
    startup: compiled(begun, 'poweroff') ?? compiled(startup, 'poweroff'),
    sequence: compiled(makeSequence(inventory, chance), 'poweroff'),
  };
}

function compiledOrNone(question: Parameters<typeof compilePlan>[0]): Plan | undefined {
  const { plan }: CompiledPlan = compilePlan(question);
  return plan && plan.stages.length > 0 ? plan : undefined;
}

function makeInventory(chance: Chance): Inventory {
  const names = ['node-a', 'node-b', 'node-c', 'node-d'].slice(0, 2 + Math.floor(chance.random() * 3));
  const hasCoordinator = chance.happens(0.7);
  const nodes = names.map((name, index): InventoryNode => {
    const isCoordinator = hasCoordinator && index === 0;
    const role = isCoordinator ? 'coordinator' : chance.one(roles);
    const hasNoUnits = role === 'server' || role === 'agent';
    const own = ['app.service', 'db.service'].slice(0, Math.floor(chance.random() * 3));
    return {
      name: parseNodeName(name),
      role,
      dependsOn: role === 'other' && index > 1 && chance.happens(0.3) ? [parseNodeName('node-b')] : [],
      units: hasNoUnits && chance.happens(0.8) ? [] : own,
      macAddress: chance.happens(0.7) ? `02:00:00:00:00:0${index}` : undefined,
      wakeAddress: '255.255.255.255',
      address: `10.0.0.${index + 1}`,
      probePort: 22,
      place,
    };
  });
  const coordinator = hasCoordinator ? nodes[0]?.name : undefined;
  return { site: 'sim', coordinator, nodes, hooks };
}

/** The same sequence with other times, policies and degradations, and steps in between. */
function vary(sequence: SequenceDeclaration, chance: Chance): SequenceDeclaration {
  const factor = chance.between(0.15, 0.8);
  const scaled = (ms: number | undefined): number | undefined =>
    ms === undefined ? undefined : Math.max(500, Math.round(ms * factor));
  const stages = sequence.stages.map((stage): StageDeclaration => {
    const steps = stage.steps.flatMap((step): StepDeclaration[] => {
      const isWait = step.action.type === 'wait';
      const action: ActionDeclaration =
        step.action.type === 'wait'
          ? { type: 'wait', durationMs: scaled(step.action.durationMs) ?? 1000 }
          : step.action;
      const policies: readonly OnFailure[] = ['continue', 'retry', 'abort'];
      const onFailure = chance.happens(0.15) ? chance.one(policies) : step.onFailure;
      const drops: readonly Rung[] = ['short', 'forced', 'panic'];
      const dropAt = isWait && chance.happens(0.4) ? chance.one(drops) : undefined;
      const changed: StepDeclaration = {
        ...step,
        action,
        timeoutMs: scaled(step.timeoutMs),
        expectedMs: scaled(step.expectedMs),
        minimumMs: scaled(step.minimumMs),
        parallelism: chance.happens(0.2) ? 1 : step.parallelism,
        onFailure,
        dropAt,
      };
      const extra = chance.happens(0.12) ? [extraStep(chance)] : [];
      return [...extra, changed];
    });
    return { ...stage, steps };
  });
  return { ...sequence, stages };
}

const times = { expectedMs: 2000, minimumMs: 500, escalation: [], dropAt: undefined, place } as const;

function extraStep(chance: Chance): StepDeclaration {
  const action: ActionDeclaration = chance.happens(0.6)
    ? { type: 'hook', hook: chance.one(hooks).name }
    : { type: 'exec', nodes: ['all'], argv: ['check'] };
  const policies: readonly OnFailure[] = ['continue', 'retry'];
  return {
    ...times,
    name: `extra ${Math.floor(chance.random() * 1e9)}`,
    action,
    parallelism: undefined,
    timeoutMs: 8000,
    onFailure: chance.one(policies),
  };
}

function makeSequence(inventory: Inventory, chance: Chance): SequenceDeclaration {
  const { nodes } = inventory;
  const withUnits = nodes.filter((node) => unitsOf(node).length > 0);
  const stages = ['first', 'second', 'third']
    .slice(0, 1 + Math.floor(chance.random() * 3))
    .map((name): StageDeclaration => {
      const steps: StepDeclaration[] = [];
      const chosen = withUnits.filter(() => chance.happens(0.7)).map((node) => node.name);
      if (chosen.length > 0) {
        const verb = chance.happens(0.5) ? 'start' : 'stop';
        const successBy = chance.happens(0.5) ? 'gate' : 'outcome';
        const policies: readonly OnFailure[] = ['continue', 'retry', 'abort'];
        const base = { ...times, parallelism: chance.happens(0.5) ? 1 : undefined, name: undefined };
        steps.push({
          ...base,
          action: {
            type: 'unit',
            verb,
            nodes: chosen,
            units: 'of-node',
            options: undefined,
            successBy,
            isMissingUnitDone: false,
          },
          timeoutMs: chance.between(3000, 20_000),
          onFailure: chance.one(policies),
        });
        const states = verb === 'start' ? ['active'] : ['inactive', 'failed'];
        steps.push({
          ...base,
          action: {
            type: 'gate',
            gate: {
              sentence: `units are ${states.join(' or ')}`,
              condition: { type: 'unit', nodes: chosen, units: 'of-node', states },
              intervalMs: 500,
              consecutive: 1 + Math.floor(chance.random() * 2),
            },
          },
          timeoutMs: chance.between(3000, 20_000),
          onFailure: chance.happens(0.5) ? 'continue' : 'abort',
        });
      }
      if (steps.length === 0 || chance.happens(0.3)) steps.push(extraStep(chance));
      return { name, steps, place };
    });
  return { name: 'work', kind: 'sequence', stages, place };
}
