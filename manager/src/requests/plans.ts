/** `hecatectl plan`: a plan as it would be carried out now, with what is wrong with it. */
import type { Outcome } from '@hecate/proto/core/frames.ts';
import type { GetPlan } from '@hecate/proto/generated/wire.ts';
import { createPlanReport } from '@hecate/proto/generated/wire.ts';
import { planReport } from '../core/plan/plan-report.ts';
import { fittingPlan } from '../runs/fitting-report.ts';
import { planNames, sitePlan } from '../runs/site-plans.ts';
import type { OperatorRequest } from './context.ts';
import { planModeOf } from './start-run.ts';

export async function getPlan({ value, context }: OperatorRequest<GetPlan>): Promise<Outcome> {
  const config = context.config();
  const names = planNames(config);
  if (value.name === '') return { case: 'plan', value: createPlanReport({ names }) };
  const isOfUpses = value.upses.length > 0;
  const compiled = isOfUpses
    ? context.power.plan(value.name, value.upses)
    : sitePlan(config, value.name, planModeOf(value.mode));
  const learnt = compiled.plan ? context.runs.learnt(compiled.plan) : undefined;
  const learntMs = learnt?.durationsMs ?? {};
  const samples = learnt?.samples ?? {};
  const findings = [...compiled.findings, ...context.power.findings(compiled)];
  const report = planReport({ ...compiled, findings, learntMs, samples, names });
  return { case: 'plan', value: fittingPlan({ ...report, upses: value.upses }) };
}
