import {
  createPlanFinding,
  createPlanMethod,
  createPlannedOperation,
  createPlanReport,
  createPlanStage,
  createPlanStep,
  createRungBound,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { findingLines, planLines } from '../../src/core/plan-text.ts';

const plain = (text: string): string => text;
const stop = (node: string) => createPlannedOperation({ node, verb: 'stop', unit: 'k3s-agent.service' });

const plan = createPlanReport({
  name: 'shutdown',
  kind: 'shutdown',
  mode: 'poweroff',
  digest: 'sha256:12',
  nodes: ['pi', 'wrk-1', 'wrk-2'],
  expectedMs: 60_000,
  boundMs: 300_000,
  noReturnFrom: '2.1',
  stages: [
    createPlanStage({
      name: 'workers',
      expectedMs: 30_000,
      boundMs: 240_000,
      steps: [
        createPlanStep({
          id: '1.1',
          name: 'stop k3s-agent.service on 2 nodes',
          methods: [
            createPlanMethod({
              type: 'operations',
              operations: [stop('wrk-1'), stop('wrk-2')],
              successByGate: true,
            }),
            createPlanMethod({ type: 'hook', text: 'cordon' }),
          ],
          parallelism: 1,
          expectedMs: 20_000,
          minimumMs: 5000,
          boundMs: 120_000,
          onFailure: 'continue',
          dropAt: 'panic',
          samples: 3,
        }),
        createPlanStep({
          id: '1.2',
          name: 'the workers have stopped',
          methods: [createPlanMethod({ type: 'gate', text: 'the workers have stopped' })],
          expectedMs: 10_000,
          boundMs: 120_000,
          onFailure: 'abort',
        }),
      ],
    }),
  ],
  rungs: [createRungBound({ rung: 'full', steps: 3, expectedMs: 60_000, boundMs: 300_000 })],
  findings: [
    createPlanFinding({ key: 'sequences.shutdown', message: 'no run of it yet', remedy: 'rehearse it once' }),
  ],
});

t.test('a plan: stages, steps, what each does, how long, what it may be shortened to', async (t) => {
  t.same(
    planLines(plan, plain).join('\n'),
    `shutdown (shutdown, poweroff)  sha256:12
3 nodes: pi, wrk-1, wrk-2
expected 1 min, at most 5 min; cannot be aborted from step 2.1 on

stage 1: workers  expected 30 s, at most 4 min
  1.1 stop k3s-agent.service on 2 nodes
      expected 20 s (learnt of 3 runs), forced 5 s, at most 2 min, goes on when it fails, left out from rung panic on, 1 at once
      stop k3s-agent.service on wrk-1, wrk-2 (over as soon as systemd has taken it)
      else: hook cordon
  1.2 the workers have stopped
      expected 10 s, forced 0 s, at most 2 min, ends the run when it fails
      wait until the workers have stopped

rungs, chosen by a time limit:
  full      3 steps  expected 1 min, at most 5 min

warning: sequences.shutdown (built in): no run of it yet
  next: rehearse it once`,
  );
});

t.test('an error has its line', async (t) => {
  const finding = createPlanFinding({
    isError: true,
    key: 'sequences.x.stages[0]',
    line: 12,
    message: 'no bound',
  });
  t.same(findingLines(finding, plain), ['error: line 12: sequences.x.stages[0]: no bound']);
});

t.test('what can be aborted to its end says so', async (t) => {
  t.match(planLines({ ...plan, noReturnFrom: '' }, plain)[2], 'can be aborted at the end of any step');
});

t.test('a plan too large to be told says how many operations it has', async (t) => {
  const [stage] = plan.stages;
  const methods = [createPlanMethod({ type: 'operations', text: '2042 operations' })];
  const steps = [createPlanStep({ id: '1.1', name: 'stop k3s on 2042 nodes', methods })];
  const large = { ...plan, stages: stage ? [{ ...stage, steps }] : [] };
  t.match(planLines(large, plain).join('\n'), /^ {6}2042 operations$/m);
});
