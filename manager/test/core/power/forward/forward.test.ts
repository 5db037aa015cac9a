import t from 'tap';
import { SenderBench, trigger } from '../support/forward-world.ts';

const battery = (slackMs: number) =>
  ({ type: 'supply', supply: { slackMs, leftMs: 60_000, isOnMains: false } }) as const;
const mains = { type: 'supply', supply: { slackMs: undefined, leftMs: undefined, isOnMains: true } } as const;
const reverse = (triggerId: string) => ({ type: 'reverse', triggerId, sentence: 'mains is back' }) as const;

t.test('it is durable before it is sent, and sent at once', async (t) => {
  const bench = new SenderBench();
  const effects = bench.take(trigger('ups:rack-a:1'));
  t.same(
    effects.map(({ type }) => type),
    ['persist', 'send'],
  );
  t.match(bench.of('send'), [
    { sequence: 1, isWithdrawal: false, triggerId: 'ups:rack-a:1', timeLimitMs: 300_000 },
  ]);
  t.equal(bench.durable?.forward?.triggerId, 'ups:rack-a:1');
});

t.test('it is followed to its end, and said to the decision once each', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  bench.answer({ standing: 'accepted', runId: '' });
  t.same(bench.heard(), ['started'], 'kept over there: it is not lost');
  t.match(bench.of('acknowledged'), [{ afterMs: 0 }]);
  const written = bench.of('persist').length;
  bench.pass(1000);
  bench.answer({ stage: 'first' });
  bench.pass(1000);
  bench.answer({ stage: 'second' });
  t.ok(bench.of('persist').length <= written + 1, 'answers that change nothing are not written');
  bench.pass(1000);
  bench.answer({ standing: 'past-no-return' });
  bench.pass(1000);
  bench.answer({ standing: 'ended' });
  t.same(bench.heard(), ['started', 'past-no-return', 'ended']);
  t.same(bench.of('send', bench.pass(60_000)), [], 'nothing is asked any more');
  bench.take(mains);
  t.equal(bench.state.forward, undefined);
  t.equal(bench.of('recovered').length, 1);
});

t.test('one that is not answered is sent again, and that is an alert', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  for (let round = 0; round < 4; round += 1) {
    bench.take({ type: 'unanswered', sequence: 1, why: 'refused' });
    bench.pass(2000);
  }
  t.ok(bench.of('send').length >= 4);
  t.ok(
    bench.of('send').every(({ sequence }) => sequence === 1),
    'the same one',
  );
  t.match(bench.of('alert'), [{ key: 'unacknowledged', isRaised: true, sentence: /refused/ }]);
  bench.answer();
  t.match(bench.of('alert').at(-1), { key: 'unacknowledged', isRaised: false });
});

t.test('the same trigger again is no second forward; a nearer deadline goes with the next one', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one', 300_000));
  bench.answer();
  bench.take(trigger('one', 100_000));
  const [sent] = bench.of('send', bench.pass(1100));
  t.equal(sent?.sequence, 1);
  t.ok((sent?.timeLimitMs ?? 0) < 100_000);
  bench.take(trigger('one', 900_000));
  t.ok((bench.state.forward?.deadlineAtMs ?? 0) < bench.nowMs + 100_000, 'nothing loosens it');
});

t.test('mains is back in time: it is withdrawn, and the decision is free', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  bench.answer();
  const effects = bench.take(reverse('one'));
  t.same(
    effects.map(({ type }) => type),
    ['persist', 'send'],
  );
  t.match(bench.of('send').at(-1), { isWithdrawal: true, sequence: 1 });
  bench.answer({ standing: 'withdrawing' });
  t.same(bench.heard(), ['started'], 'its run ends at a step first');
  bench.pass(1000);
  bench.answer({ standing: 'withdrawn' });
  t.same(bench.heard(), ['started', 'failed']);
  t.equal(bench.state.forward, undefined);
  bench.take(trigger('two'));
  t.match(bench.of('send').at(-1), { sequence: 2 }, 'the next one is another one');
});

