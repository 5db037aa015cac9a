/**
 * What happened in a run while nobody watched: before the first update, and while the connection was lost. Out of two
 * reports, so that whoever reads line by line misses no step.
 */
import {
  createRunEventLine,
  type RunEventLine,
  type RunReport,
  type RunStep,
} from '@hecate/proto/generated/wire.ts';
import { formatDuration } from './duration.ts';
import { isOver, isStepOver, stateOf, stepsOf } from './run-state.ts';

/**
 * @param before the report that was seen last; undefined: none
 * @param events that came with `now`: what they tell is not told again
 */
export function missedEvents(
  before: RunReport | undefined,
  now: RunReport,
  events: readonly RunEventLine[],
): RunEventLine[] {
  const told = new Set(events.map(({ type, step }) => `${type} ${step}`));
  const wasState = new Map(before === undefined ? [] : stepsOf(before).map(({ id, state }) => [id, state]));
  const atMs = (now.summary?.startedMs ?? 0) + now.elapsedMs;
  const missed = stepsOf(now).flatMap((step) => {
    const event = changeOf(step, wasState.get(step.id) ?? 'pending');
    if (event === undefined || told.has(`${event.type} ${step.id}`)) return [];
    // It has begun and ended since: its end is told.
    if (event.type === 'step-begun' && told.has(`step-ended ${step.id}`)) return [];
    return [createRunEventLine({ ...event, atMs, step: step.id })];
  });
  const isEndMissed = isOver(now) && !(before && isOver(before)) && !told.has('run-ended ');
  return isEndMissed ? [...missed, endOf(now, atMs)] : missed;
}

function changeOf(step: RunStep, was: string): { type: string; text: string } | undefined {
  const { id, name, state, durationMs, why } = step;
  if (isStepOver(step)) {
    if (was === state) return undefined;
    const after = state === 'left-out' ? '' : ` after ${formatDuration(durationMs)}`;
    const because = why === '' ? '' : `: ${why}`;
    return {
      type: 'step-ended',
      text: `step ${id} is ${state.replace('-', ' ')}${after}: ${name}${because}`,
    };
  }
  if (state !== 'running' || was === 'running') return undefined;
  return { type: 'step-begun', text: `step ${id} begins: ${name}` };
}

function endOf(report: RunReport, atMs: number): RunEventLine {
  const why = report.summary?.why ?? '';
  const text = `the run has ended: ${stateOf(report)}${why === '' ? '' : `: ${why}`}`;
  return createRunEventLine({ type: 'run-ended', atMs, text });
}
