import t from 'tap';
import { runsK3s, unitsOf } from '../../../src/core/plan/node-units.ts';
import { node } from './support/plan-fixtures.ts';

t.test("k3s's own units unless others are declared", async (t) => {
  t.same(unitsOf(node('a', 'server')), ['k3s.service']);
  t.same(unitsOf(node('a', 'agent')), ['k3s-agent.service']);
  for (const role of ['storage', 'coordinator', 'other'] as const) t.same(unitsOf(node('a', role)), []);
  t.same(unitsOf(node('a', 'server', { units: ['b.service', 'a.service'] })), ['b.service', 'a.service']);
});

t.test('who may have containers left over', async (t) => {
  t.equal(runsK3s(node('a', 'server')), true);
  t.equal(runsK3s(node('a', 'other', { units: ['k3s.service'] })), true);
  t.equal(runsK3s(node('a', 'server', { units: ['kubelet.service'] })), false);
  t.equal(runsK3s(node('a', 'storage')), false);
});