t.test('past the point of no return nothing is withdrawn', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  bench.answer();
  bench.take(reverse('one'));
  bench.answer({ standing: 'past-no-return' });
  t.same(bench.heard(), ['started', 'past-no-return']);
  bench.take(reverse('one'));
  t.same(bench.heard(), ['started', 'past-no-return', 'past-no-return'], 'and who asks is told');
  t.equal(bench.state.forward?.withdrawal, '');
});

t.test('with mains back nothing may begin by it at a receiver that has forgotten it', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  bench.answer({ standing: 'past-no-return' });
  bench.take(mains);
  const [sent] = bench.of('send', bench.pass(1500));
  t.match(sent, { isWithdrawal: true });
  bench.answer({ standing: 'withdrawn' });
  t.same(bench.heard(), ['started', 'past-no-return', 'ended']);
  t.equal(bench.state.forward, undefined);
});

t.test('a receiver that is gone does not keep the decision from triggering again', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  bench.answer();
  bench.take(reverse('one'));
  bench.take({ type: 'unanswered', sequence: 1, why: 'cut off' });
  bench.pass(20_000);
  t.same(bench.heard(), ['started', 'failed']);
  t.match(bench.state.leftover, { sequence: 1 }, 'the withdrawal is still sent');
  bench.take(trigger('two'));
  t.equal(bench.state.leftover, undefined, 'wanted again');
  t.match(bench.of('send').at(-1), { sequence: 2, isWithdrawal: false });
});

t.test('a withdrawal that nobody waits for is sent until it is answered', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  bench.take(reverse('one'));
  bench.pass(30_000);
  t.equal(bench.state.forward, undefined);
  bench.take({ type: 'unanswered', sequence: 1, why: 'cut off' });
  t.match(bench.of('send', bench.pass(200_000)).at(-1), { isWithdrawal: true, sequence: 1 });
  bench.answer({ standing: 'withdrawn' });
  t.equal(bench.state.leftover, undefined);
  t.same(bench.of('send', bench.pass(200_000)), []);
});

t.test('nobody acknowledges it, and the own battery is only just enough: local shutdown', async (t) => {
  const bench = new SenderBench({ hasLocalShutdown: true });
  bench.take(trigger('one'));
  bench.take({ type: 'unanswered', sequence: 1, why: 'no route' });
  bench.take(battery(5000));
  t.same(bench.of('local'), [], 'there is still time for the receiver');
  bench.pass(10_000);
  const effects = bench.take(battery(-1));
  t.same(effects[0]?.type, 'persist');
  const [local] = bench.of('local', effects);
  t.match(local, { sentence: /has not acknowledged it \(no answer\)/, timeLimitMs: 60_000 });
  bench.take({ type: 'local-run', triggerId: local?.triggerId ?? '', event: 'started' });
  bench.take({ type: 'local-run', triggerId: local?.triggerId ?? '', event: 'past-no-return' });
  bench.take({ type: 'local-run', triggerId: local?.triggerId ?? '', event: 'ended' });
  t.same(bench.heard(), ['started', 'past-no-return', 'ended']);
});

t.test('what was left in the outage before decides nothing in this one', async (t) => {
  const bench = new SenderBench({ hasLocalShutdown: true });
  bench.take(trigger('one'));
  bench.take(battery(-1));
  bench.take(reverse('one'));
  bench.answer({ standing: 'withdrawn' });
  t.equal(bench.state.forward, undefined);
  bench.take(trigger('two'));
  bench.pass(10_000);
  t.same(bench.of('local'), []);
});

t.test('it is not declared: an alert, and nothing else', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  bench.pass(5000);
  bench.take(battery(-1));
  bench.take(battery(-2));
  t.same(bench.of('local'), []);
  t.equal(bench.of('alert').filter(({ key }) => key === 'unprotected').length, 1);
});

t.test('a receiver that sees to this host, too, is left to it; one that does not is not', async (t) => {
  const bench = new SenderBench({ hasLocalShutdown: true });
  bench.take(trigger('one'));
  bench.answer();
  bench.take(battery(-1));
  t.same(bench.of('local'), []);
  bench.answer({ coversSender: false });
  bench.take(battery(-1));
  t.match(bench.of('local'), [{ sentence: /leaves this host to itself/ }]);
});

