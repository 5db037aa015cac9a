/** A node has powered itself off by its dead man's order, and is on again: the run does not power it off once more. */
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

const part = (name: string): NodePart => ({
  node: node(name),
  operations: [{ ...poweroff(name), timeoutMs: 5000 }],
  beginsAfterMs: 60_000,
});
const byGate = { successBy: 'gate' } as const;
const goesOn = { onFailure: 'continue' } as const;
/** Stops on both, then the hosts: a, and the coordinator b. */
const plan = planOf(
  [
    [step(stopAll('a', 'b'), goesOn)],
    [step(operations([poweroff('a')], byGate), goesOn), step(gate(['a'], 'powered-off'), goesOn)],
    [step(operations([poweroff('b')], byGate), goesOn)],
  ],
  { parts: [part('a'), part('b')], coordinator: 'b' },
);

const begun = (change: Partial<typeof plan> = {}): RunsDesk => {
  const desk = new RunsDesk();
  desk.request(requestOf({ ...plan, ...change }));
  return desk;
};
const runId = runIdOf(1);
const carriedOut = (desk: RunsDesk, name: string): void =>
  desk.step({ type: 'order-carried-out', runId, node: node(name) });
const recorded = (desk: RunsDesk): string[] =>
  desk.journal.flatMap((record) => (record.type === 'order-carried-out' ? [record.node] : []));

t.test(
  'the first boot behind a shutdown that the agents carried out alone ends the run quietly',
  async (t) => {
    const desk = begun();
    t.ok(desk.intent);
    desk.restart('boot-2');
    carriedOut(desk, 'b');
    desk.step({ type: 'node-online', node: node('b') });
    t.same(desk.take('arm'), [], 'no order once more');
    t.same(recorded(desk), ['b']);
    desk.end('a', 'offline');
    t.same(desk.applied(), ['poweroff a']);
    desk.end('a', 'offline');
    desk.observe();
    t.same(desk.applied(), [], 'b is not powered off once more');
    const [run] = desk.ended();
    t.match(run, { outcome: 'degraded' });
    t.match(run?.pastOperations.at(-1)?.operations, [
      { end: { status: 'done', message: /its agent has carried out its part/ } },
    ]);
    t.equal(desk.intent, undefined);
    t.same(
      desk.take('withdraw').map((effect) => effect.node),
      ['a', 'b'],
      'the agent need not keep it any longer',
    );
  },
);

t.test(
  'what was handed over and not answered yet is over; nothing is asked of the node any more',
  async (t) => {
    const desk = begun();
    const opId = desk.opIdOf('a');
    desk.take('apply');
    carriedOut(desk, 'a');
    t.match(desk.run().running?.operations, [{ end: { status: 'done' } }, { phase: 'sent' }]);
    desk.step({
      type: 'operation-ended',
      opId,
      end: { status: 'failed', result: '', code: '', message: '', durationMs: 1 },
    });
    desk.end('b');
    t.same(desk.applied(), [], 'and its poweroff neither');
    t.equal(desk.run().running?.address.step, 1, 'but its gate is asked as ever: on it is on again');
    desk.observe({ a: 'fails' });
    desk.pass(60_000);
    t.same(desk.applied(), ['poweroff b']);
  },
);

t.test('durable before anything follows from it (I9), and over restarts (I7)', async (t) => {
  const desk = begun();
  carriedOut(desk, 'a');
  desk.restart();
  t.same(desk.run().carriedOut, ['a']);
  t.same(
    desk.take('recall').map(({ opId }) => opId),
    [desk.opIdOf('b')],
    'what became of it is not asked',
  );
  carriedOut(desk, 'a');
  t.same(recorded(desk), ['a'], 'once');
  desk.end('b');
  t.same(desk.applied(), []);
});

t.test('said while the manager asks what became of a poweroff that was sent: not sent again', async (t) => {
  const desk = begun();
  for (const name of ['a', 'b', 'a']) desk.end(name);
  desk.observe();
  const opId = desk.opIdOf('b');
  desk.restart();
  carriedOut(desk, 'b');
  t.match(desk.ended(), [{ outcome: 'done' }]);
  desk.step({ type: 'operation-unknown', opId });
  t.same(desk.applied(), []);
});

t.test('of a node without an order of the run, it says nothing', async (t) => {
  const desk = begun({ parts: [part('a')] });
  carriedOut(desk, 'b');
  t.same(recorded(desk), []);
  t.equal(desk.run().running?.operations.length, 2);
});

t.test('of a run that is not known any more, the agent is told to forget it', async (t) => {
  const desk = new RunsDesk();
  carriedOut(desk, 'a');
  t.match(desk.sent, [{ type: 'withdraw', runId, node: 'a' }]);
  desk.step({ type: 'withdrawn', runId, node: node('a') });
  t.equal(desk.state.runs.size, 0);
});

t.test('of one that is over, it is withdrawn at its return', async (t) => {
  const desk = begun();
  desk.abort();
  for (const name of ['a', 'b']) desk.end(name);
  t.match(desk.ended(), [{ outcome: 'aborted' }]);
  desk.sent = [];
  carriedOut(desk, 'a');
  desk.step({ type: 'node-online', node: node('a') });
  t.match(desk.sent, [{ type: 'withdraw', node: 'a' }]);
  t.same(recorded(desk), []);
});
