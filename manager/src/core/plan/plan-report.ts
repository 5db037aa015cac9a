/** A plan for people: the wire's PlanReport, with what has been learnt of its durations and what is wrong with it. */
import {
  createPlanFinding,
  createPlanMethod,
  createPlannedOperation,
  createPlanReport,
  createPlanStage,
  createPlanStep,
  createRungBound,
  type PlanFinding,
  type PlanMethod,
  type PlanReport,
  type PlanStage,
  type PlanStep,
} from '@hecate/proto/generated/wire.ts';
import {
  boundOf,
  expectedOf,
  keptSteps,
  type LearntMs,
  rungsOf,
  stepBoundMs,
  stepExpectedMs,
  stepsOf,
} from './bounds.ts';
import { type Finding, sortedFindings, warningAt } from './finding.ts';
import type { Action, Plan, PlanMode, Stage, Step } from './plan.ts';
import { formatNodes, formatSeconds } from './plan-words.ts';
import type { SequenceDeclaration } from './sequence.ts';

export interface PlanReportQuestion {
  readonly sequence: Pick<SequenceDeclaration, 'name' | 'kind' | 'place'>;
  readonly mode: PlanMode;
  /** Undefined when it cannot be compiled. */
  readonly plan: Plan | undefined;
  /** Of the plan; empty without one. */
  readonly digest: string;
  readonly findings: readonly Finding[];
  /** By step id. */
  readonly learntMs: LearntMs;
  /** By step id: from how many runs that was learnt. */
  readonly samples: Samples;
  /** Every sequence of the site. */
  readonly names: readonly string[];
}

type Samples = Readonly<Record<string, number>>;

/** The wire's integers have 32 bits; 49 days are as good as for ever. */
const wireMs = (durationMs: number): number => Math.min(2 ** 32 - 1, Math.max(0, Math.round(durationMs)));

export function planReport(question: PlanReportQuestion): PlanReport {
  const { sequence, mode, plan, digest, learntMs, names } = question;
  const all = sortedFindings([...question.findings, ...sampleFindings(question)]);
  const findings = all.map(findingReport);
  const report = createPlanReport({
    name: sequence.name,
    kind: sequence.kind,
    mode,
    findings,
    names: [...names].sort(),
  });
  if (plan === undefined) return report;
  return {
    ...report,
    digest,
    expectedMs: wireMs(expectedOf(plan, learntMs, 'full')),
    boundMs: wireMs(boundOf(plan, 'full')),
    stages: plan.stages.map((stage) => stageReport(stage, question)),
    nodes: [...plan.nodes],
    noReturnFrom: noReturnFrom(plan),
    rungs: rungsOf(plan).map((rung) =>
      createRungBound({
        rung,
        expectedMs: wireMs(expectedOf(plan, learntMs, rung)),
        boundMs: wireMs(boundOf(plan, rung)),
        steps: keptSteps(plan, rung).length,
      }),
    ),
  };
}

/** The id of the step from which on a shutdown is not aborted any more; empty: it can be, to its end. */
export function noReturnFrom(plan: Plan): string {
  if (plan.kind !== 'shutdown') return '';
  return stepsOf(plan).find(({ step }) => step.powersOff.length > 0)?.step.id ?? '';
}

/** Rungs are chosen by expected durations: without any run they are guesses. */
function sampleFindings({ sequence, plan, samples }: PlanReportQuestion): Finding[] {
  const steps = plan === undefined ? [] : stepsOf(plan);
  if (steps.length === 0 || steps.some(({ step }) => countOf(samples, step) > 0)) return [];
  const message = 'no run of it has been measured yet: expected durations are the declared ones';
  return [warningAt(sequence.place, message, 'rehearse it once')];
}

const countOf = (samples: Samples, { id }: Step): number =>
  Object.hasOwn(samples, id) ? (samples[id] ?? 0) : 0;

const findingReport = ({ isError, key, line, message, remedy }: Finding): PlanFinding =>
  createPlanFinding({ isError, key, line, message, remedy });

function stageReport(stage: Stage, question: PlanReportQuestion): PlanStage {
  const alone = { stages: [stage] };
  return createPlanStage({
    name: stage.name,
    steps: stage.steps.map((step) => stepReport(step, question)),
    expectedMs: wireMs(expectedOf(alone, question.learntMs, 'full')),
    boundMs: wireMs(boundOf(alone, 'full')),
  });
}

const stepReport = (step: Step, { learntMs, samples }: PlanReportQuestion): PlanStep =>
  createPlanStep({
    id: step.id,
    name: step.name,
    methods: step.methods.map(methodReport),
    parallelism: step.parallelism,
    timeoutMs: wireMs(step.timeoutMs),
    expectedMs: wireMs(stepExpectedMs(step, 'full', learntMs)),
    minimumMs: wireMs(step.minimumMs),
    boundMs: wireMs(stepBoundMs(step, 'full')),
    onFailure: step.onFailure,
    dropAt: step.dropAt ?? '',
    samples: countOf(samples, step),
  });

function methodReport(method: Action): PlanMethod {
  const report = createPlanMethod({ type: method.type });
  switch (method.type) {
    case 'operations':
      return {
        ...report,
        operations: method.operations.map(({ node, verb, unit }) =>
          createPlannedOperation({ node, verb, unit }),
        ),
        successByGate: method.successBy === 'gate',
      };
    case 'gate':
      return { ...report, text: method.gate.sentence };
    case 'wait':
      return { ...report, text: formatSeconds(method.durationMs) };
    case 'wake':
      return { ...report, text: formatNodes(method.targets.map(({ node }) => node)) };
    case 'hook':
      return { ...report, text: method.hook };
  }
}
