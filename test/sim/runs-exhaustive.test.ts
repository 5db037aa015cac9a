/** Every crash point of manager and agents, in plans of up to three nodes and three stages. */
import { parseNodeName } from '@hecate/proto/core/names.ts';
import t from 'tap';
import { compilePlan } from '../../manager/src/core/plan/compile-plan.ts';
import { defaultSequences } from '../../manager/src/core/plan/default-sequences.ts';
import type { Inventory, InventoryNode, NodeRole } from '../../manager/src/core/plan/inventory.ts';
import { unitsOf } from '../../manager/src/core/plan/node-units.ts';
import type { Plan } from '../../manager/src/core/plan/plan.ts';
import type { ActionDeclaration, SequenceDeclaration } from '../../manager/src/core/plan/sequence.ts';
import type { CrashKeeps } from './runs-disk.ts';
import { type ExhaustiveCase, runWithCrash } from './runs-exhaustive.ts';

t.setTimeout(300_000);

const place = { key: 'test', line: 0 };

function siteOf(roles: readonly NodeRole[]): Inventory {
  const nodes = roles.map(
    (role, index): InventoryNode => ({
      name: parseNodeName(`node-${'abc'[index]}`),
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

function caseOf(inventory: Inventory, plan: Plan, rest: Pick<ExhaustiveCase, 'isOn' | 'state'>) {
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

const named = (inventory: Inventory, name: string): Plan =>
  compiled(
    inventory,
    defaultSequences(inventory).find((sequence) => sequence.name === name),
  );

/** Stop by a gate, a hook, start by outcome one node after the other. */
function maintenance(inventory: Inventory): Plan {
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

const three = siteOf(['coordinator', 'other', 'other']);
const cluster = siteOf(['coordinator', 'server', 'agent']);
const cases: Readonly<Record<string, ExhaustiveCase>> = {
  'a sequence of three stages on three nodes': caseOf(three, maintenance(three), {
    isOn: true,
    state: 'active',
  }),
  'a shutdown of three nodes': caseOf(three, named(three, 'shutdown'), { isOn: true, state: 'active' }),
  'a shutdown of a cluster': caseOf(cluster, named(cluster, 'shutdown'), { isOn: true, state: 'active' }),
  'a startup from off': caseOf(cluster, named(cluster, 'startup'), { isOn: false, state: 'inactive' }),
};
/** What is on its way to the manager's disk decides most; of an agent's the beginnings of operations. */
const crashesOf = (of: 'manager' | number): readonly CrashKeeps[] =>
  of === 'manager' ? ['nothing', 'everything', 'a torn line'] : ['nothing'];

for (const [name, each] of Object.entries(cases)) {
  t.test(name, async (t) => {
    const undisturbed = runWithCrash(each);
    t.equal(undisturbed.violation, undefined);
    t.equal(undisturbed.outcome, 'done');
    const { firstEvent, lastEvent } = undisturbed;
    const outcomes: Record<string, number> = {};
    for (const of of ['manager', ...each.fleet.inventory.nodes.keys()] as const) {
      for (let afterEvent = firstEvent + 1; afterEvent <= lastEvent; afterEvent += 1) {
        for (const kept of crashesOf(of)) {
          const { outcome, why, violation } = runWithCrash(each, { of, afterEvent, keeps: kept });
          if (violation) t.fail(`${of} killed after event ${afterEvent}, ${kept} kept: ${violation}`);
          if (outcome === 'failed') t.fail(`${of} killed after event ${afterEvent}, ${kept} kept: ${why}`);
          outcomes[outcome ?? 'not begun'] = (outcomes[outcome ?? 'not begun'] ?? 0) + 1;
        }
      }
    }
    t.ok(outcomes.done, 'it is done after all');
    t.comment(`${lastEvent - firstEvent} crash points, ${JSON.stringify(outcomes)}`);
  });
}
