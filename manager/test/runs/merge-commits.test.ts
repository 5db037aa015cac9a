import t from 'tap';
import type { RunId } from '../../src/core/runs/run.ts';
import type { RunRecord } from '../../src/core/runs/run-record.ts';
import type { RunsEffect } from '../../src/core/runs/runs-state.ts';
import { mergeCommits } from '../../src/runs/merge-commits.ts';

type Commit = Extract<RunsEffect, { type: 'commit' }>;

const one = 'ONE' as RunId;
const two = 'TWO' as RunId;
const record = (runId: RunId, atMs: number): RunRecord => ({ type: 'resumed', bootId: '', runId, atMs });
const told = (runId: RunId, what: string): RunsEffect => ({
  type: 'event',
  runId,
  event: { type: 'degraded', what, why: '' },
});
const commitOf = (runId: RunId, atMs: number, changes: Partial<Commit> = {}): Commit => ({
  type: 'commit',
  runId,
  records: [record(runId, atMs)],
  intent: undefined,
  // biome-ignore lint/suspicious/noThenProperty: a list of effects, nothing to await
  then: [told(runId, String(atMs))],
  onFailure: 'halt',
  ticket: undefined,
  ...changes,
});

t.test('neighbours of one run become one, in their order', async (t) => {
  const [merged, ...others] = mergeCommits([
    commitOf(one, 1),
    commitOf(one, 2),
    commitOf(one, 3),
  ]) as Commit[];
  t.same(others, []);
  t.same(
    merged?.records.map(({ atMs }) => atMs),
    [1, 2, 3],
  );
  t.same(merged?.then, [told(one, '1'), told(one, '2'), told(one, '3')]);
});

t.test('whatever is more than records stays by itself', async (t) => {
  const apart: RunsEffect[][] = [
    [commitOf(one, 1), commitOf(two, 2)],
    [commitOf(one, 1), commitOf(one, 2, { onFailure: 'proceed' })],
    [commitOf(one, 1), commitOf(one, 2, { intent: null })],
    [commitOf(one, 1, { ticket: 1 }), commitOf(one, 2)],
    [commitOf(one, 1), told(one, 'between'), commitOf(one, 2)],
    [],
  ];
  for (const effects of apart) t.same(mergeCommits(effects), effects);
});
