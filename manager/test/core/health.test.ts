import type { Health } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { emptyFleet } from '../../src/core/fleet.ts';
import { type HealthFacts, healthOf } from '../../src/core/health.ts';
import { busState, connected, notice, playFleet, snapshot, threeNodes } from '../support/fleet-fixtures.ts';

const oneNode = playFleet(emptyFleet, connected('node-a'), notice('node-a', snapshot([]))).state;

const facts = (changes: Partial<HealthFacts> = {}): HealthFacts => ({
  fleet: oneNode,
  epoch: 4,
  highestForeignEpoch: 0,
  hasAuthority: true,
  hasPlainListener: false,
  troubles: {},
  runs: [],
  orders: { sentences: [], remedy: '' },
  site: 'home',
  softwareVersion: '0.1.0',
  uptimeMs: 1234.6,
  ...changes,
});

const failed = (health: Health) => health.checks.filter(({ passed }) => !passed);

t.test('a site that is well', async (t) => {
  const health = healthOf(facts());
  t.match(health, { healthy: true, epoch: 4, softwareVersion: '0.1.0', uptimeMs: 1235, site: 'home' });
  t.same(
    health.checks.map(({ name }) => name),
    ['authority', 'epoch', 'state', 'listeners', 'nodes', 'bus', 'runs'],
  );
  for (const { detail, remedy } of health.checks) {
    t.not(detail, '');
    t.equal(remedy, '', 'nothing to do');
  }
  t.equal(healthOf(facts({ fleet: emptyFleet })).healthy, true, 'a site without nodes is not ill');
  const nodesOf = (fleet: typeof emptyFleet) =>
    healthOf(facts({ fleet })).checks.find(({ name }) => name === 'nodes')?.detail;
  t.equal(nodesOf(emptyFleet), 'there are no nodes yet');
  t.equal(nodesOf(oneNode), '1 node online');
  const another = notice('node-b', snapshot([]));
  t.equal(nodesOf(playFleet(oneNode, connected('node-b'), another).state), '2 nodes online');
});

const troubles: [string, Partial<HealthFacts>, object][] = [
  ['no authority', { hasAuthority: false }, { name: 'authority', remedy: 'hecatectl ca init' }],
  ['a newer manager', { highestForeignEpoch: 9 }, { name: 'epoch', detail: /epoch 9, this manager has 4/ }],
  [
    'a full disk',
    { troubles: { journal: 'no space left' } },
    { name: 'state', detail: 'no space left', remedy: /free space/ },
  ],
  [
    'two of them',
    { troubles: { audit: 'an audit entry is lost', trust: 'the ledger is a folder' } },
    { name: 'state', detail: 'an audit entry is lost; the ledger is a folder' },
  ],
  [
    'a port that another has',
    { troubles: { listeners: 'cannot listen on 10.0.0.1:2020' } },
    { name: 'listeners', detail: /10.0.0.1:2020/, remedy: /"listen"/ },
  ],
  [
    'nodes away',
    { fleet: threeNodes() },
    { name: 'nodes', detail: 'not online: node-b, node-c', remedy: /doctor node-b/ },
  ],
  [
    'a bus that is gone',
    { fleet: playFleet(oneNode, notice('node-a', busState(false))).state },
    { name: 'bus', detail: /lost its D-Bus on node-a/, remedy: /status dbus/ },
  ],
];

for (const [name, changes, expected] of troubles) {
  t.test(name, async (t) => {
    const health = healthOf(facts(changes));
    t.equal(health.healthy, false);
    t.match(failed(health), [expected]);
    t.equal(failed(health).length, 1);
    t.not(failed(health)[0]?.remedy, '', 'with a remedy');
  });
}

t.test('what is no trouble', async (t) => {
  t.equal(healthOf(facts({ highestForeignEpoch: 4 })).healthy, true, 'our own epoch, heard from an agent');
  const plain = healthOf(facts({ hasAuthority: false, hasPlainListener: true }));
  t.equal(plain.healthy, true, 'no authority, and none is needed on plain loopback');
});

t.test('an order of a run that nobody knows is told, though a run is going on', async (t) => {
  const orders = { sentences: ['node-a holds one'], remedy: 'hecatectl runs abort 01J' };
  const health = healthOf(facts({ orders, runs: ['startup is going on'] }));
  t.notOk(health.healthy);
  t.match(failed(health), [{ name: 'runs', detail: 'node-a holds one', remedy: 'hecatectl runs abort 01J' }]);
});
