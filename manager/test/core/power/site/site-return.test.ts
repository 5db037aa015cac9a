import t from 'tap';
import { judgeSiteReturn, type SiteReturnQuestion } from '../../../../src/core/power/site/site-return.ts';

const back: SiteReturnQuestion['upses'][number] = {
  name: 'rack-a',
  phase: 'recover',
  hasTrigger: false,
  runId: '01B',
  hasPoweredOff: true,
};
const question = (changes: Partial<SiteReturnQuestion> = {}): SiteReturnQuestion => ({
  upses: [back],
  isStarting: false,
  history: [{ id: '01B', kind: 'shutdown', outcome: 'done', isDryRun: false, triggerId: 'ups:rack-a:1' }],
  startup: { state: 'ready', sentence: 'mains for 5 min' },
  attempts: [],
  nowMs: 1_000_000,
  ...changes,
});
const of = (changes?: Partial<SiteReturnQuestion>) => judgeSiteReturn(question(changes));

t.test('mains is back, and all is ready', async (t) => {
  t.same(of(), { type: 'start', ups: 'rack-a', sentence: 'rack-a: mains is back; mains for 5 min' });
});

t.test('nothing to start', async (t) => {
  for (const phase of ['online', 'hosts-off', 'committed', 'unknown'] as const)
    t.same(of({ upses: [{ ...back, phase }] }), { type: 'none' }, phase);
  t.same(of({ isStarting: true }), { type: 'none' });
});

t.test('what it waits for', async (t) => {
  const other = { ...back, name: 'rack-b', phase: 'triggered', hasTrigger: true } as const;
  t.match(of({ upses: [back, other] }), { type: 'wait', sentence: /rack-b has asked for a shutdown/ });
  const startup = { state: 'waiting', sentence: 'rack-a: mains for 1 s, of 5 min' } as const;
  t.same(of({ startup }), { type: 'wait', isByHand: false, sentence: startup.sentence });
});

t.test('who has shut the site down since wants it down', async (t) => {
  const later = { id: '01C', kind: 'shutdown', outcome: 'done', isDryRun: false } as const;
  t.match(of({ history: [later] }), { type: 'wait', sentence: /run 01C.*hecatectl startup/ });
  t.equal(of({ history: [{ ...later, isDryRun: true }] }).type, 'start');
  t.equal(of({ history: [{ ...later, outcome: 'aborted' }] }).type, 'start');
  t.equal(of({ history: [{ ...later, kind: 'sequence' }] }).type, 'start');
  const forwarded = { ...later, triggerId: 'peer:tethys:rack-a:1f:1' };
  t.equal(of({ history: [forwarded] }).type, 'start', 'a UPS of another site had asked for it, too');
  const unknown = { ...back, runId: undefined };
  t.equal(of({ upses: [unknown], history: [later] }).type, 'start', 'of what nobody remembers');
});

t.test('what a person has shut down before the outage stays down', async (t) => {
  const before = { id: '01A', kind: 'shutdown', outcome: 'done', isDryRun: false, mode: 'poweroff' } as const;
  const byUps = { ...before, id: '01B', triggerId: 'ups:rack-a:1' };
  const offline = { upses: [{ ...back, hasPoweredOff: false }] };
  t.match(of({ ...offline, history: [before, byUps] }), {
    type: 'wait',
    isByHand: true,
    sentence: /run 01A, before the outage: .*hecatectl startup/,
  });
  t.equal(of({ history: [before, byUps] }).type, 'start', 'somebody had switched hosts on since');
  const started = { ...before, id: '01AA', kind: 'startup' } as const;
  t.equal(of({ ...offline, history: [before, started, byUps] }).type, 'start');
  const clusterOnly = { ...before, mode: 'cluster-only' } as const;
  t.equal(of({ history: [clusterOnly, byUps] }).type, 'wait', 'hosts were on, and the cluster was not');
  t.equal(of({ history: [{ ...clusterOnly, isRehearsal: true }, byUps] }).type, 'start', 'not meant to last');
});

t.test('a person who joins the shutdown of a UPS wants the site down', async (t) => {
  const joined = {
    id: '01B',
    kind: 'shutdown',
    outcome: 'done',
    isDryRun: false,
    joinedBy: 'alice',
  } as const;
  t.match(of({ history: [{ ...joined, triggerId: 'ups:rack-a:1' }] }), {
    type: 'wait',
    isByHand: true,
    sentence: /alice has asked for the shutdown, too \(run 01B\): .*hecatectl startup/,
  });
});

t.test('a startup that failed: again, after a pause that doubles up to an hour', async (t) => {
  const after = (count: number, agoMs: number) =>
    of({ attempts: Array.from({ length: count }, () => ({ atMs: 1_000_000 - agoMs })) });
  t.match(after(1, 59_000), { type: 'wait', sentence: /due in 1 s/ });
  t.equal(after(1, 60_000).type, 'start');
  t.equal(after(2, 60_000).type, 'wait');
  t.equal(after(2, 120_000).type, 'start');
  t.equal(after(60, 3_599_000).type, 'wait');
  t.equal(after(60, 3_600_000).type, 'start');
});
