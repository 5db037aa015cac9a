import t from 'tap';
import { nextReceivedTickMs } from '../../../src/core/power/forward-received.ts';
import { ReceiverBench } from './support/forward-world.ts';

const types = (effects: readonly { type: string }[]) => effects.map(({ type }) => type);

t.test('it is durable before it is acknowledged, and before its run is asked for', async (t) => {
  const bench = new ReceiverBench();
  const effects = bench.forwarded(1);
  t.same(types(effects), ['persist', 'trigger', 'answer']);
  t.equal(bench.standing(effects), 'accepted');
  t.match(effects[1], { triggerId: 'peer:tethys:rack-a:instance:1', timeLimitMs: 300_000 });
});

t.test('a second one with the same sequence joins', async (t) => {
  const bench = new ReceiverBench();
  bench.forwarded(1);
  t.same(types(bench.forwarded(1)), ['answer']);
  bench.run('started');
  t.equal(bench.standing(bench.forwarded(1)), 'running');
  bench.run('past-no-return');
  t.equal(bench.standing(bench.forwarded(1)), 'past-no-return');
  bench.run('ended');
  t.equal(bench.standing(bench.forwarded(1)), 'ended');
  t.equal(bench.effects.filter(({ type }) => type === 'trigger').length, 1);
});

t.test('a nearer deadline is told to the run; nothing loosens it', async (t) => {
  const bench = new ReceiverBench();
  bench.forwarded(1, { timeLimitMs: 300_000 });
  bench.run('started');
  t.same(types(bench.forwarded(1, { timeLimitMs: 295_000 })), ['answer']);
  t.same(types(bench.forwarded(1, { timeLimitMs: 100_000 })), ['persist', 'trigger', 'answer']);
  t.same(types(bench.forwarded(1, { timeLimitMs: 200_000 })), ['answer']);
});

t.test('asked for until its run is accepted', async (t) => {
  const bench = new ReceiverBench();
  bench.forwarded(1);
  t.ok(types(bench.pass(11_000)).filter((type) => type === 'trigger').length >= 2);
  bench.run('started');
  t.equal(nextReceivedTickMs(bench.state), undefined, 'nothing is waited for');
});

t.test('a run that failed: another, under another id, after a pause', async (t) => {
  const bench = new ReceiverBench();
  bench.forwarded(1);
  bench.run('started');
  bench.run('failed');
  t.same(bench.pass(9000), []);
  t.match(bench.pass(2000), [{ type: 'trigger', triggerId: 'peer:tethys:rack-a:instance:1.2' }]);
  t.equal(bench.standing(bench.forwarded(1)), 'accepted');
});

t.test(
  'a person aborts its run when the battery over there was to be empty: that counts for five minutes',
  async (t) => {
    for (const [afterMs, quietMs] of [
      [10_000, 144_000],
      [295_000, 9000],
      [400_000, 299_000],
    ] as const) {
      const bench = new ReceiverBench();
      bench.forwarded(1, { timeLimitMs: 300_000 });
      bench.run('started');
      bench.pass(afterMs);
      bench.run('aborted');
      t.same(bench.pass(quietMs), [], `${afterMs} ms after the trigger`);
      t.match(bench.pass(2000), [{ type: 'trigger', triggerId: 'peer:tethys:rack-a:instance:1.2' }]);
    }
  },
);

t.test('a battery that empties faster does not end the word of a person at once', async (t) => {
  const bench = new ReceiverBench();
  bench.forwarded(1, { timeLimitMs: 600_000 });
  bench.run('started');
  bench.run('aborted');
  bench.pass(10_000);
  t.same(types(bench.forwarded(1, { timeLimitMs: 200_000 })), ['persist', 'answer']);
  t.same(bench.pass(99_000), [], 'half of what is left now');
  t.match(bench.pass(2000), [{ type: 'trigger', timeLimitMs: 100_000 }]);
});

t.test('withdrawn before the point of no return', async (t) => {
  const bench = new ReceiverBench();
  bench.forwarded(1);
  bench.run('started');
  const effects = bench.withdrawn(1);
  t.same(types(effects), ['persist', 'reverse', 'answer']);
  t.equal(bench.standing(effects), 'withdrawing');
  bench.run('failed');
  t.equal(bench.standing(bench.withdrawn(1)), 'withdrawn');
  t.equal(bench.standing(bench.forwarded(1)), 'withdrawn', 'a late copy of the forward begins nothing');
});

t.test('withdrawn too late', async (t) => {
  const bench = new ReceiverBench();
  bench.forwarded(1);
  bench.run('started');
  bench.withdrawn(1);
  bench.run('past-no-return');
  t.equal(bench.standing(bench.withdrawn(1)), 'past-no-return');
  t.same(types(bench.pass(60_000)), []);
});

t.test('a withdrawal that comes before its forward: the forward begins nothing', async (t) => {
  const bench = new ReceiverBench();
  t.equal(bench.standing(bench.withdrawn(1)), 'withdrawn');
  t.equal(bench.standing(bench.forwarded(1)), 'withdrawn');
  t.notOk(bench.effects.some(({ type }) => type === 'trigger'));
});

t.test('the newest of a UPS counts', async (t) => {
  const bench = new ReceiverBench();
  bench.forwarded(1);
  bench.run('started');
  const effects = bench.forwarded(2);
  t.match(effects[1], { type: 'trigger', triggerId: 'peer:tethys:rack-a:instance:2' });
  t.equal(bench.standing(bench.forwarded(1)), 'superseded');
  t.equal(bench.standing(bench.withdrawn(1)), 'superseded', 'and takes nothing back');
  t.equal(bench.state.forward?.phase, 'accepted');
  bench.withdrawn(3);
  t.equal(bench.state.forward?.phase, 'withdrawing', 'what was begun before it goes with it');
});

t.test('sequences of another file of the sender are new', async (t) => {
  const bench = new ReceiverBench();
  bench.forwarded(7);
  t.equal(bench.standing(bench.forwarded(1, { instance: 'another' })), 'accepted');
  t.match(bench.effects.at(-2), { type: 'trigger', triggerId: 'peer:tethys:rack-a:another:1' });
});

t.test('a restart asks again for what is open', async (t) => {
  const bench = new ReceiverBench();
  bench.forwarded(1);
  bench.restart();
  t.match(bench.take({ type: 'resume' }), [{ type: 'trigger', triggerId: 'peer:tethys:rack-a:instance:1' }]);
  bench.run('started');
  bench.withdrawn(1);
  bench.restart('another-boot');
  bench.nowMs = 5;
  t.match(bench.take({ type: 'resume' }), [{ type: 'reverse' }]);
});
