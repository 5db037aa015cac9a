import t from 'tap';
import { durableForward, resumedForward } from '../../../../src/core/power/forward/forward-state.ts';
import { SenderBench, trigger } from '../support/forward-world.ts';

t.test('what an answer says of the moment is not kept, what it has decided is', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  bench.answer({ stage: 'workers', boundLeftMs: 5000 });
  const { forward, sendingSinceMs } = durableForward(bench.state);
  t.match(forward, { phase: 'acknowledged', heardAtMs: undefined, progress: { stage: '', boundLeftMs: 0 } });
  t.equal(sendingSinceMs, undefined);
  t.same(JSON.parse(JSON.stringify(bench.durable)), JSON.parse(JSON.stringify(durableForward(bench.state))));
});

t.test('times of another boot mean nothing; the forward stands', async (t) => {
  const bench = new SenderBench();
  t.equal(resumedForward(undefined, 'rack-a', 'boot', 'instance').sequence, 0);
  bench.take(trigger('one'));
  const same = resumedForward(bench.durable, 'rack-a', 'boot', 'instance');
  t.equal(same.forward?.deadlineAtMs, 301_000);
  const other = resumedForward(bench.durable, 'rack-a', 'other', 'instance');
  t.match(other, { bootId: 'other', sequence: 1, forward: { triggerId: 'one', deadlineAtMs: undefined } });
});
