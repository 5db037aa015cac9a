import fc from 'fast-check';
import t from 'tap';
import { keptSteps, stepBoundMs } from '../../../src/core/plan/bounds.ts';
import { compilePlan } from '../../../src/core/plan/compile-plan.ts';
import { deadManParts } from '../../../src/core/plan/dead-man-parts.ts';
import { defaultSequences } from '../../../src/core/plan/default-sequences.ts';
import { dependenciesOf, dependentsOf, reachableFrom } from '../../../src/core/plan/dependencies.ts';
import type { Inventory } from '../../../src/core/plan/inventory.ts';
import type { NodePart, Plan } from '../../../src/core/plan/plan.ts';
import type { SequenceDeclaration } from '../../../src/core/plan/sequence.ts';
import { anyInventory } from './support/arbitrary-inventory.ts';
import { clusterInventory, names, poweroff, sequence, stage, step, stop } from './support/plan-fixtures.ts';

const planOf = (declared: SequenceDeclaration, inventory: Inventory = clusterInventory()): Plan => {
  const { plan, findings } = compilePlan({ inventory, sequence: declared, mode: 'poweroff' });
  if (plan === undefined) throw new Error(JSON.stringify(findings));
  return plan;
};

const texts = (part: NodePart | undefined) =>
  part?.operations.map(({ verb, unit, timeoutMs }) => `${verb} ${unit} ${timeoutMs}`);

t.test('a node has its own operations, in order, each with its time', async (t) => {
  const { parts } = planOf(
    sequence(
      [
        stage('stop', step(stop(['all']), { timeoutMs: 1000 })),
        stage('off', step(poweroff('role:agent'), { timeoutMs: 8000 })),
      ],
      'shutdown',
    ),
  );
  t.same(
    parts.map((part) => part.node),
    ['agent-1', 'agent-2', 'nas', 'srv-1', 'srv-2', 'srv-3'],
  );
  t.same(
    texts(parts[0]),
    ['stop k3s-agent.service 1000', 'poweroff  8000'],
    'an order and its gate have one time',
  );
  t.equal(parts[0]?.beginsAfterMs, 1000, 'when the manager must have stopped it');
  t.equal(
    parts.find((part) => part.node === 'srv-1')?.beginsAfterMs,
    10_000,
    'when the agents are off alone',
  );
  t.equal(
    parts.find((part) => part.node === 'nas')?.beginsAfterMs,
    11_000,
    'when the servers have stopped alone',
  );
});

t.test('only shutdowns have parts', async (t) => {
  t.same(planOf(sequence([stage('stop', step(stop(['all'])))])).parts, []);
});

t.test('what is tried next is not in a part, and no SIGKILL right behind another signal', async (t) => {
  const [shutdown] = defaultSequences(clusterInventory());
  if (shutdown === undefined) throw new Error('there is a shutdown');
  const operations = planOf(shutdown).parts.flatMap((part) => part.operations);
  t.same(new Set(operations.map(({ verb }) => verb)), new Set(['stop', 'kill', 'poweroff']));
  t.same(
    new Set(operations.filter(({ verb }) => verb === 'kill').map(({ options }) => options?.signal)),
    new Set([15]),
  );
});

t.test('the coordinator is last, also alone (I4)', async (t) => {
  const [shutdown] = defaultSequences(clusterInventory());
  if (shutdown === undefined) throw new Error('there is a shutdown');
  const { parts } = planOf(shutdown);
  const endOf = ({ beginsAfterMs, operations }: NodePart) =>
    operations.reduce((total, { timeoutMs }) => total + timeoutMs, beginsAfterMs);
  const coordinator = parts.find((part) => part.node === 'pi');
  const others = parts.filter((part) => part.node !== 'pi');
  t.ok(coordinator && others.every((part) => endOf(part) <= coordinator.beginsAfterMs));
});

t.test('I3 alone: whoever sees to the dependents, they are done before a node begins', async (t) => {
  const check = (inventory: Inventory): boolean => {
    const shutdown = defaultSequences(inventory).find(({ name }) => name === 'shutdown');
    if (shutdown === undefined) return false;
    const plan = planOf(shutdown, inventory);
    const dependencies = dependenciesOf(inventory);
    const dependents = dependentsOf(dependencies);
    const rung = 'full';
    const parts = new Map(plan.parts.map((part) => [part.node, part]));
    const offByManagerMs = (name: string): number => {
      let nowMs = 0;
      let offAtMs = 0;
      for (const { step: each } of keptSteps(plan, rung)) {
        nowMs += stepBoundMs(each, rung);
        const [method] = each.methods;
        const isOrder = each.powersOff.some((off) => off === name);
        const isGate =
          method?.type === 'gate' &&
          JSON.stringify(method.gate.condition).includes(`"node":"${name}","state":"powered-off"`);
        if (isOrder || isGate) offAtMs = nowMs;
      }
      return offAtMs;
    };
    return inventory.nodes.every(({ name }) => {
      const own = parts.get(name);
      if (own === undefined) return false;
      const before =
        name === inventory.coordinator
          ? [...parts.keys()].filter((other) => other !== name)
          : reachableFrom(name, dependents);
      return before.every((other) => {
        const part = parts.get(other);
        const aloneMs =
          part?.operations.reduce((total, { timeoutMs }) => total + timeoutMs, part.beginsAfterMs) ?? 0;
        return own.beginsAfterMs >= aloneMs && own.beginsAfterMs >= offByManagerMs(other);
      });
    });
  };
  t.doesNotThrow(() => fc.assert(fc.property(anyInventory, check), { seed: 1, numRuns: 200 }));
});

t.test('at a lower rung parts begin earlier, and have less time', async (t) => {
  const inventory = clusterInventory();
  const [shutdown] = defaultSequences(inventory);
  if (shutdown === undefined) throw new Error('there is a shutdown');
  const plan = planOf(shutdown, inventory);
  const question = { plan, dependencies: dependenciesOf(inventory), coordinator: inventory.coordinator };
  const full = deadManParts(question, 'full');
  t.same(full, plan.parts);
  const forced = deadManParts(question, 'forced');
  t.ok(forced.every(({ beginsAfterMs }, index) => beginsAfterMs <= (full[index]?.beginsAfterMs ?? 0)));
  const panic = deadManParts(question, 'panic');
  t.same(texts(panic[0]), ['poweroff  20000']);
  t.same(names(...panic.map((part) => part.node)), plan.nodes);
});
