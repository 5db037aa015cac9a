import type { Item, Method } from '@hecate/proto/core/frames.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import {
  createListNodes,
  createListUnits,
  type ListUnits,
  type UnitState,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { batches } from '../../src/requests/list-units.ts';
import { unit } from '../support/fleet-fixtures.ts';
import { everyNode, managerBench, nodes, type Operator } from '../support/manager-bench.ts';

const listUnits = (value: Partial<ListUnits> = {}): Method => ({
  case: 'listUnits',
  value: createListUnits({ nodes: everyNode, ...value }),
});

const batchesOf = (items: Item[]) => items.flatMap((item) => (item.case === 'units' ? [item.value] : []));

async function list(operator: Operator, value: Partial<ListUnits> = {}): Promise<string[]> {
  const { items } = await operator.ask(listUnits(value));
  return batchesOf(items).flatMap(({ node, units, stale }) =>
    units.map(({ name, activeState }) => `${node} ${name} ${activeState}${stale ? ' stale' : ''}`),
  );
}

t.test('5,000 units of one node', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  const count = 5000;
  const all = Array.from({ length: count }, (_, i) =>
    unit(`unit-${String(i).padStart(4, '0')}.service`, 'active', { description: 'ü'.repeat(i % 200) }),
  );
  for (let i = 0; i < count; i += 250)
    a.notify({
      case: 'unitsSnapshot',
      value: { generation: 1, units: all.slice(i, i + 250), last: i + 250 >= count },
    });
  await bench.untilNode('node-a', 'online', true);
  const viewer = await bench.operator('viewer');
  const { items } = await viewer.ask(listUnits({ nodes: nodes('node-a') }));
  const parts = batchesOf(items);
  t.ok(parts.length > 10, `in ${parts.length} batches`);
  t.same(
    parts.flatMap(({ units }) => units.map(({ name }) => name)),
    all.map(({ name }) => name),
    'all of them, in order',
  );
  t.ok(parts.every(({ node, stale }) => node === 'node-a' && !stale));
});

t.test('batches fit a frame, and a node without units is told of, too', async (t) => {
  const long = Array.from({ length: 50 }, (_, i) =>
    unit(`u${i}.service`, 'active', { description: '𝄞'.repeat(2000) }),
  );
  const parts = [...batches(long)];
  t.equal(parts.flat().length, 50);
  const bytesOf = (units: UnitState[]) =>
    units.reduce((sum, { description }) => sum + Buffer.byteLength(description), 0);
  t.ok(parts.every((units) => bytesOf(units) < limits.frameBytesMax - 32_768));
  t.same([...batches([])], [[]]);
});

t.test('what is not heard any more is unknown, not what it was (I12)', async (t) => {
  const bench = await managerBench(t);
  const [a, b] = [await bench.agent('node-a'), await bench.agent('node-b')];
  const units = [unit('web.service'), unit('db.service', 'failed'), unit('old.service', 'inactive')];
  a.tellUnits(units);
  b.tellUnits(units);
  await bench.untilNode('node-a', 'online', true);
  await bench.untilNode('node-b', 'online', true);
  b.vanish();
  await bench.untilNode('node-b', 'offline');
  const viewer = await bench.operator('viewer');
  t.same(await list(viewer), [
    'node-a db.service failed',
    'node-a web.service active',
    'node-b db.service unknown stale',
    'node-b web.service unknown stale',
  ]);
  t.same(await list(viewer, { states: ['failed'] }), [
    'node-a db.service failed',
    'node-b db.service unknown stale',
  ]);
  t.same(await list(viewer, { states: ['unknown'] }), [
    'node-b db.service unknown stale',
    'node-b old.service unknown stale',
    'node-b web.service unknown stale',
  ]);
  t.same(await list(viewer, { nodes: nodes('node-a'), patterns: ['o*'] }), ['node-a old.service inactive']);

  a.notify({ case: 'busState', value: { connected: false, reason: 'dbus-daemon went' } });
  await bench.untilNode('node-a', 'online', false);
  t.match(await list(viewer, { nodes: nodes('node-a') }), ['node-a db.service unknown stale']);
});

t.test('nodes', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  a.tellUnits([unit('web.service'), unit('db.service', 'failed')]);
  await bench.untilNode('node-a', 'online', true);
  const viewer = await bench.operator('viewer');
  const ask = async (selection: Parameters<typeof createListNodes>[0]) =>
    (await viewer.get('nodes', { case: 'listNodes', value: createListNodes(selection) })).nodes;
  const all = await ask({});
  t.same(
    all.map(({ name }) => name),
    ['node-a', 'node-b', 'node-c'],
  );
  t.match(all[0], {
    connection: 'online',
    unitsCount: 2,
    unitsFailed: 1,
    agentVersion: '0.1.0',
    address: /127\.0\.0\.1/,
  });
  t.ok((all[0]?.lastSeenMs ?? 0) > Date.now() - 60_000);
  t.match(all[1], { connection: 'never-seen', lastSeenMs: 0 });
  t.same(
    (await ask({ nodes: nodes('*-b') })).map(({ name }) => name),
    ['node-b'],
  );
});

t.test('nodes that went off before the manager was restarted', async (t) => {
  const bench = await managerBench(t);
  const agent = await bench.agent('node-a');
  await bench.agent('node-b');
  await bench.untilNode('node-a', 'online');
  await bench.untilNode('node-b', 'online');
  agent.vanish();
  await bench.untilNode('node-a', 'offline');
  await bench.stop();
  const stoppedMs = Date.now();
  await bench.start();
  const viewer = await bench.operator('viewer');
  const { nodes: all } = await viewer.get('nodes', { case: 'listNodes', value: createListNodes({}) });
  t.same(
    all.map(({ name, connection }) => `${name} ${connection}`),
    ['node-a offline', 'node-b offline', 'node-c never-seen'],
  );
  for (const { name, lastSeenMs } of all.slice(0, 2))
    t.ok(lastSeenMs > stoppedMs - 60_000 && lastSeenMs <= stoppedMs, `${name} was seen by the one before`);
});
