/** The take-over table, row by row. */
import t from 'tap';
import type { PlanKind } from '../../../src/core/plan/plan.ts';
import { acceptedRun } from '../../../src/core/runs/fold-records.ts';
import type { RunRequest, RunState } from '../../../src/core/runs/run.ts';
import { takeOver } from '../../../src/core/runs/take-over.ts';
import { operations, planOf, poweroff, requestOf, runIdOf, step, stopAll } from '../../support/run-plans.ts';

interface Asked {
  readonly kind?: PlanKind;
  readonly mode?: 'poweroff' | 'cluster-only';
  readonly nodes?: readonly string[];
  readonly change?: Partial<RunRequest>;
}

const asked = (
  { kind = 'shutdown', mode = 'poweroff', nodes = ['a', 'b'], change = {} }: Asked,
  number = 2,
) => {
  const stages = [[step(stopAll('a'))], [step(operations([poweroff('a')]))]];
  return requestOf(planOf(stages, { kind, mode, nodes, name: kind }), number, change);
};

const active = (what: Asked, change: Partial<RunState> = {}, number = 1): RunState => {
  const request = asked(what, number);
  const record = { type: 'run-accepted', request, bootId: 'boot-1', runId: request.runId, atMs: 0 } as const;
  return { ...acceptedRun(record), ...change };
};

const running = (stage: number): Partial<RunState> => ({
  running: {
    address: { stage, step: 0 },
    method: 0,
    beganAtMs: 0,
    methodBeganAtMs: 0,
    deadlineAtMs: 0,
    operations: [],
    look: undefined,
    retries: 0,
    retryAtMs: undefined,
  },
});
const pastNoReturn = running(1);
const aborting: Partial<RunState> = { ...running(0), abort: { by: 'bob', reason: '' } };
const clusterOnly = { mode: 'cluster-only' } as const;
const rehearsal = { change: { isRehearsal: true } };

const rows: readonly [string, Asked, RunState[], 'pre-empts' | 'joins' | 'refused' | 'begins'][] = [
  ['nobody is there', {}, [], 'begins'],
  ['other nodes', { kind: 'startup', nodes: ['c'] }, [active({})], 'begins'],
  ['one that is over', { kind: 'startup' }, [active({}, { outcome: 'done', armed: [] })], 'begins'],
  ['startup, the same startup', { kind: 'startup' }, [active({ kind: 'startup' })], 'joins'],
  [
    'startup, another startup',
    { kind: 'startup' },
    [active({ kind: 'startup', change: { planDigest: 'sha256:other' } })],
    'refused',
  ],
  ['startup, a startup that stops', { kind: 'startup' }, [active({ kind: 'startup' }, aborting)], 'refused'],
  ['startup, sequence', { kind: 'startup' }, [active({ kind: 'sequence' })], 'refused'],
  ['startup, shutdown', { kind: 'startup' }, [active({})], 'refused'],
  ['startup, shutdown cluster-only', { kind: 'startup' }, [active(clusterOnly)], 'refused'],
  ['sequence, startup', { kind: 'sequence' }, [active({ kind: 'startup' })], 'refused'],
  ['sequence, the same sequence', { kind: 'sequence' }, [active({ kind: 'sequence' })], 'refused'],
  ['sequence, shutdown', { kind: 'sequence' }, [active({})], 'refused'],
  ['shutdown, startup', {}, [active({ kind: 'startup' })], 'pre-empts'],
  ['shutdown, sequence', {}, [active({ kind: 'sequence' })], 'pre-empts'],
  [
    'shutdown, startup and sequence',
    {},
    [active({ kind: 'startup', nodes: ['a'] }), active({ kind: 'sequence', nodes: ['b'] }, {}, 3)],
    'pre-empts',
  ],
  ['shutdown, the same', {}, [active({})], 'joins'],
  ['shutdown, the same past its point of no return', {}, [active({}, pastNoReturn)], 'joins'],
  ['shutdown of fewer nodes', { nodes: ['a'] }, [active({})], 'joins'],
  ['shutdown, one that stops because of an abort', {}, [active({}, aborting)], 'pre-empts'],
  ['shutdown of more nodes', { nodes: ['a', 'b', 'c'] }, [active({})], 'pre-empts'],
  [
    'shutdown of more nodes, past the point of no return',
    { nodes: ['a', 'b', 'c'] },
    [active({}, pastNoReturn)],
    'refused',
  ],
  ['poweroff, cluster-only', {}, [active(clusterOnly)], 'pre-empts'],
  [
    'poweroff, cluster-only of fewer nodes',
    {},
    [active({ mode: 'cluster-only', nodes: ['a'] })],
    'pre-empts',
  ],
  ['poweroff, rehearsal', {}, [active(rehearsal)], 'pre-empts'],
  ['poweroff, rehearsal past its point of no return', {}, [active(rehearsal, pastNoReturn)], 'joins'],
  ['cluster-only, poweroff', clusterOnly, [active({})], 'joins'],
  ['cluster-only, cluster-only', clusterOnly, [active(clusterOnly)], 'joins'],
  ['rehearsal, cluster-only', rehearsal, [active(clusterOnly)], 'joins'],
  ['rehearsal, rehearsal', rehearsal, [active(rehearsal)], 'joins'],
  [
    'the same trigger, though it asks for more',
    { change: { triggerId: 'ups-1' } },
    [active({ mode: 'cluster-only', change: { triggerId: 'ups-1' } })],
    'joins',
  ],
  [
    'the same trigger, other nodes',
    { nodes: ['c'], change: { triggerId: 'ups-1' } },
    [active({ change: { triggerId: 'ups-1' } })],
    'joins',
  ],
  [
    'the same trigger, of a startup',
    { change: { triggerId: 'ups-1' } },
    [active({ kind: 'startup', change: { triggerId: 'ups-1' } })],
    'pre-empts',
  ],
  [
    'another trigger',
    { change: { triggerId: 'ups-2' } },
    [active({ change: { triggerId: 'ups-1' } })],
    'joins',
  ],
];

for (const [name, what, runs, expected] of rows) {
  t.test(name, async (t) => {
    const decision = takeOver(runs, asked(what));
    const ids = runs.map(({ request }) => request.runId);
    if (expected === 'begins') t.same(decision, { type: 'begin', preempts: [] });
    if (expected === 'pre-empts') t.same(decision, { type: 'begin', preempts: ids });
    if (expected === 'joins') t.same(decision, { type: 'join', runId: runIdOf(1) });
    if (expected === 'refused') {
      t.match(decision, { type: 'refuse', refusal: { code: 'HEC_RUN_ACTIVE' } });
      t.match(JSON.stringify(decision), new RegExp(`run ${runIdOf(1)} .* holds a`));
    }
  });
}
