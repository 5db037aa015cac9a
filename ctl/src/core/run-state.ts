/** What a run's report means: whether it is over, how hecatectl ends with it, what was done and what was not. */
import type { ExitName } from '@hecate/proto/core/exit-codes.ts';
import type { RunReport, RunStep, RunSummary } from '@hecate/proto/generated/wire.ts';
import type { Tone } from './table.ts';

type Summarized = Pick<RunReport, 'summary'>;

export const stateOf = ({ summary }: Summarized): string => summary?.state ?? '';
export const runIdOf = ({ summary }: Summarized): string => summary?.runId ?? '';

/** A state of a newer manager counts as an end: nothing is known to go on. */
export const isOver = (report: Summarized): boolean => !['running', 'aborting'].includes(stateOf(report));

/** @param report of a run that is over, or of a dry run: that one is judged by whether it would work */
export function exitOfRun({ summary }: Summarized): ExitName {
  switch (summary?.state) {
    case 'done':
      return 'success';
    case 'degraded':
      return summary.dryRun ? 'success' : 'degraded';
    default:
      return 'failed';
  }
}

export const stepsOf = ({ stages }: Pick<RunReport, 'stages'>): RunStep[] =>
  stages.flatMap(({ steps }) => steps);

/** Steps that are neither waiting for their turn nor running. */
export const isStepOver = ({ state }: Pick<RunStep, 'state'>): boolean =>
  ['done', 'degraded', 'failed', 'left-out'].includes(state);

/**
 * Whether nothing is left but the poweroff of the host that the manager runs on: the last step of such a shutdown. That
 * the manager is gone then is its success.
 */
export function isCoordinatorGoing(report: RunReport): boolean {
  const { summary } = report;
  if (summary?.kind !== 'shutdown' || summary.mode !== 'poweroff' || isOver(report)) return false;
  const steps = stepsOf(report);
  const last = steps.at(-1);
  const isPoweringOff = last?.operations.some(({ verb }) => verb === 'poweroff') ?? false;
  return last?.state === 'running' && isPoweringOff && steps.slice(0, -1).every(isStepOver);
}

export interface WorkDone {
  readonly done: readonly RunStep[];
  readonly notDone: readonly RunStep[];
}

/** A step that was begun and not finished belongs to what was not done; its state says so. */
export function workDone(report: RunReport): WorkDone {
  const steps = stepsOf(report);
  const isDone = ({ state }: RunStep): boolean => state === 'done' || state === 'degraded';
  return { done: steps.filter(isDone), notDone: steps.filter((step) => !isDone(step)) };
}

/** Of runs, steps and operations. */
export function toneOfState(state: string): Tone {
  switch (state) {
    case 'done':
      return 'good';
    case 'failed':
    case 'aborted':
    case 'refused':
    case 'timeout':
      return 'bad';
    case 'degraded':
    case 'aborting':
    case 'pre-empted':
    case 'offline':
    case 'unknown':
    case 'would-skip':
      return 'doubtful';
    case 'pending':
    case 'left-out':
    case 'waiting':
      return 'faint';
    default:
      return 'plain';
  }
}

/** A shutdown's mode says what goes off; of the others, only the one that leaves something out is worth a word. */
export const modeText = ({ kind, mode }: Pick<RunSummary, 'kind' | 'mode'>): string =>
  kind === 'shutdown' || mode === 'cluster-only' ? mode : '';

/** "done", "done (dry run)", "degraded (rehearsal)". */
export function stateText({ state, dryRun, rehearsal }: RunSummary): string {
  const notes = [dryRun ? 'dry run' : '', rehearsal ? 'rehearsal' : ''].filter(Boolean);
  return notes.length > 0 ? `${state} (${notes.join(', ')})` : state;
}
