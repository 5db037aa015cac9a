/** Small sites and plans of the real compiler, whose crash points are tried one after the other. */
import { parseNodeName } from '@hecate/proto/core/names.ts';
import { compilePlan } from '../../manager/src/core/plan/compile-plan.ts';
import { defaultSequences } from '../../manager/src/core/plan/default-sequences.ts';
import type { Inventory, InventoryNode, NodeRole } from '../../manager/src/core/plan/inventory.ts';
import { unitsOf } from '../../manager/src/core/plan/node-units.ts';
import type { Plan } from '../../manager/src/core/plan/plan.ts';
import type { ActionDeclaration, SequenceDeclaration } from '../../manager/src/core/plan/sequence.ts';
import type { ExhaustiveCase } from './runs-exhaustive.ts';

const place = { key: 'test', line: 0 };

export function siteOf(roles: readonly NodeRole[]): Inventory {
  const nodes = roles.map(
    (role, index): InventoryNode => ({
      name: parseNodeName(`node-${'abcdefgh'[index]}`),
      role,
      dependsOn: [],
      units: role === 'server' || role === 'agent' ? [] : ['app.service'],
      macAddress: `02:00:00:00:00:0${index}`,
      wakeAddress: '255.255.255.255',
      address: `10.0.0.${index}`,
      probePort: 22,
      place,
    }),
  );
  const hooks = [{ name: 'drain', argv: ['drain'], isRepeatable: false, place }];
  const coordinator = nodes.find(({ role }) => role === 'coordinator')?.name;
  return { site: 'test', coordinator, nodes, hooks };
}

function compiled(inventory: Inventory, sequence: SequenceDeclaration | undefined): Plan {
  if (!sequence) throw new Error('no such sequence');
  const { plan, findings } = compilePlan({ inventory, sequence, mode: 'poweroff' });
  if (!plan) throw new Error(findings.map(({ message }) => message).join('; '));
  return plan;
}

export function caseOf(inventory: Inventory, plan: Plan, rest: Pick<ExhaustiveCase, 'isOn' | 'state'>) {
  const units = new Map(inventory.nodes.map((node) => [node.name, unitsOf(node)]));
  const fleet = {
    inventory,
    units,
    shutdown: plan,
    clusterOnly: undefined,
    startup: undefined,
    sequence: undefined,
  };
  return { fleet, plan, ...rest };
}

/** One of the built-in plans. */
export const named = (inventory: Inventory, name: string): Plan =>
  compiled(
    inventory,
    defaultSequences(inventory).find((sequence) => sequence.name === name),
  );

/** Stop by a gate, a hook, start by outcome one node after the other. */
export function maintenance(inventory: Inventory): Plan {
  const times = { expectedMs: 1000, minimumMs: 500, timeoutMs: 10_000, dropAt: undefined, place };
  const step = (action: ActionDeclaration, onFailure: 'continue' | 'retry', parallelism?: number) => ({
    ...times,
    name: undefined,
    action,
    onFailure,
    parallelism,
    escalation: [],
  });
  const unit = (verb: 'start' | 'stop', successBy: 'gate' | 'outcome'): ActionDeclaration => ({
    type: 'unit',
    verb,
    nodes: ['all'],
    units: 'of-node',
    options: undefined,
    successBy,
    isMissingUnitDone: false,
  });
  const gate = (states: readonly string[]): ActionDeclaration => ({
    type: 'gate',
    gate: {
      sentence: `every unit is ${states.join(' or ')}`,
      condition: { type: 'unit', nodes: ['all'], units: 'of-node', states },
      intervalMs: 500,
      consecutive: 2,
    },
  });
  const stages = [
    {
      name: 'down',
      place,
      steps: [step(unit('stop', 'gate'), 'continue'), step(gate(['inactive']), 'continue')],
    },
    { name: 'between', place, steps: [step({ type: 'hook', hook: 'drain' }, 'continue')] },
    {
      name: 'up',
      place,
      steps: [step(unit('start', 'outcome'), 'retry', 1), step(gate(['active']), 'continue')],
    },
  ];
  return compiled(inventory, { name: 'maintenance', kind: 'sequence', stages, place });
}
