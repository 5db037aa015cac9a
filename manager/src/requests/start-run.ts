/** A run of a plan of the site: tried without applying anything, or executed. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import { createOperate, createRunStarted, type StartRun } from '@hecate/proto/generated/wire.ts';
import { chooseRung } from '../core/plan/choose-rung.ts';
import { leavesOf } from '../core/plan/gate-verdict.ts';
import type { Plan, PlanMode } from '../core/plan/plan.ts';
import { requireRole } from '../core/roles.ts';
import type { PastRun } from '../core/runs/past-run.ts';
import type { RunId, RunRequest } from '../core/runs/run.ts';
import { dryRunReport, methodsOf, operationsOf } from '../runs/dry-run.ts';
import { dryRunFacts } from '../runs/dry-run-facts.ts';
import { requirePlan, type SitePlan, sitePlan } from '../runs/site-plans.ts';
import type { Caller, OperatorRequest } from './context.ts';

const textLengthMax = 500;

export const planModeOf = (mode: StartRun['mode']): PlanMode =>
  mode === 'cluster-only' ? 'cluster-only' : 'poweroff';

export async function startRun(request: OperatorRequest<StartRun>): Promise<Outcome> {
  const { value, caller, context } = request;
  const compiled = sitePlan(context.config(), value.name, planModeOf(value.mode));
  const plan = requirePlan(compiled);
  requireDigest(compiled, value.planDigest);
  const asked = runRequest(request, compiled, plan);
  if (!value.execute) return dryRun(request, asked);
  requireRoleForPlan(caller, plan);
  const { runId, isJoined, preempted } = await context.runs.request(asked, value.overrideIntent);
  const run = context.runs.report(runId);
  return {
    case: 'runStarted',
    value: createRunStarted({ run, joined: isJoined, preempted: [...preempted] }),
  };
}

function requireDigest({ name, digest }: SitePlan, wanted: string): void {
  if (wanted === '' || wanted === digest) return;
  throw new HecateError(
    'HEC_PLAN_CHANGED',
    `the plan ${name} is ${digest} now, not ${wanted}: the configuration has changed since it was looked at`,
    `hecatectl plan ${name}`,
  );
}

/** An operator operates units; commands of any kind and the end of a host need an admin. @throws HEC_ROLE */
export function requireRoleForPlan({ role }: Caller, plan: Plan): void {
  for (const { verb, unit, options } of operationsOf(plan)) {
    const value = createOperate({ verb, units: unit === '' ? [] : [unit], options });
    requireRole(role, { case: 'operate', value });
  }
  const command = methodsOf(plan).find((method) => {
    if (method.type === 'hook') return true;
    const hasGate = method.type === 'gate' || method.type === 'wake';
    return hasGate && leavesOf(method.gate.condition).some(({ type }) => type === 'exec');
  });
  if (command) requireRole(role, { case: 'operate', value: createOperate({ verb: 'exec' }) });
}

function runRequest(
  { value, caller, context }: OperatorRequest<StartRun>,
  compiled: SitePlan,
  plan: Plan,
): RunRequest {
  return {
    runId: context.newOpId() as string as RunId,
    plan,
    planDigest: compiled.digest,
    isRehearsal: value.rehearsal,
    reason: value.reason.slice(0, textLengthMax),
    requestedBy: caller.who,
    requestedFrom: caller.from,
    requestedWallMs: Math.round(context.clock.wallMs()),
    triggerId: value.triggerId.slice(0, textLengthMax),
    timeLimitMs: value.timeLimitMs === 0 ? undefined : Math.min(value.timeLimitMs, limits.timeLimitMsMax),
    learntMs: context.runs.learnt(plan).durationsMs,
  };
}

async function dryRun({ value, context }: OperatorRequest<StartRun>, asked: RunRequest): Promise<Outcome> {
  const { plan, learntMs, timeLimitMs } = asked;
  const beganMs = context.clock.nowMs();
  const seen = await dryRunFacts(plan, {
    fleet: () => context.fleet.state,
    sessionOf: context.sessionOf,
    observe: (leaves, limitMs) => context.runs.probes.observe(leaves, limitMs),
    whyBlind: (leaf, limitMs) => context.runs.probes.whyBlind(leaf, limitMs),
  });
  const { rung, why } =
    timeLimitMs === undefined
      ? ({ rung: 'full', why: '' } as const)
      : chooseRung({ plan, from: { stage: 0, step: 0 }, learntMs, leftMs: timeLimitMs, current: 'full' });
  const refusal = context.runs.wouldRefuse(asked, value.overrideIntent);
  const report = dryRunReport(asked, { ...seen, refusal, rung, rungWhy: `rung ${rung}: ${why}` });
  const past = pastDryRun(asked, report.summary?.state ?? '', context.clock.nowMs() - beganMs);
  await context.runs.remember({ past, report });
  return { case: 'runStarted', value: createRunStarted({ run: report }) };
}

/** Flagged: it never teaches a duration. */
function pastDryRun(
  { runId, plan, isRehearsal, requestedWallMs }: RunRequest,
  state: string,
  tookMs: number,
): PastRun {
  return {
    id: runId,
    plan: plan.name,
    kind: plan.kind,
    mode: plan.mode,
    outcome: state === 'done' || state === 'degraded' ? state : 'failed',
    isDryRun: true,
    isRehearsal,
    startedWallMs: requestedWallMs,
    durationMs: Math.round(tookMs),
    steps: [],
  };
}
