import t from 'tap';
import {
  isByHand,
  type ShutdownOrStartup,
  shutDownByHand,
} from '../../../../src/core/power/site/shut-down-by-hand.ts';
import type { RunState } from '../../../../src/core/runs/run.ts';

const run = (id: string, change: Partial<ShutdownOrStartup> = {}): ShutdownOrStartup => ({
  id,
  kind: 'shutdown',
  outcome: 'done',
  isDryRun: false,
  mode: 'poweroff',
  ...change,
});
const of = (...history: readonly ShutdownOrStartup[]): string | undefined => shutDownByHand(history)?.id;

t.test('the newest shutdown of a person that no startup has followed', async (t) => {
  t.equal(of(), undefined);
  t.equal(of(run('2'), run('1')), '2');
  t.equal(of(run('1', { outcome: 'degraded' })), '1');
  t.equal(of(run('1'), run('2', { kind: 'startup' })), undefined);
  t.equal(of(run('1'), run('2', { kind: 'startup', outcome: 'failed' })), '1');
  t.equal(of(run('1'), run('2', { kind: 'startup', isDryRun: true })), '1');
  t.equal(of(run('1', { kind: 'startup' }), run('2')), '2');
});

t.test('a run that goes on', async (t) => {
  const going = (triggerId: string, joinedBy?: string) =>
    isByHand({ request: { triggerId }, joinedBy } as unknown as RunState);
  t.equal(going(''), true);
  t.equal(going('ups:rack-a:1'), false);
  t.equal(going('ups:rack-a:1', 'alice'), true);
});

t.test('none of a person, or none that was carried out', async (t) => {
  t.equal(of(run('1', { triggerId: 'ups:rack-a:1' })), undefined);
  t.equal(of(run('1', { triggerId: 'ups:rack-a:1', joinedBy: 'alice' })), '1');
  t.equal(of(run('1', { isDryRun: true })), undefined);
  for (const outcome of ['failed', 'aborted', 'pre-empted'] as const)
    t.equal(of(run('1', { outcome })), undefined, outcome);
});

t.test('one of the cluster alone, that a UPS has taken over', async (t) => {
  const taken = run('1', { outcome: 'pre-empted', mode: 'cluster-only' });
  t.equal(of(taken, run('2', { triggerId: 'ups:rack-a:1' })), '1');
  t.equal(of({ ...taken, isRehearsal: true }), undefined, 'a rehearsal was not meant to last');
});
