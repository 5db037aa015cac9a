/**
 * Which of the declared degradations a run takes: a pure function of the time that is left and of how long what
 * remains takes. A run only ever goes down.
 */
import { expectedOf, type LearntMs, rungsOf, type Timed } from './bounds.ts';
import { type Rung, rungs, type StepAddress } from './plan.ts';
import { formatSeconds } from './plan-words.ts';

export interface RungQuestion {
  readonly plan: Timed;
  /** The next step. */
  readonly from: StepAddress;
  readonly learntMs: LearntMs;
  /** Until the deadline; below zero when it is over. */
  readonly leftMs: number;
  /** The rung that the run is on: never a higher one is chosen. */
  readonly current: Rung;
}

export interface RungChoice {
  readonly rung: Rung;
  /** What remains takes that long at this rung, as a rule. */
  readonly expectedMs: number;
  /** A sentence with the figures that decided. */
  readonly why: string;
}

/** The first rung, from the current one on, at which what remains fits into what is left; the last, if none does. */
export function chooseRung({ plan, from, learntMs, leftMs, current }: RungQuestion): RungChoice {
  const below = rungsOf(plan).filter((rung) => rungs.indexOf(rung) >= rungs.indexOf(current));
  const candidates = (below.length > 0 ? below : [current]).map((rung) => ({
    rung,
    expectedMs: expectedOf(plan, learntMs, rung, from),
  }));
  const fitting = candidates.find(({ expectedMs }) => expectedMs <= leftMs);
  const chosen = fitting ?? candidates.at(-1) ?? { rung: current, expectedMs: 0 };
  const considered = candidates.slice(0, candidates.indexOf(chosen) + 1);
  const figures = considered.map(({ rung, expectedMs }) => `${rung} takes ${formatSeconds(expectedMs)}`);
  const left = `${formatSeconds(Math.max(0, leftMs))} left`;
  const verdict = fitting === undefined ? `: none fits, so ${chosen.rung}` : `: ${chosen.rung} fits`;
  return { ...chosen, why: `${left}; ${figures.join(', ')}${verdict}` };
}
