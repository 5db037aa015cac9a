import t from 'tap';
import { compilePlan } from '../../../src/core/plan/compile-plan.ts';
import { defaultStartup } from '../../../src/core/plan/default-startup.ts';
import { judge, leafKey, leavesOf } from '../../../src/core/plan/gate-verdict.ts';
import type { Inventory } from '../../../src/core/plan/inventory.ts';
import { inventoryOf, names, node } from './support/plan-fixtures.ts';

const macAddress = '52:54:00:00:00:01';

const stepsOf = (inventory: Inventory) => {
  const { plan } = compilePlan({ inventory, sequence: defaultStartup(inventory), mode: 'poweroff' });
  return plan?.stages.flatMap((stage) => stage.steps.map((step) => ({ stage: stage.name, step }))) ?? [];
};

const shown = (inventory: Inventory) =>
  stepsOf(inventory).map(({ stage, step }) => `${stage}: ${step.name} (${step.onFailure})`);

t.test('what others depend on first; woken where it can be, waited for where not', async (t) => {
  const inventory = inventoryOf([
    node('a', 'agent', { macAddress }),
    node('n', 'storage', { units: ['nfs.service'] }),
    node('pi', 'coordinator', { units: ['dns.service'] }),
    node('s1', 'server', { macAddress }),
    node('s2', 'server'),
  ]);
  t.same(shown(inventory), [
    'coordinator: start dns.service on pi (continue)',
    'coordinator: dns.service is active on every coordinator that is online (continue)',
    'storage: n is online (abort)',
    'storage: start nfs.service on n (continue)',
    'storage: nfs.service is active on every storage node that is online (abort)',
    'servers: wake s1 (continue)',
    'servers: s2 is online (continue)',
    'servers: start k3s.service on s1 and s2 (continue)',
    'servers: k3s.service is active on every server that is online (continue)',
    'servers: k3s.service is active on at least 2 of 2 servers (abort)',
    'agents: wake a (continue)',
    'agents: start k3s-agent.service on a (continue)',
    'agents: k3s-agent.service is active on every agent that is online (continue)',
  ]);
});

t.test('a host that a command switches on is woken, too', async (t) => {
  const wakeCommand = ['/usr/bin/bmc', 'on'];
  const inventory = inventoryOf([
    node('a', 'agent', { macAddress, wakeCommand }),
    node('b', 'agent', { wakeCommand }),
    node('c', 'agent'),
  ]);
  const [wake, wait] = stepsOf(inventory);
  t.match(wake?.step.methods[0], {
    type: 'wake',
    targets: [
      { node: 'a', macAddress, command: wakeCommand },
      { node: 'b', command: wakeCommand },
    ],
  });
  t.equal(wait?.step.name, 'c is online');
});

t.test('servers start in one step, all at once, and their jobs are not what counts', async (t) => {
  const servers = ['s1', 's2', 's3', 's4', 's5'].map((name) => node(name, 'server', { macAddress }));
  const start = stepsOf(inventoryOf(servers)).find(({ step }) => step.name.startsWith('start'));
  t.match(start?.step, { parallelism: 5, methods: [{ successBy: 'gate' }] });
});

t.test('a quorum goes on without a server that is off; less than one does not', async (t) => {
  const servers = ['s1', 's2', 's3'].map((name) => node(name, 'server', { macAddress }));
  const gates = stepsOf(inventoryOf(servers)).flatMap(({ step: { methods } }) =>
    methods.flatMap((method) => (method.type === 'gate' ? [method.gate.condition] : [])),
  );
  const verdicts = (online: readonly string[]) =>
    gates.map((condition) => {
      const seen = leavesOf(condition).map((leaf) => {
        const isOnline = 'node' in leaf && online.includes(leaf.node);
        const holds = leaf.type === 'unit' ? isOnline : !isOnline;
        const verdict = leaf.type === 'unit' && !isOnline ? 'unknown' : holds ? 'holds' : 'fails';
        return [leafKey(leaf), { verdict, detail: '' }] as const;
      });
      return judge(condition, Object.fromEntries(seen)).verdict;
    });
  t.same(verdicts(['s1', 's2', 's3']), ['holds', 'holds']);
  t.same(verdicts(['s1', 's3']), ['holds', 'holds']);
  t.same(verdicts(['s1']), ['holds', 'unknown']);
});

t.test('other nodes that somebody needs end the startup when they do not come', async (t) => {
  const inventory = inventoryOf([
    node('db', 'other', { units: ['db.service'] }),
    node('lamp', 'other'),
    node('s', 'server', { dependsOn: names('db') }),
  ]);
  t.same(shown(inventory).slice(0, 4), [
    'other nodes: db is online (abort)',
    'other nodes: lamp is online (continue)',
    'other nodes: start db.service on db (continue)',
    'other nodes: db.service is active on every other node that is online (abort)',
  ]);
});
