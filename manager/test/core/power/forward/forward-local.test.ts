import t from 'tap';
import { whyAlone } from '../../../../src/core/power/forward/forward-local.ts';
import { SenderBench, trigger } from '../support/forward-world.ts';

const why = (bench: SenderBench, laterMs = 0) => whyAlone(bench.state, bench.config, bench.nowMs + laterMs);

t.test('who can be counted on', async (t) => {
  const bench = new SenderBench();
  t.match(why(bench), /nothing is forwarded/);
  bench.take(trigger('one'));
  t.equal(why(bench), undefined, 'the threshold leaves it that long');
  bench.nowMs += 3000;
  t.match(why(bench), /not acknowledged/);
  bench.answer({ standing: 'accepted', runId: '', trouble: 'the plan is damaged' });
  t.match(why(bench), /no shutdown has begun over there: the plan is damaged/);
  bench.answer();
  t.equal(why(bench), undefined);
  t.match(why(bench, 15_000), /silent for 15 s/);
  bench.answer({ boundLeftMs: 1000 });
  t.match(why(bench, 1500), /worst case/);
  bench.answer({ coversSender: false });
  t.match(why(bench), /to itself/);
  bench.restart();
  t.match(why(bench), /silent/);
});
