import { parseNodeName } from '@hecate/proto/core/names.ts';
import t from 'tap';
import {
  checkDependencies,
  dependenciesOf,
  dependentsOf,
  findCycle,
  layersOf,
  plannedDependencies,
  reachableFrom,
} from '../../../src/core/plan/dependencies.ts';
import { clusterInventory, inventoryOf, names, node } from './support/plan-fixtures.ts';
import { findingText } from './support/plan-text.ts';

const servers = names('srv-1', 'srv-2', 'srv-3');

t.test('roles imply: agents on servers, servers on storage; nobody on the coordinator', async (t) => {
  const dependencies = dependenciesOf(clusterInventory());
  t.same(dependencies.get(parseNodeName('agent-1')), servers);
  t.same(dependencies.get(parseNodeName('srv-2')), ['nas']);
  t.same(dependencies.get(parseNodeName('nas')), []);
  t.same(dependencies.get(parseNodeName('pi')), []);
  t.same(
    plannedDependencies(dependencies).map((entry) => entry.node),
    ['agent-1', 'agent-2', 'srv-1', 'srv-2', 'srv-3'],
  );
});

t.test('declared ones are added, sorted, each once; unknown ones are reported', async (t) => {
  const inventory = inventoryOf([
    node('b', 'server', { dependsOn: names('nas', 'a', 'ghost') }),
    node('a', 'other'),
    node('nas', 'storage'),
  ]);
  t.same(dependenciesOf(inventory).get(parseNodeName('b')), ['a', 'nas']);
  t.same(checkDependencies(inventory).map(findingText), [
    'error 1: b depends on ghost, which is not declared',
  ]);
});

t.test('dependents, and what is reached over several', async (t) => {
  const dependencies = dependenciesOf(clusterInventory());
  t.same(dependentsOf(dependencies).get(parseNodeName('nas')), servers);
  t.same(reachableFrom(parseNodeName('agent-1'), dependencies), ['nas', ...servers]);
  t.same(reachableFrom(parseNodeName('nas'), dependentsOf(dependencies)), ['agent-1', 'agent-2', ...servers]);
});

t.test('layers, in both directions', async (t) => {
  const dependencies = dependenciesOf(clusterInventory());
  t.same(layersOf(dependencies), [['nas', 'pi'], servers, ['agent-1', 'agent-2']]);
  t.same(layersOf(dependentsOf(dependencies)), [['agent-1', 'agent-2', 'pi'], servers, ['nas']]);
});

t.test('the shortest way round of a circle, also of one that roles close', async (t) => {
  const [a, b] = [node('a', 'storage', { dependsOn: names('b') }), node('b', 'agent')];
  const inventory = inventoryOf([a, b, node('s', 'server')]);
  t.same(findCycle(dependenciesOf(inventory)), ['a', 'b', 's', 'a']);
  t.same(layersOf(dependenciesOf(inventory)), []);
  t.same(checkDependencies(inventory).map(findingText), [
    'error 1: dependencies go in a circle: a → b → s → a',
  ]);
  t.equal(findCycle(dependenciesOf(clusterInventory())), undefined);
});

t.test('a node that depends on itself', async (t) => {
  const self = inventoryOf([node('a', 'other', { dependsOn: names('a') })]);
  t.same(checkDependencies(self).map(findingText), ['error 1: dependencies go in a circle: a → a']);
});
