import t from 'tap';
import { compilationAt } from '../../../src/core/plan/compilation.ts';
import { expandGate, waitsOnlyForPower } from '../../../src/core/plan/expand-condition.ts';
import type { Finding } from '../../../src/core/plan/finding.ts';
import { conditionSentence } from '../../../src/core/plan/gate-verdict.ts';
import type { Inventory } from '../../../src/core/plan/inventory.ts';
import type { ConditionDeclaration } from '../../../src/core/plan/sequence.ts';
import { clusterInventory, inventoryOf, node, place } from './support/plan-fixtures.ts';

function expand(condition: ConditionDeclaration, inventory: Inventory = clusterInventory()) {
  const findings: Finding[] = [];
  const compilation = compilationAt(
    { inventory, mode: 'poweroff', report: (...more) => void findings.push(...more) },
    place(5),
  );
  const gate = expandGate({ sentence: 'x', condition, intervalMs: 1000, consecutive: 0 }, compilation);
  return { text: gate && conditionSentence(gate.condition), gate, findings };
}

const active = (...nodes: string[]): ConditionDeclaration => ({
  type: 'unit',
  nodes,
  units: 'of-node',
  states: ['active'],
});

t.test('a selector is a condition for each of its nodes', async (t) => {
  t.equal(expand(active('nas')).text, 'nas: nfs-server.service is active');
  t.equal(
    expand(active('role:agent')).text,
    'all of (agent-1: k3s-agent.service is active, agent-2: k3s-agent.service is active)',
  );
  t.equal(expand({ type: 'node', nodes: ['nas'], state: 'powered-off' }).text, 'nas is powered off');
  t.match(expand({ type: 'node', nodes: ['nas'], state: 'online' }).gate?.condition, {
    address: 'nas.lan',
    probePort: 22,
  });
});

t.test('any and at-least count nodes, not units', async (t) => {
  const inventory = inventoryOf([
    node('a', 'server', { units: ['x.service', 'y.service'] }),
    node('b', 'server'),
  ]);
  t.equal(
    expand({ type: 'at-least', count: 1, of: [active('role:server')] }, inventory).text,
    'at least 1 of (all of (a: x.service is active, a: y.service is active), b: k3s.service is active)',
  );
  t.equal(
    expand({ type: 'any', of: [{ type: 'tcp', host: 'h', port: 1 }, active('b')] }, inventory).text,
    'any of (h port 1 accepts connections, b: k3s.service is active)',
  );
});

t.test('all of all is one all; nothing to look at is no gate', async (t) => {
  t.equal(
    expand({ type: 'all', of: [active('nas'), { type: 'all', of: [active('agent-1')] }] }).text,
    'all of (nas: nfs-server.service is active, agent-1: k3s-agent.service is active)',
  );
  t.equal(expand(active('pi')).gate, undefined, 'it has no units');
  t.equal(expand({ type: 'all', of: [] }).gate, undefined);
  t.equal(expand(active('nas')).gate?.consecutive, 1, 'one look at least');
});

t.test('what only waits for hosts to go', async (t) => {
  const waits = (condition: ConditionDeclaration) => {
    const expanded = expand(condition).gate?.condition;
    return expanded && waitsOnlyForPower(expanded);
  };
  const off = { type: 'node', nodes: ['all'], state: 'powered-off' } as const;
  t.equal(waits(off), true);
  t.equal(waits({ type: 'any', of: [off] }), true);
  t.equal(waits({ type: 'any', of: [off, active('nas')] }), false);
  t.equal(waits({ type: 'node', nodes: ['all'], state: 'online' }), false);
});
