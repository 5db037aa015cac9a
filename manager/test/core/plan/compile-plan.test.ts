import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { planBytes } from '../../../src/core/plan/canonical-json.ts';
import { compilePlan } from '../../../src/core/plan/compile-plan.ts';
import { defaultSequences } from '../../../src/core/plan/default-sequences.ts';
import type { Inventory } from '../../../src/core/plan/inventory.ts';
import type { Plan, PlanMode } from '../../../src/core/plan/plan.ts';
import type { SequenceDeclaration } from '../../../src/core/plan/sequence.ts';
import {
  clusterInventory,
  gate,
  inventoryOf,
  node,
  place,
  poweroff,
  sequence,
  stage,
  step,
  stop,
} from './support/plan-fixtures.ts';
import { findingText, planText } from './support/plan-text.ts';

const compile = (
  declared: SequenceDeclaration,
  inventory = clusterInventory(),
  mode: PlanMode = 'poweroff',
) => {
  const { plan, findings } = compilePlan({ inventory, sequence: declared, mode });
  return { plan, findings: findings.map(findingText) };
};

const steps = (plan: Plan | undefined) =>
  plan?.stages.flatMap((each) => each.steps.map(({ id, name }) => `${id} ${name}`));

// `node compile-plan.test.ts --update` writes them anew: read the difference before you commit it.
t.test('golden: the built-in plans of 3 servers, 2 agents, a storage node and a coordinator', async (t) => {
  const inventory = clusterInventory();
  for (const declared of defaultSequences(inventory)) {
    for (const mode of ['poweroff', 'cluster-only'] as const) {
      const { plan, findings } = compilePlan({ inventory, sequence: declared, mode });
      t.same(findings, [], `${declared.name} ${mode}`);
      if (plan === undefined) return;
      const file = join(import.meta.dirname, 'golden', `${declared.name}-${mode}.txt`);
      if (process.argv.includes('--update')) writeFileSync(file, planText(plan));
      t.equal(planText(plan), readFileSync(file, 'utf8'), file);
    }
  }
});

const shuffled = (inventory: Inventory) =>
  fc
    .tuple(
      fc.shuffledSubarray([...inventory.nodes], { minLength: inventory.nodes.length }),
      fc.shuffledSubarray([...inventory.hooks], { minLength: inventory.hooks.length }),
      fc.boolean(),
    )
    .map(([nodes, hooks, isReversed]) => ({
      ...inventory,
      hooks,
      nodes: nodes.map((each) => ({
        ...each,
        dependsOn: isReversed ? each.dependsOn.toReversed() : each.dependsOn,
      })),
    }));

t.test('I13: the order of declaration changes no byte', async (t) => {
  const hook = (name: string) => ({ name, argv: ['/bin/true'], isRepeatable: true, place: place(3) });
  const base = clusterInventory();
  const inventory: Inventory = {
    ...base,
    hooks: [hook('a'), hook('b')],
    nodes: [
      ...base.nodes,
      node('app', 'other', {
        units: ['b.service', 'a.service'],
        dependsOn: [...base.nodes.map(({ name }) => name)].filter((name) => name.startsWith('srv')),
      }),
      node('router', 'other'),
    ],
  };
  const own = sequence(
    [
      stage(
        'one',
        step({ type: 'hook', hook: 'b' }),
        step(stop(['role:server', 'a*', 'all'], 'y.service', 'x.service')),
      ),
      stage('two', step(poweroff('role:agent', 'app')), step(poweroff('srv-3', 'srv-1', 'srv-2'))),
    ],
    'shutdown',
  );
  for (const mode of ['poweroff', 'cluster-only'] as const) {
    for (const declared of [...defaultSequences(inventory), own]) {
      const expected = compilePlan({ inventory, sequence: declared, mode });
      t.ok(expected.plan, `${declared.name}: ${expected.findings.map(findingText).join()}`);
      if (expected.plan === undefined) return;
      const bytes = planBytes(expected.plan);
      fc.assert(
        fc.property(shuffled(inventory), (other) => {
          // The built-in sequences are made from the inventory: they, too, are the same.
          const same =
            declared === own ? own : defaultSequences(other).find(({ name }) => name === declared.name);
          if (same === undefined) return false;
          const { plan, findings } = compilePlan({ inventory: other, sequence: same, mode });
          return (
            plan !== undefined && planBytes(plan) === bytes && findings.length === expected.findings.length
          );
        }),
        { seed: 1, numRuns: 50 },
      );
    }
  }
});

