import t from 'tap';
import { SenderBench, trigger } from '../support/forward-world.ts';

t.test('one request at a time', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  t.equal(bench.of('send', bench.pass(3500)).length, 0, 'its time limit is not over');
  t.equal(bench.of('send', bench.pass(3500)).length, 1, 'one that is lost without a word is given up');
});

t.test('pauses grow, and end', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  const pauses: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    const failedAtMs = bench.nowMs;
    bench.take({ type: 'unanswered', sequence: 1, why: 'refused' });
    while (bench.state.sendingSinceMs === undefined) bench.pass(250);
    pauses.push(bench.nowMs - failedAtMs);
  }
  t.same(pauses, [250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
});

t.test('a withdrawal that nobody waits for is given up after a day', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  bench.take({ type: 'reverse', triggerId: 'one', sentence: 'mains is back' });
  bench.pass(30_000);
  t.ok(bench.state.leftover);
  bench.pass(86_400_000 + 120_000);
  t.equal(bench.state.leftover, undefined);
});