t.test('a receiver that falls silent, or whose run takes longer than its worst case', async (t) => {
  const silent = new SenderBench({ hasLocalShutdown: true });
  silent.take(trigger('one'));
  silent.answer();
  silent.take(battery(-1));
  silent.pass(14_000);
  t.same(silent.of('local'), []);
  silent.pass(2000);
  t.match(silent.of('local'), [{ sentence: /silent for/ }]);
  t.ok(silent.of('alert').some(({ key, isRaised }) => key === 'no-progress' && isRaised));

  const overdue = new SenderBench({ hasLocalShutdown: true });
  overdue.take(trigger('one'));
  overdue.answer({ boundLeftMs: 2000 });
  overdue.take(battery(-1));
  overdue.pass(2500);
  t.match(overdue.of('local'), [{ sentence: /worst case/ }]);
});

t.test('a local shutdown that failed is asked for again, while it is needed', async (t) => {
  const bench = new SenderBench({ hasLocalShutdown: true });
  bench.take(trigger('one'));
  bench.pass(5000);
  bench.take(battery(-1));
  const [first] = bench.of('local');
  bench.take({ type: 'local-run', triggerId: first?.triggerId ?? '', event: 'failed' });
  t.equal(bench.of('local').length, 1, 'after a pause');
  bench.pass(11_000);
  const ids = new Set(bench.of('local').map(({ triggerId }) => triggerId));
  t.equal(ids.size, 2, 'under another id');
});

t.test('mains is back while it shuts itself down: both are taken back', async (t) => {
  const bench = new SenderBench({ hasLocalShutdown: true });
  bench.take(trigger('one'));
  bench.pass(5000);
  bench.take(battery(-1));
  const triggerId = bench.of('local').at(0)?.triggerId ?? '';
  bench.take({ type: 'local-run', triggerId, event: 'started' });
  bench.take(reverse('one'));
  t.match(bench.of('local-reverse'), [{ triggerId }]);
  bench.answer({ standing: 'withdrawn' });
  t.same(bench.heard(), ['started', 'started'], 'this host is not done yet');
  bench.take({ type: 'local-run', triggerId, event: 'failed' });
  t.same(bench.heard().at(-1), 'failed');
  t.equal(bench.state.forward, undefined);
});

t.test('over there it is over, and this host is still up on its battery', async (t) => {
  const bench = new SenderBench({ hasLocalShutdown: true });
  bench.take(trigger('one'));
  bench.answer({ standing: 'ended' });
  bench.take(battery(10_000));
  t.same(bench.of('local'), []);
  bench.take(battery(-1));
  t.match(bench.of('local'), [{ sentence: /is over, and this host is still up/ }]);
});

t.test('over on both sides, and mains is back: its own hosts are to be started again', async (t) => {
  const bench = new SenderBench({ hasLocalShutdown: true });
  bench.take(trigger('one'));
  bench.answer({ standing: 'running', coversSender: false });
  bench.take(battery(-1));
  const triggerId = bench.of('local')[0]?.triggerId ?? '';
  for (const event of ['started', 'past-no-return', 'ended'] as const)
    bench.take({ type: 'local-run', triggerId, event });
  bench.pass(1000);
  bench.answer({ standing: 'ended' });
  bench.take(mains);
  t.equal(bench.state.forward, undefined);
  t.same(bench.of('recovered'), [], 'as after any shutdown: the site is not up yet');
});

t.test('a restart goes on with the same one; another boot has another clock', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  bench.answer();
  bench.restart();
  bench.take({ type: 'resume', open: { triggerId: 'one', isStarted: true } });
  t.match(bench.of('send').at(-1), { sequence: 1, triggerId: 'one', isWithdrawal: false });
  bench.restart('another-boot');
  bench.nowMs = 10;
  bench.take({ type: 'resume', open: { triggerId: 'one', isStarted: true } });
  t.equal(bench.of('send').length, 2, 'its UPS is looked at first');
  bench.take({ type: 'supply', supply: { slackMs: 60_000, leftMs: 90_000, isOnMains: false } });
  t.match(bench.of('send').at(-1), { sequence: 1, timeLimitMs: undefined });
});

