/**
 * Reports that fit a frame, however many nodes there are, and whatever systemd and scripts had to say: a text that is too long would end the session of
 * whoever asks.
 */
import { limits } from '@hecate/proto/core/limits.ts';
import type {
  PlanMethod,
  PlanReport,
  RunEventLine,
  RunReport,
  RunStep,
  RunSummary,
} from '@hecate/proto/generated/wire.ts';

const sentenceLengthMax = 1000;
const detailsMax = 20;
const degradationsMax = 30;
const findingsMax = 50;
/** JSON is longer than a frame; beside a report, an update has room for its lines. */
const reportBytesMax = limits.frameBytesMax / 2;

const clip = (text: string): string =>
  text.length <= sentenceLengthMax ? text : `${text.slice(0, sentenceLengthMax - 1)}…`;

function clipList(texts: readonly string[], max: number): string[] {
  const kept = texts.slice(0, max).map(clip);
  return texts.length <= max ? kept : [...kept, `and ${texts.length - max} more`];
}

export const fittingSummary = (summary: RunSummary): RunSummary => ({
  ...summary,
  why: clip(summary.why),
  reason: clip(summary.reason),
});

export const fittingLine = (line: RunEventLine): RunEventLine => ({ ...line, text: clip(line.text) });

/** What does not fit loses the operations that went well, then all of them, then why gates do not hold. */
export function fittingReport(report: RunReport): RunReport {
  const clipped: RunReport = {
    ...withSteps(report, clippedStep),
    summary: report.summary && fittingSummary(report.summary),
    degradations: clipList(report.degradations, degradationsMax),
  };
  const shorter: ((step: RunStep) => RunStep)[] = [
    (step) => step,
    (step) => ({ ...step, operations: step.operations.filter(({ state }) => state !== 'done') }),
    (step) => ({ ...step, operations: [] }),
    (step) => ({ ...step, operations: [], details: clipList(step.details, 1) }),
  ];
  for (const shorten of shorter) {
    const candidate = withSteps(clipped, shorten);
    if (isFitting(candidate)) return candidate;
  }
  return { ...clipped, stages: [], degradations: clipList(report.degradations, 10) };
}

const withSteps = (report: RunReport, change: (step: RunStep) => RunStep): RunReport => ({
  ...report,
  stages: report.stages.map((stage) => ({ ...stage, steps: stage.steps.map(change) })),
});

const clippedStep = (step: RunStep): RunStep => ({
  ...step,
  name: clip(step.name),
  waitingFor: clip(step.waitingFor),
  why: clip(step.why),
  details: clipList(step.details, detailsMax),
  operations: step.operations.map((operation) => ({ ...operation, message: clip(operation.message) })),
});

/** Of a plan for very many nodes, how many operations a method has, and not each. */
export function fittingPlan(report: PlanReport): PlanReport {
  const { findings } = report;
  const more = findings.length - findingsMax;
  const told = findings
    .slice(0, findingsMax)
    .map((finding) => ({ ...finding, message: clip(finding.message), remedy: clip(finding.remedy) }));
  const last = told.at(-1);
  if (more > 0 && last) told.push({ ...last, message: `and ${more} more`, remedy: '' });
  const clipped: PlanReport = { ...withMethods(report, clippedMethod), findings: told };
  return isFitting(clipped) ? clipped : withMethods(clipped, countedMethod);
}

const withMethods = (report: PlanReport, change: (method: PlanMethod) => PlanMethod): PlanReport => ({
  ...report,
  stages: report.stages.map((stage) => ({
    ...stage,
    steps: stage.steps.map((step) => ({
      ...step,
      name: clip(step.name),
      methods: step.methods.map(change),
    })),
  })),
});

const clippedMethod = (method: PlanMethod): PlanMethod => ({ ...method, text: clip(method.text) });

const countedMethod = (method: PlanMethod): PlanMethod =>
  method.operations.length === 0
    ? method
    : { ...method, operations: [], text: `${method.operations.length} operations` };

const isFitting = (report: RunReport | PlanReport): boolean =>
  Buffer.byteLength(JSON.stringify(report)) <= reportBytesMax;
