/** Sites for property tests: any numbers of each role, with dependencies beyond those that roles imply. */
import fc from 'fast-check';
import { inventoryOf, node } from './plan-fixtures.ts';

export const anyInventory = fc
  .record({
    servers: fc.nat(4),
    agents: fc.nat(3),
    storage: fc.nat(2),
    others: fc.nat(3),
    edges: fc.array(fc.tuple(fc.nat(12), fc.nat(12)), { maxLength: 4 }),
  })
  .map(({ servers, agents, storage, others, edges }) => {
    const many = (count: number, make: (index: number) => ReturnType<typeof node>) =>
      Array.from({ length: count }, (_, index) => make(index));
    // Dependencies go to earlier nodes of this list only, so that there is no circle.
    const nodes = [
      ...many(others, (index) => node(`x-${index}`, 'other', { units: ['x.service'] })),
      ...many(storage, (index) => node(`nas-${index}`, 'storage', { units: ['nfs.service'] })),
      ...many(servers, (index) => node(`srv-${index}`, 'server')),
      ...many(agents, (index) => node(`agent-${index}`, 'agent')),
    ];
    const withEdges = nodes.map((each, index) => {
      const on = edges.filter(([from, to]) => from % nodes.length === index && to % nodes.length < index);
      return { ...each, dependsOn: on.flatMap(([, to]) => nodes[to % nodes.length]?.name ?? []) };
    });
    return inventoryOf([...withEdges, node('pi', 'coordinator')]);
  });
