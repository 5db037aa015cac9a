import fc from 'fast-check';
import t from 'tap';
import { assertProperty } from '../../../../../test/support/property-runs.ts';
import { compilePlan } from '../../../../src/core/plan/compile-plan.ts';
import { defaultShutdown } from '../../../../src/core/plan/default-shutdown.ts';
import type { Inventory, InventoryNode } from '../../../../src/core/plan/inventory.ts';
import {
  nodeSupplyMs,
  scopedInventory,
  shutdownScope,
  stayingNodes,
  supplyMs,
} from '../../../../src/core/power/site/topology.ts';
import { anyInventory } from '../../plan/support/arbitrary-inventory.ts';
import { inventoryOf, names, node } from '../../plan/support/plan-fixtures.ts';
import { readingOf, UpsWorld } from '../support/ups-world.ts';

const upses = ['rack-a', 'rack-b'];
const on = (...feeds: string[]): Partial<InventoryNode> => ({ feeds });

t.test('a node has power as long as the k-th best of its feeds', async (t) => {
  const supplies = { 'rack-a': 100, 'rack-b': 300 };
  const rows: readonly [string, Partial<InventoryNode>, number][] = [
    ['one feed', { feeds: ['rack-a'] }, 100],
    ['the better of two', { feeds: ['rack-a', 'rack-b'] }, 300],
    ['both are needed', { feeds: ['rack-a', 'rack-b'], minFeeds: 2 }, 100],
    ['none declared: all of the site', {}, 300],
    ['none declared, both needed', { minFeeds: 2 }, 100],
    ['a feed that is not on battery', { feeds: ['rack-a', 'rack-c'] }, Number.POSITIVE_INFINITY],
    ['more needed than there are: all', { feeds: ['rack-a'], minFeeds: 3 }, 100],
    ['no feed at all', { feeds: [] }, Number.POSITIVE_INFINITY],
  ];
  for (const [name, fed, expected] of rows) t.equal(nodeSupplyMs(fed, upses, supplies), expected, name);
});

t.test('what a UPS supplies', async (t) => {
  const world = new UpsWorld();
  const supply = (): number => supplyMs(world.state, world.config, 5_000_000 + world.nowMs);
  world.looks(1, readingOf('OL', { runtimeMs: 600_000 }));
  t.equal(supply(), Number.POSITIVE_INFINITY, 'with mains: for ever');
  world.looks(1, 'data-stale');
  t.equal(supply(), Number.POSITIVE_INFINITY, 'silence with mains before it is no outage');
  world.looks(2, readingOf('OB', { runtimeMs: 600_000 }));
  t.ok(supply() <= 600_000 && supply() > 580_000, `on battery: what is believed, ${supply()}`);
  world.looks(8, readingOf('OB OFF'));
  t.equal(supply(), 0, 'an output that is off');
  const timed = new UpsWorld();
  timed.looks(2, readingOf('OB'));
  t.equal(supplyMs(timed.state, timed.config, 5_000_000 + timed.nowMs), 177_000 + 115_000, 'by the timer');
});

const scopeOf = (nodes: readonly InventoryNode[], ...lost: string[]) => {
  const { nodes: down, isAll, fates, sentence } = shutdownScope(inventoryOf(nodes), upses, new Set(lost));
  return { down, isAll, fates: Object.fromEntries(fates.map((fate) => [fate.node, fate.why])), sentence };
};

t.test('only what is behind the UPS goes down', async (t) => {
  const nodes = [
    node('a-1', 'other', on('rack-a')),
    node('ab', 'other', on('rack-a', 'rack-b')),
    node('b-1', 'other', on('rack-b')),
    node('both', 'other', { feeds: upses, minFeeds: 2 }),
    node('pi', 'coordinator', on('rack-a', 'rack-b')),
  ];
  t.same(scopeOf(nodes, 'rack-a'), {
    down: ['a-1', 'both'],
    isAll: false,
    fates: {
      'a-1': 'without rack-a it has 0 of 1 feeds that it needs',
      both: 'without rack-a it has 1 of 2 feeds that it needs',
    },
    sentence: 'without rack-a a-1 and both go down',
  });
  t.same(scopeOf(nodes, 'rack-c').down, []);
  t.equal(scopeOf(nodes, 'rack-c').sentence, 'without rack-c every node still has feeds enough');
  t.ok(scopeOf(nodes, 'rack-a', 'rack-b').isAll, 'both: everything');
});

