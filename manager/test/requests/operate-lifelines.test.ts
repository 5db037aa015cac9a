import t from 'tap';
import { unit } from '../support/fleet-fixtures.ts';
import { failureOf, managerBench, nodes } from '../support/manager-bench.ts';

t.test('a pattern does not mean what a node would be cut off without; a name does', async (t) => {
  const bench = await managerBench(t);
  const [a, b] = [
    await bench.agent({ name: 'node-a', hello: { ownUnit: 'worker.service' } }),
    await bench.agent('node-b'),
  ];
  for (const agent of [a, b])
    agent.tellUnits(['web', 'worker', 'dbus'].map((name) => unit(`${name}.service`)));
  await bench.untilNode('node-a', 'online', true);
  await bench.untilNode('node-b', 'online', true);
  const operator = await bench.operator();
  const stop = (...units: string[]) =>
    operator.operate({ nodes: nodes('node-a', 'node-b'), verb: 'stop', units });
  const { outcomes, summary } = await stop('*');
  t.same(outcomes.map(({ node, unit }) => `${node} ${unit}`).sort(), [
    'node-a web.service',
    'node-b web.service',
    'node-b worker.service',
  ]);
  t.match(summary, {
    operations: 3,
    leftOut: [
      { unit: 'dbus.service', nodes: ['node-a', 'node-b'] },
      { unit: 'worker.service', nodes: ['node-a'] },
    ],
  });
  const named = await stop('web*', 'dbus.service');
  t.equal(named.outcomes.length, 4, 'one that is named is meant');
  t.same(named.summary?.leftOut, []);
  const started = await operator.operate({ nodes: nodes('node-b'), verb: 'start', units: ['d*'] });
  t.equal(started.outcomes.length, 1, 'to start it cuts nobody off');
  t.match(await failureOf(stop('db*')), {
    code: 'HEC_NOTHING_MATCHED',
    message: /not meant by a pattern.*: dbus\.service/,
    remedy: /without a pattern/,
  });
});
