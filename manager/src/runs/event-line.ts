/** What happens in a run, as one line for a log and for whoever watches it. */
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { createRunEventLine, type RunEventLine } from '@hecate/proto/generated/wire.ts';
import { missingButDoneText } from '../core/runs/operation-verdict.ts';
import type { RunEvent } from '../core/runs/runs-state.ts';
import { fittingLine } from './fitting-report.ts';

/** @param wallMs Unix time */
export function eventLine(event: RunEvent, wallMs: number): RunEventLine {
  const step = 'stepId' in event ? event.stepId : '';
  const node = event.type === 'operation-ended' ? event.operation.node : '';
  const { type } = event;
  return fittingLine(createRunEventLine({ atMs: Math.round(wallMs), type, step, node, text: textOf(event) }));
}

const because = (why: string): string => (why === '' ? '' : `: ${why}`);

function textOf(event: RunEvent): string {
  switch (event.type) {
    case 'run-started':
      return 'the run has started';
    case 'run-resumed':
      return 'the manager was restarted: the run goes on';
    case 'step-begun':
      return `step ${event.stepId} begins: ${event.name}`;
    case 'step-ended':
      return stepEnded(event);
    case 'method-failed':
      return `step ${event.stepId}: method ${event.method + 1} failed${because(event.why)}; the next one is tried`;
    case 'stage-done':
      return `stage ${event.stage} is done after ${formatDuration(event.durationMs)}`;
    case 'operation-ended':
      return operationEnded(event);
    case 'waiting':
      return `waiting until ${event.sentence}${because(event.details.join('; '))}`;
    case 'degraded':
      return `degraded: ${event.what}${because(event.why)}`;
    case 'abort-requested':
      return `${event.by} asked to abort${because(event.reason)}: it ends with the step that is running`;
    case 'run-ended':
      return `the run has ended: ${event.outcome}${because(event.why)}`;
  }
}

type Of<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;

function stepEnded({ stepId, name, result }: Of<'step-ended'>): string {
  const after = result.outcome === 'left-out' ? '' : ` after ${formatDuration(result.durationMs)}`;
  return `step ${stepId} is ${result.outcome.replace('-', ' ')}${after}: ${name}${because(result.why)}`;
}

function operationEnded({ operation, end, isMissingButDone }: Of<'operation-ended'>): string {
  const { node, verb, unit } = operation;
  const what = `${node}: ${verb}${unit === '' ? '' : ` ${unit}`}`;
  if (isMissingButDone) return `${what}: ${missingButDoneText}`;
  const why = end.status === 'done' ? '' : because(end.message || end.result);
  return `${what}: ${end.status} after ${formatDuration(end.durationMs)}${why}`;
}
