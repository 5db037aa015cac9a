/** Dead man's orders: armed with the run, renewed at each return, withdrawn until each agent has said so. */
import t from 'tap';
import type { NodePart } from '../../../src/core/plan/plan.ts';
import {
  gate,
  node,
  operations,
  planOf,
  poweroff,
  requestOf,
  runIdOf,
  step,
  stopAll,
} from '../../support/run-plans.ts';
import { RunsDesk } from '../../support/runs-desk.ts';

const part = (name: string, beginsAfterMs: number): NodePart => ({
  node: node(name),
  operations: [{ ...poweroff(name), timeoutMs: 5000 }],
  beginsAfterMs,
});
const plan = planOf(
  [[step(stopAll('a'))], [step(operations([poweroff('a')]))], [step(operations([poweroff('b')]))]],
  { parts: [part('a', 60_000), part('b', 180_000)] },
);

const begun = (): RunsDesk => {
  const desk = new RunsDesk();
  desk.request(requestOf(plan));
  return desk;
};
const nodesOf = (effects: readonly { node: string }[]): string[] => effects.map((effect) => effect.node);

t.test('armed when the run begins, after that is recorded', async (t) => {
  const desk = begun();
  const orders = desk.take('arm').map(({ order }) => order);
  t.match(orders, [
    { node: 'a', beginAtMs: 61_000, operations: [{ verb: 'poweroff', timeoutMs: 5000 }] },
    { node: 'b', beginAtMs: 181_000, reason: `run ${runIdOf(1)}: test` },
  ]);
  t.same(desk.run().armed, ['a', 'b']);
  t.ok(desk.journal.some(({ type }) => type === 'arming'));
});

t.test('renewed at each return, the same; not to one that was powered off', async (t) => {
  const desk = begun();
  desk.take('arm');
  desk.nowMs += 5000;
  desk.step({ type: 'node-online', node: node('b') });
  t.match(desk.take('arm'), [{ order: { node: 'b', beginAtMs: 181_000 } }]);
  desk.step({ type: 'node-online', node: node('x') });
  t.same(desk.take('arm'), [], 'a node without a part');
  desk.end('a');
  desk.end('a');
  desk.step({ type: 'node-online', node: node('a') });
  t.same(desk.take('arm'), [], 'switched on again by somebody');
});

t.test('withdrawn at the end, again at each return, until the agent has said so', async (t) => {
  const desk = begun();
  desk.abort();
  desk.end('a');
  t.same(nodesOf(desk.take('withdraw')), ['a', 'b']);
  desk.step({ type: 'withdrawn', runId: runIdOf(1), node: node('a') });
  t.same(desk.run().armed, ['b']);
  desk.step({ type: 'node-online', node: node('a') });
  t.same(desk.take('withdraw'), []);
  desk.restart();
  desk.step({ type: 'node-online', node: node('b') });
  t.same(nodesOf(desk.take('withdraw')), ['b']);
  t.same(desk.take('arm'), []);
  desk.step({ type: 'withdrawn', runId: runIdOf(1), node: node('b') });
  t.equal(desk.state.runs.size, 0);
});

t.test(
  'withdrawn as soon as an abort is accepted: the step that runs may take longer than an order',
  async (t) => {
    const desk = begun();
    desk.take('arm');
    desk.abort();
    t.same(nodesOf(desk.take('withdraw')), ['a', 'b']);
    desk.step({ type: 'withdrawn', runId: runIdOf(1), node: node('a') });
    t.same(desk.run().armed, ['b']);
    desk.restart();
    desk.step({ type: 'node-online', node: node('b') });
    t.same(desk.take('arm'), []);
    t.same(nodesOf(desk.take('withdraw')), ['b']);
    desk.step({ type: 'withdrawn', runId: runIdOf(1), node: node('b') });
    t.equal(desk.run().outcome, undefined, 'its step still runs');
    desk.end('a');
    t.equal(desk.state.runs.size, 0);
  },
);

t.test('an answer that comes late, when the run goes on, withdraws nothing', async (t) => {
  const desk = begun();
  desk.step({ type: 'withdrawn', runId: runIdOf(1), node: node('a') });
  t.same(desk.run().armed, ['a', 'b']);
});

t.test('a run that pre-empts: the old order is withdrawn before the new one is there', async (t) => {
  const desk = new RunsDesk();
  desk.request(requestOf({ ...plan, mode: 'cluster-only' }, 1));
  desk.sent = [];
  desk.request(requestOf(plan, 2));
  const orders = desk.sent
    .filter(({ type }) => type === 'arm' || type === 'withdraw')
    .map(({ type }) => type);
  t.same(orders, ['withdraw', 'withdraw', 'arm', 'arm']);
  desk.sent = [];
  desk.step({ type: 'node-online', node: node('a') });
  t.same(
    desk.sent.map(({ type }) => type),
    ['withdraw', 'arm'],
  );
});

t.test('in another boot of the coordinator what was left is left', async (t) => {
  const desk = begun();
  desk.pass(10_000);
  desk.end('a');
  t.equal(desk.nowMs, 11_000);
  desk.restart('boot-2');
  t.equal(desk.nowMs, 500);
  desk.step({ type: 'node-online', node: node('b') });
  t.match(desk.take('arm'), [{ order: { node: 'b', beginAtMs: 500 + 170_000 } }]);
});

t.test('no parts, no orders; nor for what is no shutdown', async (t) => {
  const desk = new RunsDesk();
  desk.request(requestOf({ ...plan, kind: 'sequence' }));
  t.same(desk.take('arm'), []);
  t.same(desk.run().armed, []);
});

t.test('on a lower rung they begin earlier, and do what is kept there', async (t) => {
  const slow = planOf(
    [
      [step(stopAll('a', 'b'), { dropAt: 'forced' })],
      [step(operations([poweroff('a')], { successBy: 'gate' })), step(gate(['a'], 'powered-off'))],
      [step(operations([poweroff('b')]))],
    ],
    { parts: [part('a', 60_000), part('b', 180_000)], coordinator: 'b' },
  );
  await t.test('from the beginning', async (t) => {
    const desk = new RunsDesk();
    desk.request(requestOf(slow, 1, { timeLimitMs: 1000 }));
    const orders = desk.take('arm').map(({ order }) => order);
    t.match(orders, [
      { node: 'a', operations: [{ verb: 'poweroff' }] },
      { node: 'b', operations: [{ verb: 'poweroff' }] },
    ]);
    const [first, last] = orders.map(({ beginAtMs }) => beginAtMs);
    t.ok(
      first !== undefined &&
        last !== undefined &&
        first >= desk.nowMs &&
        last >= first + 4000 &&
        last < 20_000,
    );
  });
  await t.test('from when it is chosen, and not later than before', async (t) => {
    const desk = new RunsDesk();
    desk.request(requestOf(slow, 1, { timeLimitMs: 50_000 }));
    t.match(desk.take('arm'), [{ order: { beginAtMs: 61_000 } }, { order: { beginAtMs: 181_000 } }]);
    desk.pass(43_000);
    desk.end('a');
    desk.end('b');
    t.equal(desk.run().rung, 'forced');
    const again = desk.take('arm').map(({ order }) => order.beginAtMs);
    t.equal(again.length, 2);
    t.ok(
      again.every((beginAtMs) => beginAtMs >= desk.nowMs && beginAtMs < 61_000),
      again.join(),
    );
    desk.restart();
    desk.step({ type: 'node-online', node: node('b') });
    t.equal(desk.take('arm')[0]?.order.beginAtMs, again[1], 'the same after a restart');
  });
});
