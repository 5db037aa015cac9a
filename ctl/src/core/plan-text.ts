/** A plan for people: stages, steps with their bounds, operations and gates, rungs, and what is wrong with it. Pure. */

import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import type {
  PlanFinding,
  PlanMethod,
  PlanReport,
  PlanStage,
  PlanStep,
} from '@hecate/proto/generated/wire.ts';
import { printable } from './printable.ts';
import { modeText } from './run-state.ts';
import type { Tone } from './table.ts';

type Paint = (text: string, tone: Tone) => string;

export function planLines(plan: PlanReport, paint: Paint): string[] {
  const head = [
    `${plan.name} (${[plan.kind, modeText(plan)].filter(Boolean).join(', ')})  ${plan.digest}`,
    `${plan.nodes.length} nodes: ${plan.nodes.join(', ')}`,
    `expected ${formatDuration(plan.expectedMs)}, at most ${formatDuration(plan.boundMs)}; ${returnText(plan)}`,
  ];
  return [
    ...head.map(printable),
    ...plan.stages.flatMap((stage, index) => ['', ...stageLines(stage, index + 1, paint)]),
    ...rungLines(plan, paint),
    ...(plan.findings.length > 0 ? ['', ...plan.findings.flatMap((each) => findingLines(each, paint))] : []),
  ];
}

const returnText = ({ noReturnFrom }: PlanReport): string =>
  noReturnFrom === ''
    ? 'can be aborted at the end of any step'
    : `cannot be aborted from step ${noReturnFrom} on`;

function stageLines({ name, steps, expectedMs, boundMs }: PlanStage, number: number, paint: Paint): string[] {
  const times = `expected ${formatDuration(expectedMs)}, at most ${formatDuration(boundMs)}`;
  return [
    `${printable(`stage ${number}: ${name}`)}  ${paint(times, 'faint')}`,
    ...steps.flatMap((step) => stepLines(step, paint)),
  ];
}

function stepLines(step: PlanStep, paint: Paint): string[] {
  const { id, name, methods } = step;
  return [
    printable(`  ${id} ${name}`),
    `      ${paint(stepTimes(step), 'faint')}`,
    ...methods.flatMap((method, index) => methodLines(method, index)),
  ];
}

function stepTimes(step: PlanStep): string {
  const { expectedMs, minimumMs, boundMs, samples, onFailure, dropAt, parallelism, methods } = step;
  const learnt = samples === 0 ? '' : ` (learnt of ${samples === 1 ? 'one run' : `${samples} runs`})`;
  const operations = Math.max(0, ...methods.map((method) => method.operations.length));
  return [
    `expected ${formatDuration(expectedMs)}${learnt}`,
    `forced ${formatDuration(minimumMs)}`,
    `at most ${formatDuration(boundMs)}`,
    failureText(onFailure),
    dropAt === '' ? '' : `left out from rung ${dropAt} on`,
    parallelism < operations ? `${parallelism} at once` : '',
  ]
    .filter(Boolean)
    .join(', ');
}

function failureText(onFailure: string): string {
  switch (onFailure) {
    case 'continue':
      return 'goes on when it fails';
    case 'retry':
      return 'tries again until its time is over';
    default:
      return 'ends the run when it fails';
  }
}

/** Operations of the same verb and unit are one line; of a plan too large to be told, their number is. */
function methodLines(method: PlanMethod, index: number): string[] {
  const then = index === 0 ? '' : 'else: ';
  const isListed = method.type === 'operations' && method.operations.length > 0;
  const lines = isListed ? operationLines(method) : [methodText(method)];
  return lines.map((line) => printable(`      ${then}${line}`));
}

function operationLines({ operations, successByGate }: PlanMethod): string[] {
  const nodes = new Map<string, string[]>();
  for (const { verb, unit, node } of operations) {
    const what = unit === '' ? verb : `${verb} ${unit}`;
    nodes.set(what, [...(nodes.get(what) ?? []), node]);
  }
  const judged = successByGate ? ' (over as soon as systemd has taken it)' : '';
  return [...nodes].map(([what, on]) => `${what} on ${on.join(', ')}${judged}`);
}

function methodText({ type, text }: PlanMethod): string {
  switch (type) {
    case 'gate':
      return `wait until ${text}`;
    case 'wait':
      return `wait ${text}`;
    case 'operations':
      return text;
    default:
      return `${type} ${text}`;
  }
}

/** What it may be shortened to; a plan with one rung only has nothing to choose. */
function rungLines({ rungs }: PlanReport, paint: Paint): string[] {
  if (rungs.length === 0) return [];
  const lines = rungs.map(
    ({ rung, steps, expectedMs, boundMs }) =>
      `  ${rung.padEnd(6)}  ${String(steps).padStart(3)} steps  ${paint(`expected ${formatDuration(expectedMs)}, at most ${formatDuration(boundMs)}`, 'faint')}`,
  );
  return ['', 'rungs, chosen by a time limit:', ...lines];
}

/** `error: line 12: sequences.x.stages[0]: …`, and under it what to do. */
export function findingLines({ isError, key, line, message, remedy }: PlanFinding, paint: Paint): string[] {
  const place = line > 0 ? `line ${line}: ${key}` : `${key} (built in)`;
  const what = paint(isError ? 'error' : 'warning', isError ? 'bad' : 'doubtful');
  const next = remedy === '' ? [] : [printable(`  next: ${remedy}`)];
  return [`${what}: ${printable(`${place}: ${message}`)}`, ...next];
}
