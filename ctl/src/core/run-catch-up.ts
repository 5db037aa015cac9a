/**
 * What is to be told of a run that is watched: every event once, also when the manager tells from the begin again after
 * a lost connection; and out of the report what it does not tell any more, because it was restarted or has forgotten.
 */

import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import {
  createRunEventLine,
  type RunEventLine,
  type RunReport,
  type RunStep,
} from '@hecate/proto/generated/wire.ts';
import { isOver, isStepOver, stateOf, stepsOf } from './run-state.ts';

/** Lines that are known again; the manager keeps fewer (I14). */
const seenMax = 4000;

const keyOf = ({ type, step }: Pick<RunEventLine, 'type' | 'step'>): string => `${type} ${step}`;

export class RunCatchUp {
  readonly #seen = new Set<string>();
  /** Begins and ends of steps, and the end of the run, by keyOf. */
  readonly #told = new Set<string>();
  readonly #madeUp = new Set<string>();

  /**
   * @param report may be ahead of the events: many come in parts
   * @param isLast nothing more comes
   * @returns what is new, in order
   */
  take(events: readonly RunEventLine[], report: RunReport, isLast: boolean): RunEventLine[] {
    const steps = stepsOf(report);
    const fresh = events.filter((event) => this.#isNew(event));
    const lines = fresh.flatMap((event) => {
      // Steps come one after the other: what an event of a later one leaves behind is over.
      const index =
        event.type === 'run-ended' ? steps.length : steps.findIndex(({ id }) => id === event.step);
      const missed = this.#missed(report, steps.slice(0, Math.max(0, index)));
      this.#told.add(keyOf(event));
      return [...missed, event];
    });
    if (events.length > 0 && !isLast) return lines;
    return [...lines, ...this.#missed(report, steps), ...this.#missedEnd(report)];
  }

  #isNew(event: RunEventLine): boolean {
    const { atMs, node, text } = event;
    const line = `${atMs} ${keyOf(event)} ${node} ${text}`;
    if (this.#seen.has(line) || this.#madeUp.has(keyOf(event))) return false;
    this.#seen.add(line);
    const [oldest] = this.#seen;
    if (this.#seen.size > seenMax && oldest !== undefined) this.#seen.delete(oldest);
    return true;
  }

  #missed(report: RunReport, steps: readonly RunStep[]): RunEventLine[] {
    return steps.flatMap((step) => {
      const event = changeOf(step);
      return event ? this.#madeUpOf(report, event) : [];
    });
  }

  #missedEnd(report: RunReport): RunEventLine[] {
    if (!isOver(report)) return [];
    const why = report.summary?.why ?? '';
    const text = `the run has ended: ${stateOf(report)}${why === '' ? '' : `: ${why}`}`;
    return this.#madeUpOf(report, { type: 'run-ended', step: '', text });
  }

  #madeUpOf(report: RunReport, event: Pick<RunEventLine, 'type' | 'step' | 'text'>): RunEventLine[] {
    const key = keyOf(event);
    if (this.#told.has(key)) return [];
    this.#told.add(key);
    this.#madeUp.add(key);
    const atMs = (report.summary?.startedMs ?? 0) + report.elapsedMs;
    return [createRunEventLine({ ...event, atMs })];
  }
}

function changeOf(step: RunStep): Pick<RunEventLine, 'type' | 'step' | 'text'> | undefined {
  const { id, name, state, durationMs, why } = step;
  if (isStepOver(step)) {
    const after = state === 'left-out' ? '' : ` after ${formatDuration(durationMs)}`;
    const because = why === '' ? '' : `: ${why}`;
    const text = `step ${id} is ${state.replace('-', ' ')}${after}: ${name}${because}`;
    return { type: 'step-ended', step: id, text };
  }
  if (state !== 'running') return undefined;
  return { type: 'step-begun', step: id, text: `step ${id} begins: ${name}` };
}
