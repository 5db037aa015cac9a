/** The stable forms of plans under `-o json`: ctl/schema/plan.json and plan-findings.json. */
import type { PlanFinding, PlanMethod, PlanReport, PlanStep } from '@hecate/proto/generated/wire.ts';
import { orNull } from './outcome-json.ts';

export const findingJson = (finding: PlanFinding): Record<string, unknown> => ({
  is_error: finding.isError,
  key: finding.key,
  line: finding.line === 0 ? null : finding.line,
  message: finding.message,
  remedy: orNull(finding.remedy),
});

const methodJson = ({ type, operations, text, successByGate }: PlanMethod): Record<string, unknown> => ({
  type,
  text: orNull(text),
  is_judged_by_gate: successByGate,
  operations: operations.map(({ node, verb, unit }) => ({ node, verb, unit: orNull(unit) })),
});

const stepJson = (step: PlanStep): Record<string, unknown> => ({
  id: step.id,
  name: step.name,
  methods: step.methods.map(methodJson),
  parallelism: step.parallelism,
  timeout_ms: step.timeoutMs,
  expected_ms: step.expectedMs,
  minimum_ms: step.minimumMs,
  bound_ms: step.boundMs,
  on_failure: step.onFailure,
  drop_at: orNull(step.dropAt),
  samples: step.samples,
});

export const planJson = (plan: PlanReport): Record<string, unknown> => ({
  name: plan.name,
  kind: plan.kind,
  mode: plan.mode,
  digest: orNull(plan.digest),
  expected_ms: plan.expectedMs,
  bound_ms: plan.boundMs,
  no_return_from: orNull(plan.noReturnFrom),
  nodes: plan.nodes,
  stages: plan.stages.map((stage) => ({
    name: stage.name,
    expected_ms: stage.expectedMs,
    bound_ms: stage.boundMs,
    steps: stage.steps.map(stepJson),
  })),
  rungs: plan.rungs.map((each) => ({
    rung: each.rung,
    steps: each.steps,
    expected_ms: each.expectedMs,
    bound_ms: each.boundMs,
  })),
  findings: plan.findings.map(findingJson),
});
