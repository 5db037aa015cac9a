import t from 'tap';
import { nextReceivedTickMs } from '../../../../src/core/power/forward/forward-received.ts';
import { ReceiverBench } from '../support/forward-world.ts';

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
      bench.forwarded(1, { timeLimitMs: Math.max(0, 300_000 - afterMs) });
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

t.test('another boot: nothing is begun before the sender was heard, or for five minutes', async (t) => {
  const rebooted = () => {
    const bench = new ReceiverBench();
    bench.forwarded(1);
    bench.restart('another-boot');
    bench.nowMs = 5;
    t.same(bench.take({ type: 'resume' }), []);
    t.same(
      bench.pass(60_000).filter(({ type }) => type !== 'persist'),
      [],
    );
    return bench;
  };
  t.match(rebooted().forwarded(1), [{ type: 'persist' }, { type: 'trigger' }, { type: 'answer' }]);
  const taken = rebooted();
  t.match(taken.withdrawn(1), [{ type: 'persist' }, { type: 'reverse' }, { type: 'answer' }]);
  t.equal(
    rebooted()
      .pass(241_000)
      .filter(({ type }) => type === 'trigger').length,
    1,
  );
  const failed = rebooted();
  failed.run('started');
  failed.run('failed');
  t.same(
    failed.pass(60_000).filter(({ type }) => type === 'trigger'),
    [],
    'nor after a run that failed',
  );
});

t.test('a site that is gone for good: a run that failed is not asked for anew for ever', async (t) => {
  const bench = new ReceiverBench();
  bench.forwarded(1, { timeLimitMs: 900_000 });
  bench.run('started');
  bench.run('past-no-return');
  for (let time = 0; time < 13; time += 1) {
    bench.run('failed');
    t.ok(types(bench.pass(61_000)).includes('trigger'), 'while its battery is to last');
  }
  bench.pass(120_000);
  t.equal(bench.durable?.forward?.isLapsed, true, 'which is durable');
  t.equal(nextReceivedTickMs(bench.state), undefined, 'and nothing is waited for');
  t.same(bench.pass(3_600_000), []);
  bench.restart();
  t.same(bench.take({ type: 'resume' }), [], 'nor after a restart');
  const effects = bench.forwarded(1);
  t.same(types(effects), ['persist', 'trigger', 'answer'], 'until it is heard of again');
  t.equal(bench.standing(effects), 'past-no-return');
});

t.test('while it repeats itself, it is asked for as long as it takes', async (t) => {
  const bench = new ReceiverBench();
  bench.forwarded(1, { timeLimitMs: 10_000 });
  for (let minute = 0; minute < 60; minute += 1) {
    t.ok(types(bench.pass(60_000)).includes('trigger'));
    bench.forwarded(1, { timeLimitMs: 0 });
  }
});

t.test('after a restart nobody knows how long its battery lasts: ten minutes from there', async (t) => {
  const bench = new ReceiverBench();
  bench.forwarded(1);
  bench.restart('another-boot');
  bench.nowMs = 5000;
  bench.take({ type: 'resume' });
  t.ok(types(bench.pass(595_000)).includes('trigger'));
  t.equal(types(bench.pass(120_000)).at(-1), 'persist');
  t.equal(bench.state.forward?.isLapsed, true);
});

t.test('a peer that is revoked: what it has asked for ends, as if it had taken it back', async (t) => {
  const revoked = { type: 'revoked', sentence: 'peer tethys was revoked' } as const;
  const waiting = new ReceiverBench();
  waiting.forwarded(1);
  t.same(types(waiting.take(revoked)), ['persist', 'reverse']);
  waiting.run('failed');
  t.equal(waiting.state.forward?.phase, 'withdrawn');

  const committed = new ReceiverBench();
  committed.forwarded(1);
  committed.run('started');
  committed.take(revoked);
  committed.run('past-no-return');
  t.same(committed.take(revoked), [], 'a second time');
  t.equal(committed.state.forward?.phase, 'committed', 'it goes on to its end (I10)');
  committed.restart();
  committed.run('failed');
  t.equal(committed.durable?.forward?.phase, 'ended', 'and is not asked for anew');

  const failed = new ReceiverBench();
  failed.forwarded(1);
  failed.run('past-no-return');
  failed.run('failed');
  t.same(types(failed.take(revoked)), ['persist']);
  t.equal(failed.state.forward?.phase, 'ended');
  t.same(failed.pass(3_600_000), []);
  t.equal(failed.standing(failed.forwarded(2)), 'accepted', 'enrolled anew, it is heard again');

  t.same(new ReceiverBench().take(revoked), [], 'one that has asked for nothing');
});

t.test('past the point of no return, failed, and mains is back over there', async (t) => {
  const failed = (): ReceiverBench => {
    const bench = new ReceiverBench();
    bench.forwarded(1);
    for (const event of ['started', 'past-no-return', 'failed'] as const) bench.run(event);
    return bench;
  };
  const mains = (bench: ReceiverBench, forMs: number) => {
    for (let passedMs = 0; passedMs < forMs; passedMs += 5000) {
      bench.withdrawn(1);
      bench.pass(5000);
    }
  };
  const asked = (bench: ReceiverBench): number =>
    types(bench.effects).filter((type) => type === 'trigger').length;
  await t.test('no other is begun meanwhile, and none at all after a minute', async (t) => {
    const bench = failed();
    mains(bench, 60_000);
    t.equal(bench.state.forward?.phase, 'committed');
    mains(bench, 5000);
    t.match(bench.state.forward, { phase: 'ended', isUnfinished: true });
    t.equal(bench.standing(bench.withdrawn(1)), 'ended');
    bench.pass(600_000);
    t.equal(asked(bench), 1);
  });
  await t.test('mains that fails again over there: another is', async (t) => {
    const bench = failed();
    mains(bench, 30_000);
    bench.forwarded(1);
    bench.pass(6000);
    t.ok(asked(bench) > 1);
    mains(bench, 30_000);
    t.equal(bench.state.forward?.phase, 'committed', 'the minute begins anew');
  });
  await t.test('a sender that falls silent says nothing of its mains (I12)', async (t) => {
    const bench = failed();
    mains(bench, 20_000);
    bench.pass(45_000);
    t.ok(asked(bench) > 1);
  });
  await t.test('a run that goes on is left alone', async (t) => {
    const bench = failed();
    bench.pass(11_000);
    bench.run('started');
    mains(bench, 120_000);
    t.equal(bench.state.forward?.phase, 'committed');
    bench.run('ended');
    t.match(bench.state.forward, { phase: 'ended' });
    t.notOk(bench.state.forward?.isUnfinished);
  });
});