t.test('a poweroff gets a gate behind it, and both together the time that was declared', async (t) => {
  const { plan } = compile(sequence([stage('off', step(poweroff('role:agent'), { timeoutMs: 120_000 }))]));
  t.same(steps(plan), ['1.1 power off agent-1 and agent-2', '1.2 agent-1 and agent-2 are powered off']);
  const [order, wait] = plan?.stages[0]?.steps ?? [];
  t.equal((order?.timeoutMs ?? 0) + (wait?.timeoutMs ?? 0), 120_000);
  t.same(order?.powersOff, ['agent-1', 'agent-2']);
  t.same(wait?.powersOff, []);
  const [look] = wait?.methods ?? [];
  t.match(look, { type: 'gate', gate: { consecutive: 2 } });
});

t.test('the coordinator has no gate behind it, and its order counts by its outcome', async (t) => {
  const { plan } = compile(sequence([stage('off', step(poweroff('pi'), { timeoutMs: 60_000 }))]));
  t.same(steps(plan), ['1.1 power off pi']);
  t.match(plan?.stages[0]?.steps[0], { timeoutMs: 60_000, methods: [{ successBy: 'outcome' }] });
});

t.test('reboots go one node after the other, down before up', async (t) => {
  const reboot = { type: 'power', verb: 'reboot', nodes: ['role:agent'] } as const;
  const { plan, findings } = compile(sequence([stage('again', step(reboot, { parallelism: 2 }))]));
  t.same(steps(plan), [
    '1.1 reboot agent-1',
    '1.2 agent-1 is going down',
    '1.3 agent-1 is up again',
    '1.4 reboot agent-2',
    '1.5 agent-2 is going down',
    '1.6 agent-2 is up again',
  ]);
  t.same(findings, ['warning 10: reboots go one node after the other']);
});

t.test('cluster-only leaves out power, and what only waits for it', async (t) => {
  const declared = sequence([
    stage('stop', step(stop(['role:agent']))),
    stage(
      'off',
      step(poweroff('role:agent')),
      step(gate({ type: 'node', nodes: ['role:agent'], state: 'powered-off' }, 'they are off')),
      step(gate({ type: 'tcp', host: 'x', port: 1 }, 'something else')),
    ),
  ]);
  const { plan, findings } = compile(declared, clusterInventory(), 'cluster-only');
  t.same(steps(plan), ['1.1 stop k3s-agent.service on agent-1 and agent-2', '2.1 something else']);
  t.same(findings, []);
  const nothing = compile(
    sequence([stage('off', step(poweroff('role:agent')))]),
    clusterInventory(),
    'cluster-only',
  );
  t.same(nothing.plan?.stages, []);
  t.same(nothing.findings, ['warning 8: nothing is left to do in mode cluster-only']);
});

t.test("a node's own units go in order: started as declared, stopped in reverse", async (t) => {
  const inventory = inventoryOf([
    node('a', 'other', { units: ['one.service', 'two.service'] }),
    node('b', 'other', { units: ['only.service'] }),
  ]);
  const kill = { ...stop(['all']), verb: 'kill' as const };
  const start = { ...stop(['all']), verb: 'start' as const };
  const declared = sequence([
    stage('start', step(start)),
    stage('stop', step(stop(['all']), { escalation: [kill], name: 'halt' })),
  ]);
  const { plan } = compile(declared, inventory);
  const work = plan?.stages.map((each) =>
    each.steps.map(({ name, methods }) => [
      name,
      ...methods.map((method) =>
        method.type === 'operations' ? method.operations.map((o) => `${o.verb} ${o.node} ${o.unit}`) : [],
      ),
    ]),
  );
  t.same(work, [
    [
      ['start one.service and only.service on a and b', ['start a one.service', 'start b only.service']],
      ['start two.service on a', ['start a two.service']],
    ],
    [
      [
        'halt (1 of 2)',
        ['stop a two.service', 'stop b only.service'],
        ['kill a two.service', 'kill b only.service'],
      ],
      ['halt (2 of 2)', ['stop a one.service'], ['kill a one.service']],
    ],
  ]);
});

