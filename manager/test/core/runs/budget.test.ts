/** Durations learnt from past runs. */
import t from 'tap';
import { learnt, samplesMax } from '../../../src/core/runs/budget.ts';
import type { PastRun, PastStep } from '../../../src/core/runs/past-run.ts';
import { planOf, step, stopAll } from '../../support/run-plans.ts';

const plan = planOf([[step(stopAll('a')), step(stopAll('b'))]]);

const pastStep = (id: string, durationMs: number, change: Partial<PastStep> = {}): PastStep => ({
  id,
  learnKey: `key ${id}`,
  name: '',
  stage: '',
  outcome: 'done',
  durationMs,
  hasTimedOut: false,
  ...change,
});

let runs = 0;
const pastRun = (steps: readonly PastStep[], change: Partial<PastRun> = {}): PastRun => {
  runs += 1;
  return {
    id: `run ${String(runs).padStart(5, '0')}`,
    plan: 'shutdown',
    kind: 'shutdown',
    mode: 'poweroff',
    outcome: 'done',
    isDryRun: false,
    isRehearsal: false,
    startedWallMs: runs * 1000,
    durationMs: 0,
    steps,
    ...change,
  };
};

t.test('nothing past: nothing learnt', async (t) => {
  t.same(learnt([], plan), {
    durationsMs: {},
    samples: { '1.1': 0, '1.2': 0 },
    rehearsals: { '1.1': 0, '1.2': 0 },
  });
});

t.test('the maximum of the last ten, not the mean, and not of older ones', async (t) => {
  const history = [
    pastRun([pastStep('1.1', 99_000)]),
    ...Array.from({ length: samplesMax }, (_, index) => pastRun([pastStep('1.1', 1000 + index)])),
  ];
  const { durationsMs, samples } = learnt(history, plan);
  t.equal(durationsMs['1.1'], 1009);
  t.equal(samples['1.1'], samplesMax);
  t.same(learnt([...history].reverse(), plan).durationsMs, durationsMs, 'by age, not by place');
});

t.test('of like runs only', async (t) => {
  const others = [
    pastRun([pastStep('1.1', 7)], { isDryRun: true }),
    pastRun([pastStep('1.1', 8)], { plan: 'startup' }),
  ];
  t.same(learnt(others, plan).durationsMs, {});
});

t.test('a rehearsal, which leaves hosts on, teaches what it has in common', async (t) => {
  const rehearsal = pastRun([pastStep('1.1', 9)], { mode: 'cluster-only', isRehearsal: true });
  t.same(learnt([rehearsal], plan), {
    durationsMs: { '1.1': 9 },
    samples: { '1.1': 1, '1.2': 0 },
    rehearsals: { '1.1': 1, '1.2': 0 },
  });
});

t.test('rehearsals count, and are labelled', async (t) => {
  const history = [pastRun([pastStep('1.1', 5)], { isRehearsal: true }), pastRun([pastStep('1.1', 4)])];
  const { durationsMs, samples, rehearsals } = learnt(history, plan);
  t.match(
    { durationsMs, samples, rehearsals },
    { durationsMs: { '1.1': 5 }, samples: { '1.1': 2 }, rehearsals: { '1.1': 1 } },
  );
});

t.test('of what did not go well: what took its time', async (t) => {
  const history = [
    pastRun([pastStep('1.1', 60_000, { outcome: 'failed', hasTimedOut: true })], { outcome: 'failed' }),
    pastRun([pastStep('1.1', 5000, { outcome: 'degraded' }), pastStep('1.2', 3, { outcome: 'failed' })]),
    pastRun([pastStep('1.1', 0, { outcome: 'left-out' })]),
  ];
  const { durationsMs, samples } = learnt(history, plan);
  t.same(durationsMs, { '1.1': 60_000 });
  t.same(samples, { '1.1': 2, '1.2': 0 });
});

t.test('the same work in another place of the plan', async (t) => {
  const moved = pastRun([
    pastStep('3.4', 12, { learnKey: 'key 1.2' }),
    pastStep('3.5', 15, { learnKey: 'key 1.2' }),
  ]);
  t.same(learnt([moved], plan).durationsMs, { '1.2': 15 });
});
