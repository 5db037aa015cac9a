/**
 * How long the steps of a plan take, learnt from past runs: the maximum of the last ten. A mean covers the next run
 * less than seven times in ten, the maximum of ten 95 times in a hundred (simulated, coefficient of variation 25 %).
 */
import type { Plan, Step } from '../plan/plan.ts';
import type { PastRun, PastStep } from './past-run.ts';

export interface Learnt {
  /** By step id; steps without a sample are not in it. */
  readonly durationsMs: Readonly<Record<string, number>>;
  /** By step id: how many runs it was learnt from; 0 where there is none. */
  readonly samples: Readonly<Record<string, number>>;
  /** By step id: how many of these were rehearsals. */
  readonly rehearsals: Readonly<Record<string, number>>;
}

/** Like runs that a step's duration is taken from. */
export const samplesMax = 10;

interface Sample {
  readonly durationMs: number;
  readonly isRehearsal: boolean;
}

/**
 * Like runs are those of the same plan; dry runs are none. Its modes differ in which steps there are, and not in what one
 * of them does: a rehearsal teaches what it has in common with a shutdown that powers hosts off. A step that ran into its limit counts with that
 * time: leaving it out would be to learn from the survivors.
 */
export function learnt(history: readonly PastRun[], plan: Pick<Plan, 'name' | 'stages'>): Learnt {
  const runs = history
    .filter((run) => !run.isDryRun && run.plan === plan.name)
    .sort((one, other) => other.startedWallMs - one.startedWallMs || (one.id < other.id ? 1 : -1));
  const durationsMs: Record<string, number> = {};
  const samples: Record<string, number> = {};
  const rehearsals: Record<string, number> = {};
  for (const step of plan.stages.flatMap((stage) => stage.steps)) {
    const taken = samplesOf(runs, step);
    samples[step.id] = taken.length;
    rehearsals[step.id] = taken.filter(({ isRehearsal }) => isRehearsal).length;
    if (taken.length > 0) durationsMs[step.id] = Math.max(...taken.map(({ durationMs }) => durationMs));
  }
  return { durationsMs, samples, rehearsals };
}

/** From the newest runs that carried it out, whatever number it had in the plan then. */
function samplesOf(newestFirst: readonly PastRun[], step: Step): Sample[] {
  const samples: Sample[] = [];
  for (const run of newestFirst) {
    if (samples.length === samplesMax) break;
    const durations = run.steps.filter((past) => teaches(past, step)).map(({ durationMs }) => durationMs);
    if (durations.length > 0)
      samples.push({ durationMs: Math.max(...durations), isRehearsal: run.isRehearsal });
  }
  return samples;
}

/** What failed or was cut short before its time says nothing of how long it takes. */
const teaches = ({ learnKey, outcome, hasTimedOut }: PastStep, step: Step): boolean =>
  learnKey === step.learnKey && (outcome === 'done' || outcome === 'degraded' || hasTimedOut);