t.test('times that are not declared follow from the timeout', async (t) => {
  const declared = sequence([
    stage(
      'times',
      step(stop(['nas']), { timeoutMs: 10_000 }),
      step({ type: 'wait', durationMs: 7000 }, { timeoutMs: undefined }),
      step(stop(['nas'], 'x.service'), { timeoutMs: 10_000, expectedMs: 4000, minimumMs: 20_000 }),
    ),
  ]);
  const { plan, findings } = compile(declared);
  const times = plan?.stages[0]?.steps.map(({ timeoutMs, expectedMs, minimumMs }) => [
    timeoutMs,
    expectedMs,
    minimumMs,
  ]);
  t.same(times, [
    [10_000, 2500, 2500],
    [7000, 7000, 7000],
    [10_000, 4000, 10_000],
  ]);
  t.same(findings, [
    'warning 10: the minimum of 10 s is more than the 4 s expected: the rung short gives it the minimum',
    'warning 10: the minimum time of 20 s is more than the timeout of 10 s, which counts',
  ]);
});

t.test('parallelism: all at once unless declared', async (t) => {
  const declared = sequence([
    stage(
      'x',
      step(stop(['role:server']), { name: 'a' }),
      step(stop(['role:server']), { name: 'b', parallelism: 2 }),
    ),
  ]);
  t.same(
    compile(declared).plan?.stages[0]?.steps.map(({ parallelism }) => parallelism),
    [3, 2],
  );
});

t.test('durations are learnt under the work, not under the nodes of today', async (t) => {
  const declared = sequence([stage('x', step(stop(['role:agent'])), step(stop(['role:agent'])))]);
  const keys = (inventory: Inventory) =>
    compile(declared, inventory).plan?.stages[0]?.steps.map(({ learnKey }) => learnKey);
  const more = inventoryOf([...clusterInventory().nodes, node('agent-3', 'agent')]);
  t.same(keys(clusterInventory()), ['x/stop units on role:agent', 'x/stop units on role:agent #2']);
  t.same(keys(more), keys(clusterInventory()));
});

t.test(
  'a run holds the nodes that are acted on, also by what is tried next; not those that are looked at',
  async (t) => {
    const declared = sequence([
      stage(
        'x',
        step(gate({ type: 'node', nodes: ['nas'], state: 'online' })),
        step(stop(['agent-2']), { escalation: [stop(['agent-1'], 'x.service')] }),
        step({ type: 'wake', nodes: ['srv-1'] }),
      ),
    ]);
    t.same(compile(declared).plan?.nodes, ['agent-1', 'agent-2', 'srv-1']);
  },
);

t.test('hooks, exec, wake and daemon-reload', async (t) => {
  const hook = { name: 'cordon', argv: ['/bin/cordon', 'all'], isRepeatable: true, place: place(3) };
  const reload = { ...stop(['nas'], 'ignored.service'), verb: 'daemon-reload' as const };
  const declared = sequence([
    stage(
      'x',
      step({ type: 'hook', hook: 'cordon' }),
      step({ type: 'exec', nodes: ['nas'], argv: ['sync', '-f'] }),
      step({ type: 'wake', nodes: ['srv-2', 'srv-1'] }),
      step(reload),
    ),
  ]);
  const { plan } = compile(declared, { ...clusterInventory(), hooks: [hook] });
  t.same(steps(plan), [
    '1.1 hook cordon',
    '1.2 run sync … on nas',
    '1.3 wake srv-1 and srv-2',
    '1.4 daemon-reload on nas',
  ]);
  t.match(
    plan?.stages[0]?.steps.map(({ methods }) => methods[0]),
    [
      { type: 'hook', argv: ['/bin/cordon', 'all'], isRepeatable: true },
      { operations: [{ node: 'nas', verb: 'exec', unit: '', options: { argv: ['sync', '-f'] } }] },
      { targets: [{ node: 'srv-1' }, { node: 'srv-2' }], gate: { sentence: 'srv-1 and srv-2 are online' } },
      { operations: [{ node: 'nas', verb: 'daemon-reload', unit: '' }] },
    ],
  );
});

t.test('roles that nobody has: told, and left out', async (t) => {
  const inventory = inventoryOf([node('a', 'other', { units: ['x.service'] })]);
  const declared = sequence([stage('x', step(stop(['role:agent']))), stage('y', step(stop(['all'])))]);
  const { plan, findings } = compile(declared, inventory);
  t.same(steps(plan), ['1.1 stop x.service on a']);
  t.same(findings, ['warning 10: role:agent means no node of the inventory']);
});

t.test('an error leaves no plan', async (t) => {
  const { plan, findings } = compile(sequence([stage('x', step(stop(['srv1'])))]));
  t.equal(plan, undefined);
  t.same(findings, ['error 10: there is no node srv1 in the inventory']);
});
