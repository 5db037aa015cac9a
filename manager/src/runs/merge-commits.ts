/**
 * Many operations of a step end at once: what is to be recorded of them goes to the disk in one write, and not in a
 * hundred, one after the other. Pure.
 */
import type { RunsEffect } from '../core/runs/runs-state.ts';

type Commit = Extract<RunsEffect, { type: 'commit' }>;

/** Neighbours that one line of the journal can hold; everything else stays as it is, and in its order. */
export function mergeCommits(effects: readonly RunsEffect[]): RunsEffect[] {
  const merged: RunsEffect[] = [];
  for (const effect of effects) {
    const last = merged.at(-1);
    if (effect.type === 'commit' && last?.type === 'commit' && areAlike(last, effect)) {
      merged[merged.length - 1] = {
        ...last,
        records: [...last.records, ...effect.records],
        // biome-ignore lint/suspicious/noThenProperty: a list of effects, nothing to await
        then: [...last.then, ...effect.then],
      };
    } else merged.push(effect);
  }
  return merged;
}

/** Of one run, with nothing but records, and the same to do when the disk refuses. */
const areAlike = (one: Commit, other: Commit): boolean =>
  one.runId === other.runId && one.onFailure === other.onFailure && isPlain(one) && isPlain(other);

const isPlain = ({ intent, ticket }: Commit): boolean => intent === undefined && ticket === undefined;
