import t from 'tap';
import { boundOf, expectedOf } from '../../../src/core/plan/bounds.ts';
import { compilePlan } from '../../../src/core/plan/compile-plan.ts';
import { defaultShutdown } from '../../../src/core/plan/default-shutdown.ts';
import { defaultStartup } from '../../../src/core/plan/default-startup.ts';
import { errorAt } from '../../../src/core/plan/finding.ts';
import { noReturnFrom, planReport } from '../../../src/core/plan/plan-report.ts';
import { clusterInventory, gate, place, sequence, stage, step, stop } from './support/plan-fixtures.ts';

const inventory = clusterInventory();
const shutdown = defaultShutdown(inventory);
const compiled = (declared = shutdown) => {
  const { plan, findings } = compilePlan({ inventory, sequence: declared, mode: 'poweroff' });
  if (plan === undefined) throw new Error(JSON.stringify(findings));
  return {
    sequence: declared,
    mode: 'poweroff' as const,
    plan,
    digest: 'sha256:0',
    findings,
    names: ['b', 'a'],
  };
};

t.test('the whole of a plan', async (t) => {
  const question = { ...compiled(), learntMs: { '1.2': 60_000 }, samples: { '1.2': 3 } };
  const report = planReport(question);
  t.match(report, {
    name: 'shutdown',
    kind: 'shutdown',
    mode: 'poweroff',
    digest: 'sha256:0',
    names: ['a', 'b'],
    findings: [],
  });
  t.equal(report.expectedMs, expectedOf(question.plan, question.learntMs, 'full'));
  t.equal(report.boundMs, boundOf(question.plan, 'full'));
  t.equal(
    report.boundMs,
    report.stages.reduce((total, { boundMs }) => total + boundMs, 0),
  );
  t.equal(
    report.expectedMs,
    report.stages.reduce((total, { expectedMs }) => total + expectedMs, 0),
  );
  t.match(report.stages[0]?.steps[1], {
    id: '1.2',
    expectedMs: 60_000,
    samples: 3,
    boundMs: 240_000,
    onFailure: 'continue',
    dropAt: '',
  });
  t.same(
    report.rungs.map(({ rung }) => rung),
    ['full', 'short', 'forced', 'panic'],
  );
  t.equal(report.rungs[3]?.steps, 7);
});

t.test('methods in words', async (t) => {
  const declared = sequence([
    stage(
      'x',
      step(stop(['role:agent'])),
      step(gate({ type: 'tcp', host: 'h', port: 1 }, 'it answers'), {
        escalation: [stop(['nas'], 'x.service')],
      }),
      step({ type: 'wait', durationMs: 5000 }),
      step({ type: 'wake', nodes: ['srv-1'] }),
    ),
  ]);
  const { stages } = planReport({ ...compiled(declared), learntMs: {}, samples: {} });
  t.match(
    stages[0]?.steps.map(({ methods }) => methods),
    [
      [
        {
          type: 'operations',
          successByGate: false,
          operations: [{ node: 'agent-1', verb: 'stop', unit: 'k3s-agent.service' }, {}],
        },
      ],
      [{ type: 'gate', text: 'it answers' }, { type: 'operations' }],
      [{ type: 'wait', text: '5 s' }],
      [{ type: 'wake', text: 'srv-1' }],
    ],
  );
});

t.test('a plan that nobody has measured says so', async (t) => {
  const [finding] = planReport({ ...compiled(), learntMs: {}, samples: { '1.1': 0 } }).findings;
  t.match(finding, {
    isError: false,
    line: 0,
    key: 'sequences.shutdown',
    message: /no run of it has been measured/,
  });
});

t.test('without a plan: why', async (t) => {
  const findings = [errorAt(place(12), 'the step has no bound', 'give it one')];
  const report = planReport({
    ...compiled(),
    plan: undefined,
    digest: '',
    findings,
    learntMs: {},
    samples: {},
  });
  t.match(report, {
    name: 'shutdown',
    digest: '',
    stages: [],
    boundMs: 0,
    findings: [{ isError: true, line: 12, remedy: 'give it one' }],
  });
});

t.test("the point of no return is a shutdown's alone", async (t) => {
  t.equal(noReturnFrom(compiled().plan), '4.1');
  t.equal(noReturnFrom(compiled(defaultStartup(inventory)).plan), '');
});
