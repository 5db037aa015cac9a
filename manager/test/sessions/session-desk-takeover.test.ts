/** A session with a new certificate takes over from the one before, and what is in flight there is finished. */
import type { Method, Outcome } from '@hecate/proto/core/frames.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import type { Credential } from '../../src/core/admission.ts';
import { ask, type DeskBench, deskBench, nodeA, report } from '../support/desk-bench.ts';

const setLevel: Method = { case: 'setAgentLogLevel', value: { level: '', nodes: [] } };

/** The first session of node-a, on which a request is open, and the answer that ends it. */
async function withOpenRequest(bench: DeskBench) {
  const answer = Promise.withResolvers<Outcome>();
  const first = await bench.dial(nodeA, {}, undefined, () => answer.promise);
  const asked = bench.desk.sessionOf('node-a' as NodeName)?.call(setLevel, { timeLimitMs: 20_000 });
  if (!asked) throw new Error('no session');
  return { first, asked, answer, takesOverSessionId: first.welcome?.sessionId ?? '' };
}

t.test('a session that takes over: what is in flight on the one before is finished there', async (t) => {
  const bench = await deskBench(t);
  const { first, asked, answer, takesOverSessionId } = await withOpenRequest(bench);
  const second = await bench.dial(nodeA, { takesOverSessionId });
  t.ok(second.welcome);
  t.ok(first.session.isEstablished(), 'both are there');
  await ask(second.session, report);
  answer.resolve({ case: 'done', value: {} });
  t.match(await asked, { case: 'done' });
  t.match(await first.ended, { code: 'HEC_REPLACED', message: /took over/ });
  t.ok(bench.desk.sessionOf('node-a' as NodeName)?.isEstablished());
  await until(() => bench.seen.length === 4, { what: 'its end is told' });
  t.same(bench.seen, [
    'node-a comes',
    'node-a goes on',
    'node-a without a certificate asks reportOutcomes',
    'node-a goes: a newer session of this agent took over',
  ]);
  t.match(bench.desk.countByKind(), { agent: 1 });
});

t.test('taken over from, it has a limited time, and one of a node at a time (I14)', async (t) => {
  const bench = await deskBench(t);
  bench.leavingTimeLimitMs = 50;
  const short = await withOpenRequest(bench);
  const shortEnds = t.rejects(short.asked, { code: 'HEC_REPLACED' });
  await bench.dial(nodeA, { takesOverSessionId: short.takesOverSessionId });
  await shortEnds;

  bench.leavingTimeLimitMs = 20_000;
  const long = await withOpenRequest(bench);
  const longEnds = t.rejects(long.asked, { code: 'HEC_REPLACED' });
  const second = await bench.dial(nodeA, { takesOverSessionId: long.takesOverSessionId });
  await bench.dial(nodeA, { takesOverSessionId: second.welcome?.sessionId ?? '' });
  await longEnds;
  t.match(await second.ended, { code: 'HEC_REPLACED' }, 'at once, where nothing is in flight');
});

t.test('only the session that the node has can be taken over from', async (t) => {
  const bench = await deskBench(t);
  const a = await bench.dial(nodeA);
  const b: Credential = { kind: 'node', name: 'node-b' };
  await bench.dial(b, { name: 'node-b', takesOverSessionId: a.welcome?.sessionId ?? '' });
  t.ok(a.session.isEstablished(), 'not that of another node');
  await bench.dial(nodeA, { takesOverSessionId: 'of a manager before this one' });
  t.same(bench.seen, ['node-a comes', 'node-b comes', 'node-a comes']);
});
