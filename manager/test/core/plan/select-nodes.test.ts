import t from 'tap';
import { selectNodes } from '../../../src/core/plan/select-nodes.ts';
import { clusterInventory, inventoryOf, node, place } from './support/plan-fixtures.ts';
import { findingText } from './support/plan-text.ts';

const select = (...selectors: string[]) => {
  const { nodes, findings } = selectNodes(clusterInventory(), selectors, place(7));
  return [nodes.map(({ name }) => name), findings.map(findingText)];
};

t.test('names, globs, roles, all; the union, sorted, each once', async (t) => {
  t.same(select('srv-2', 'nas'), [['nas', 'srv-2'], []]);
  t.same(select('srv-[13]', 'srv-1'), [['srv-1', 'srv-3'], []]);
  t.same(select('role:agent', 'srv-1', 'agent-*'), [['agent-1', 'agent-2', 'srv-1'], []]);
  t.equal(select('all')[0]?.length, 7);
});

t.test('nobody: an error for names, globs and unknown roles, a warning for roles and all', async (t) => {
  t.same(select('srv-4'), [[], ['error 7: there is no node srv-4 in the inventory']]);
  t.same(select('x*'), [[], ['error 7: no node of the inventory matches x*']]);
  t.same(select('role:master'), [[], ['error 7: there is no role "master"']]);
  t.same(select('role:other'), [[], ['warning 7: role:other means no node of the inventory']]);
  t.same(select(), [[], ['error 7: no node is named']]);
  const none = selectNodes(inventoryOf([]), ['all'], place(7));
  t.same(none.findings.map(findingText), ['warning 7: all means no node of the inventory']);
});

t.test('a slip of the finger is recognized', async (t) => {
  const [finding] = selectNodes(inventoryOf([node('worker-1', 'agent')]), ['worker1'], place(7)).findings;
  t.match(finding?.remedy, /did you mean worker-1\?/);
});
