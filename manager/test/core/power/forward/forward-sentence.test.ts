import t from 'tap';
import { sayForward, sayReceived } from '../../../../src/core/power/forward/forward-sentence.ts';
import { ReceiverBench, SenderBench, trigger } from '../support/forward-world.ts';

t.test('what becomes of a forward', async (t) => {
  const bench = new SenderBench({ hasLocalShutdown: true });
  const say = () => sayForward(bench.state, 'titan', bench.nowMs);
  t.equal(say(), '');
  bench.take(trigger('one'));
  bench.take({ type: 'unanswered', sequence: 1, why: 'no route' });
  bench.nowMs += 2000;
  t.equal(say(), 'rack-a: it is being forwarded to titan for 2 s, and not acknowledged (no route)');
  bench.pass(1000);
  bench.answer({
    standing: 'accepted',
    runId: '',
    stage: '',
    boundLeftMs: 0,
    trouble: 'the plan is damaged',
  });
  t.match(say(), /^rack-a: titan carries it out: no run yet: the plan is damaged, heard 0 s ago$/);
  bench.answer();
  t.match(say(), /titan carries it out: run run-1, stage workers, over in 2 min at worst/);
  bench.answer({ standing: 'past-no-return' });
  t.match(say(), /carries it out past its point of no return: run run-1/);
  bench.answer({ standing: 'ended' });
  t.equal(say(), 'rack-a: the shutdown at titan is over');
  bench.take({ type: 'supply', supply: { slackMs: -1, leftMs: 60_000, isOnMains: false } });
  t.match(say(), /is over; rack-a: this site shuts itself down: .*good for 1 min/);
});

t.test('what is taken back', async (t) => {
  const bench = new SenderBench();
  const say = () => sayForward(bench.state, 'titan', bench.nowMs);
  bench.take(trigger('one'));
  bench.take({ type: 'reverse', triggerId: 'one', sentence: 'mains is back' });
  t.equal(say(), 'rack-a: it is being withdrawn at titan');
  bench.pass(30_000);
  t.match(say(), /its withdrawal is still being told to titan/);
});

t.test('what another site has forwarded', async (t) => {
  const bench = new ReceiverBench();
  t.equal(sayReceived(bench.state, ''), '');
  bench.forwarded(1);
  t.equal(sayReceived(bench.state, ''), 'tethys has forwarded a trigger of rack-a (accepted): no power');
  t.match(sayReceived(bench.state, 'a full disk'), /; no shutdown begins: a full disk$/);
});