t.test('who depends on them goes, too, over any number of steps', async (t) => {
  const nodes = [
    node('db', 'other', on('rack-a')),
    node('api', 'other', { ...on('rack-b'), dependsOn: names('db') }),
    node('web', 'other', { ...on('rack-b'), dependsOn: names('api') }),
    node('x', 'other', on('rack-b')),
  ];
  const { down, fates } = scopeOf(nodes, 'rack-a');
  t.same(down, ['api', 'db', 'web']);
  t.equal(fates.web, 'it depends on api');
});

t.test('servers: all of the cluster when their quorum is lost, and only then', async (t) => {
  const cluster = (feeds: readonly string[]) => [
    ...feeds.map((feed, index) => node(`srv-${index + 1}`, 'server', on(feed))),
    node('agent-1', 'agent', on('rack-b')),
    node('other', 'other', on('rack-b')),
  ];
  t.same(scopeOf(cluster(['rack-a', 'rack-b', 'rack-b']), 'rack-a').down, ['srv-1'], 'one of three');
  const lost = scopeOf(cluster(['rack-a', 'rack-a', 'rack-b']), 'rack-a');
  t.same(lost.down, ['agent-1', 'srv-1', 'srv-2', 'srv-3'], 'two of three');
  t.equal(lost.fates['srv-3'], 'the servers lose their quorum: 1 of 2 would be left');
  t.same(scopeOf(cluster(['rack-a', 'rack-b']), 'rack-a').down.length, 3, 'one of two is no quorum');
});

t.test('storage takes the cluster with it, the coordinator everything', async (t) => {
  const nodes = (nas: string, pi: string) => [
    node('nas', 'storage', on(nas)),
    node('srv-1', 'server', on('rack-b')),
    node('other', 'other', on('rack-b')),
    node('pi', 'coordinator', on(pi)),
  ];
  t.same(scopeOf(nodes('rack-a', 'rack-b'), 'rack-a').down, ['nas', 'srv-1']);
  const all = scopeOf(nodes('rack-b', 'rack-a'), 'rack-a');
  t.ok(all.isAll);
  t.match(all.fates.other, /^pi, the coordinator, goes down/);
  t.equal(all.sentence, 'without rack-a every node goes down');
});

/** Every node on one of the UPSes, or on both. */
const fedInventory = fc
  .tuple(
    anyInventory,
    fc.array(fc.constantFrom(['rack-a'], ['rack-b'], upses), { minLength: 20, maxLength: 20 }),
  )
  .map(
    ([inventory, feeds]): Inventory => ({
      ...inventory,
      nodes: inventory.nodes.map((each, index) => ({ ...each, feeds: feeds[index] ?? upses })),
    }),
  );

t.test(
  'any site: nobody is left without feeds or without what it depends on, and the rest is a plan',
  async (t) => {
    let partial = 0;
    assertProperty(
      fc.property(fedInventory, (inventory) => {
        const scope = shutdownScope(inventory, upses, new Set(['rack-a']));
        const up = inventory.nodes.filter(({ name }) => !scope.nodes.includes(name));
        const isSound = up.every(
          ({ feeds, dependsOn }) =>
            feeds?.includes('rack-b') && dependsOn.every((needed) => up.some(({ name }) => name === needed)),
        );
        if (!isSound) return false;
        if (scope.nodes.length === 0) return true;
        if (!scope.isAll) partial += 1;
        const cut = scopedInventory(inventory, scope);
        const { plan, findings } = compilePlan({
          inventory: cut,
          sequence: defaultShutdown(cut),
          mode: 'poweroff',
        });
        return findings.every(({ isError }) => !isError) && plan?.nodes.join() === scope.nodes.join();
      }),
      150,
    );
    t.ok(partial > 10, `${partial} partial shutdowns`);
  },
);

t.test('what stays up with the coordinator, while it has power', async (t) => {
  const inventory = inventoryOf([
    node('nas', 'storage'),
    node('pi', 'coordinator', { feeds: ['rack-b'], dependsOn: names('nas') }),
    node('web', 'other'),
  ]);
  t.same(stayingNodes(inventory, upses, new Set()), ['nas', 'pi']);
  t.same(stayingNodes(inventory, upses, new Set(['rack-a'])), ['nas', 'pi'], 'it does not hang on that one');
  t.same(stayingNodes(inventory, upses, new Set(['rack-b'])), []);
  t.same(stayingNodes(inventoryOf([node('web', 'other')]), upses, new Set()), [], 'no coordinator');
  const staying = stayingNodes(inventory, upses, new Set());
  const down = (...lost: string[]) => shutdownScope(inventory, upses, new Set(lost), staying).nodes;
  t.same(down('rack-b'), [], 'nobody goes because the coordinator would');
  t.same(down('rack-a', 'rack-b'), ['web']);
});
