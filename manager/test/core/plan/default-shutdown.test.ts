import t from 'tap';
import { compilePlan } from '../../../src/core/plan/compile-plan.ts';
import { defaultShutdown } from '../../../src/core/plan/default-shutdown.ts';
import type { Inventory } from '../../../src/core/plan/inventory.ts';
import { inventoryOf, names, node } from './support/plan-fixtures.ts';
import { findingText } from './support/plan-text.ts';

const shown = (inventory: Inventory) => {
  const { plan, findings } = compilePlan({
    inventory,
    sequence: defaultShutdown(inventory),
    mode: 'poweroff',
  });
  return {
    stages: plan?.stages.map(({ name, steps }) => `${name}: ${steps.map((step) => step.name).join('; ')}`),
    findings: findings.map(findingText),
  };
};

t.test('without k3s: units and hosts, dependents first', async (t) => {
  const inventory = inventoryOf([
    node('app', 'other', { units: ['app.service'], dependsOn: names('db') }),
    node('db', 'other', { units: ['postgresql.service'] }),
    node('idle', 'other'),
  ]);
  t.same(shown(inventory), {
    stages: [
      'stop other nodes: stop app.service on app; app.service stopped on every other node',
      'power off other nodes: power off app and idle; app and idle are powered off',
      'stop other nodes 2: stop postgresql.service on db; postgresql.service stopped on every other node',
      'power off other nodes 2: power off db; db is powered off',
    ],
    findings: [
      'warning 0: no node is declared as coordinator: if the manager runs on one of them, it may not go off last',
    ],
  });
});

t.test('all servers at once, agents before them, leftovers by the unit that each has', async (t) => {
  const inventory = inventoryOf([node('a', 'agent'), node('s1', 'server'), node('s2', 'server')]);
  t.same(shown(inventory).stages, [
    'stop agents: stop k3s-agent.service on a; k3s-agent.service stopped on every agent',
    'stop servers: stop k3s.service on s1 and s2; k3s.service stopped on every server',
    'containers left over: send SIGTERM to k3s-agent.service and kubepods.slice on a; ' +
      'send SIGTERM to k3s.service and kubepods.slice on s1 and s2; wait 20 s; ' +
      'send SIGKILL to k3s-agent.service and kubepods.slice on a; ' +
      'send SIGKILL to k3s.service and kubepods.slice on s1 and s2',
    'power off agents: power off a; a is powered off',
    'power off servers: power off s1 and s2; s1 and s2 are powered off',
  ]);
});

t.test('the coordinator is last, alone, after its own units', async (t) => {
  const inventory = inventoryOf([node('pi', 'coordinator', { units: ['dns.service'] }), node('x', 'other')]);
  t.same(shown(inventory).stages, [
    'power off other nodes: power off x; x is powered off',
    'stop coordinator: stop dns.service on pi; dns.service stopped on every coordinator',
    'power off coordinator: power off pi',
  ]);
});

t.test('what the coordinator depends on stays on with it, and keeps its units', async (t) => {
  const inventory = inventoryOf([
    node('pi', 'coordinator', { dependsOn: names('router') }),
    node('router', 'other', { units: ['dhcp.service'], dependsOn: names('modem') }),
    node('modem', 'other'),
    node('x', 'other'),
  ]);
  t.same(shown(inventory), {
    stages: ['power off other nodes: power off x; x is powered off', 'power off coordinator: power off pi'],
    findings: [],
  });
});

t.test('every step goes on after a failure: the power may be going', async (t) => {
  const inventory = inventoryOf([
    node('a', 'agent'),
    node('s', 'server'),
    node('n', 'storage'),
    node('pi', 'coordinator'),
  ]);
  const policies = defaultShutdown(inventory).stages.flatMap(({ steps }) =>
    steps.map(({ onFailure }) => onFailure),
  );
  t.same([...new Set(policies)], ['continue']);
});
