import t from 'tap';
import { isForwardOpen, resumedReceived } from '../../../../src/core/power/forward/forward-received-state.ts';
import { ReceiverBench } from '../support/forward-world.ts';

t.test('open until it is over or taken back', async (t) => {
  const bench = new ReceiverBench();
  t.notOk(isForwardOpen(bench.state));
  bench.forwarded(1);
  t.ok(isForwardOpen(bench.state));
  bench.run('past-no-return');
  t.ok(isForwardOpen(bench.state));
  bench.run('ended');
  t.notOk(isForwardOpen(bench.state));
});

t.test('times of another boot mean nothing; the forward stands', async (t) => {
  const bench = new ReceiverBench();
  bench.forwarded(1);
  t.equal(resumedReceived(bench.state, 'boot').forward?.deadlineAtMs, 301_000);
  t.match(resumedReceived(bench.state, 'other'), {
    bootId: 'other',
    forward: { phase: 'accepted', deadlineAtMs: undefined },
  });
});
