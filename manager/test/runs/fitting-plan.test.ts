/** Plans of very many nodes, as they go to whoever asks: in a frame that is taken. */
import { encodeFrame } from '@hecate/proto/core/codec.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import { checkFrame } from '@hecate/proto/core/validate.ts';
import { createPlanFinding, createResponse, type RunReport } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { compilePlan } from '../../src/core/plan/compile-plan.ts';
import { defaultSequences } from '../../src/core/plan/default-sequences.ts';
import type { Inventory, InventoryNode, NodeRole } from '../../src/core/plan/inventory.ts';
import { planReport } from '../../src/core/plan/plan-report.ts';
import { dryRunReport } from '../../src/runs/dry-run.ts';
import { fittingPlan, fittingReport } from '../../src/runs/fitting-report.ts';
import { node, requestOf } from '../support/run-plans.ts';

const place = { key: 'inventory', line: 1 };

const nodeOf = (index: number, role: NodeRole): InventoryNode => ({
  name: node(`worker-in-the-rack-${String(index).padStart(4, '0')}`),
  role,
  dependsOn: [],
  units: [],
  macAddress: '52:54:00:00:00:01',
  wakeAddress: '192.0.2.255',
  address: undefined,
  probePort: 22,
  place,
});

/** As many as an inventory may have. */
const nodes = Array.from({ length: 1024 }, (_, index) => nodeOf(index, index < 3 ? 'server' : 'agent'));
const inventory: Inventory = { site: 'large', coordinator: undefined, nodes, hooks: [] };
const nothingSeen = {
  observations: {},
  offline: new Map(),
  missingUnits: new Set<string>(),
  policyRefusals: new Map(),
  hookTroubles: new Map(),
  blindLooks: [],
  refusal: '',
  rung: 'full' as const,
  rungWhy: '',
};

function demandFit(outcome: Outcome): void {
  const body = { case: 'response' as const, value: createResponse({ id: 1, outcome }) };
  encodeFrame(body);
  checkFrame(body, 'manager');
}

for (const sequence of defaultSequences(inventory)) {
  t.test(`a ${sequence.name} of 1,024 nodes`, async (t) => {
    const { plan, findings } = compilePlan({ inventory, sequence, mode: 'poweroff' });
    if (!plan) throw new Error('no plan');
    const report = fittingPlan(
      planReport({
        sequence,
        mode: 'poweroff',
        plan,
        digest: 'sha256:x',
        findings,
        learntMs: {},
        samples: {},
        names: [],
      }),
    );
    t.doesNotThrow(() => demandFit({ case: 'plan', value: report }));
    t.equal(report.nodes.length, 1024);
    const dryRun: RunReport = fittingReport(dryRunReport(requestOf(plan), nothingSeen));
    t.doesNotThrow(() => demandFit({ case: 'run', value: dryRun }));
  });
}

t.test('of very many findings the first are told', async (t) => {
  const [sequence] = defaultSequences(inventory);
  if (!sequence) throw new Error('no sequence');
  const report = planReport({
    sequence,
    mode: 'poweroff',
    plan: undefined,
    digest: '',
    findings: [],
    learntMs: {},
    samples: {},
    names: [],
  });
  const findings = Array.from({ length: 5000 }, () => createPlanFinding({ message: 'ü'.repeat(5000) }));
  const fitting = fittingPlan({ ...report, findings });
  t.doesNotThrow(() => demandFit({ case: 'plan', value: fitting }));
  t.equal(fitting.findings.at(-1)?.message, 'and 4950 more');
});
