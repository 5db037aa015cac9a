/** Dead man's orders of a shutdown: given at its begin, renewed when a node comes back, withdrawn at its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { createOperationOutcome } from '@hecate/proto/generated/wire.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { managerBench } from '../support/manager-bench.ts';
import { agentOf, agentsOf, ended, execute, getRun, stateOf } from '../support/runs-bench.ts';

t.setTimeout(120_000);

const names = ['node-a', 'node-b'];
const config = {
  inventory: names.map((name) => ({ name, units: ['x.service'], address: '127.0.0.1' })),
  sequences: {
    shutdown: {
      stages: names.map((name) => ({ name, steps: [{ stop: { nodes: [name] }, timeout: '60s' }] })),
    },
  },
};

t.test('armed, renewed, withdrawn', async (t) => {
  const bench = await managerBench(t, config);
  const agents = await agentsOf(bench, ['node-a']);
  const first = agents.get('node-a');
  if (!first) throw new Error('no agent');
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  first.onApply = async ({ opId }) => {
    await held;
    return createOperationOutcome({ opId, status: 'done', result: 'done' });
  };
  const operator = await bench.operator('admin');
  const beganAtMs = systemClock.bootTimeMs();
  const { run } = await execute(operator, 'shutdown', { mode: 'cluster-only', reason: 'test' });
  const runId = run?.summary?.runId ?? '';
  await until(() => first.armed, { what: 'node-a holds its order' });
  t.match(first.armed, { runId, operations: [{ verb: 'stop', unit: 'x.service', timeLimitMs: 60_000 }] });
  t.ok((first.armed?.beginAtClockMs ?? 0) > beganAtMs, 'it begins later');
  t.equal(first.armed?.epoch, 1);
  const going = await until(
    async () => {
      const report = await getRun(operator, runId);
      return report.degradations.length > 0 && report;
    },
    { what: 'the report tells of node-b' },
  );
  t.match(going.degradations, [/node-b holds no dead man's order: node-b is offline/]);
  const second = await agentOf(bench, 'node-b');
  await until(() => second.armed, { what: 'node-b holds its order since it is back' });
  t.equal(second.armed?.runId, runId);
  t.same((await getRun(operator, runId)).degradations, []);
  release();
  t.equal(stateOf(await ended(operator, runId)), 'done');
  await until(() => !first.armed && !second.armed, { what: 'the orders are withdrawn' });
  await until(async () => (await getRun(operator, runId)).armed.length === 0, {
    what: 'the report of the run that is over tells of no order any more',
  });
});

t.test(
  'an agent that has not found systemd yet is asked again; not once the order is withdrawn',
  async (t) => {
    const bench = await managerBench(t, config);
    const agents = await agentsOf(bench, names);
    const [first, second] = names.map((name) => agents.get(name));
    if (!first || !second) throw new Error('no agents');
    const noBus = new HecateError('HEC_BUS_GONE', 'the agent has no connection to its D-Bus');
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    first.onApply = async ({ opId }) => {
      await held;
      return createOperationOutcome({ opId, status: 'done', result: 'done' });
    };
    first.armRefusals.push(noBus);
    second.armRefusals.push(noBus, noBus, noBus, noBus);
    const operator = await bench.operator('admin');
    const { run } = await execute(operator, 'shutdown', { mode: 'cluster-only' });
    const runId = run?.summary?.runId ?? '';
    await until(() => first.armed, { what: 'node-a holds its order' });
    t.equal(first.armed?.runId, runId);
    t.match((await getRun(operator, runId)).degradations, [/node-b holds no dead man's order/]);
    t.ok(second.armRefusals.length > 0, 'it is still being asked');
    release();
    await ended(operator, runId);
    await until(() => !first.armed, { what: 'the orders are withdrawn' });
    const { length } = second.armRefusals;
    // Longer than the pause before it would be asked again.
    await sleep(1500);
    t.equal(second.armRefusals.length, length, 'nobody gives it an order any more');
  },
);

t.test('withdrawn from a node that was away at the end, also after a restart of the manager', async (t) => {
  const bench = await managerBench(t, config);
  const agents = await agentsOf(bench, names);
  const [first, second] = names.map((name) => agents.get(name));
  if (!first || !second) throw new Error('no agents');
  second.onApply = async ({ opId }) => {
    first.vanish();
    await bench.untilNode('node-a', 'offline');
    return createOperationOutcome({ opId, status: 'done', result: 'done' });
  };
  const operator = await bench.operator('admin');
  const { run } = await execute(operator, 'shutdown', { mode: 'cluster-only' });
  const runId = run?.summary?.runId ?? '';
  t.match((await ended(operator, runId)).armed, ['node-a']);
  const order = first.armed;
  t.ok(order, 'it holds its order still');
  await bench.stop();
  await bench.start();
  const back = await agentOf(bench, 'node-a');
  back.armed = order;
  await until(() => !back.armed, { what: 'the order is withdrawn' }).catch(() => t.fail('still armed'));
});