const blind = { slackMs: undefined, leftMs: undefined, isOnMains: false };

t.test('of before a boot: nothing is sent before the UPS was seen on battery', async (t) => {
  const rebooted = () => {
    const bench = new SenderBench();
    bench.take(trigger('one'));
    bench.restart('boot-2');
    bench.effects = [];
    bench.take({ type: 'resume', open: { triggerId: 'one', isStarted: false } });
    bench.take({ type: 'supply', supply: blind });
    bench.pass(60_000);
    t.same(
      bench.effects.filter(({ type }) => type === 'send' || type === 'alert'),
      [],
    );
    return bench;
  };
  const asked = rebooted();
  asked.take(trigger('one'));
  t.match(asked.of('send'), [{ isWithdrawal: false }], 'asked for again');
  const taken = rebooted();
  taken.take({ type: 'supply', supply: { ...blind, isOnMains: true } });
  taken.pass(900_000);
  t.ok(
    taken.of('send').every(({ isWithdrawal }) => isWithdrawal),
    'it is only taken back, as the decision takes it back',
  );
  const unseen = rebooted();
  unseen.pass(300_000);
  t.match(unseen.of('send')[0], { isWithdrawal: false }, 'nothing can be seen for five minutes');
});

t.test('of before a boot, and mains is back: it is withdrawn, whatever the battery has left', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  bench.answer({ standing: 'running' });
  bench.restart('another boot');
  bench.take({ type: 'resume', open: { triggerId: 'one', isStarted: true } });
  t.match(bench.of('send', bench.take(mains)), [{ isWithdrawal: true, sentence: /mains is back/ }]);
  bench.answer({ standing: 'ended' });
  t.equal(bench.heard().at(-1), 'ended', 'it was over there long ago');
  t.equal(bench.state.forward, undefined);
});

t.test('this site has shut itself down, and mains is back: nothing is asked for over there', async (t) => {
  const bench = new SenderBench({ hasLocalShutdown: true });
  bench.take(trigger('one'));
  bench.take({ type: 'unanswered', sequence: 1, why: 'refused' });
  bench.pass(4000);
  bench.take(battery(-1));
  const [local] = bench.of('local');
  const triggerId = local?.triggerId ?? '';
  for (const event of ['started', 'past-no-return', 'ended'] as const)
    bench.take({ type: 'local-run', triggerId, event });
  t.same(bench.heard(), ['started', 'past-no-return', 'ended']);
  bench.take(mains);
  t.match(bench.of('send', bench.pass(10_000)).at(-1), { isWithdrawal: true });
  bench.pass(10_000);
  t.equal(bench.state.forward, undefined);
  t.same(bench.of('recovered'), [], 'its own hosts are off, and started as after any shutdown');
});

t.test('the decision does not know of it any more after a restart: it is withdrawn', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  bench.answer();
  bench.restart();
  bench.take({ type: 'resume', open: undefined });
  t.match(bench.of('send').at(-1), { sequence: 1, isWithdrawal: true });
});

t.test('a receiver that knows a newer one: ours comes after it', async (t) => {
  const bench = new SenderBench();
  bench.take(trigger('one'));
  bench.answer({ standing: 'superseded', newestSequence: 41 });
  t.match(bench.of('send').at(-1), { sequence: 42, triggerId: 'one' });
});

t.test('what the decision counts on and the file has lost is asked for anew', async (t) => {
  const bench = new SenderBench();
  bench.take({ type: 'resume', open: { triggerId: 'one', isStarted: true } });
  t.match(bench.of('hear'), [{ triggerId: 'one', event: 'failed' }]);
  const other = new SenderBench();
  other.take({ type: 'resume', open: { triggerId: 'one', isStarted: false } });
  t.same(other.of('hear'), [], 'it is asked for at once anyhow');
});
