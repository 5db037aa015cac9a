/** What is not sent any more when its method is over. */
import type { OpId } from '@hecate/proto/core/names.ts';
import t from 'tap';
import type { RunId, RunState } from '../../src/core/runs/run.ts';
import type { RunsState } from '../../src/core/runs/runs-state.ts';
import { UnsentOperations } from '../../src/runs/unsent-operations.ts';

const runId = 'run' as RunId;
const opId = 'operation' as OpId;
const running = { address: { stage: 0, step: 0 }, method: 0, methodBeganAtMs: 5 };
const runWith = (change: object): RunState =>
  ({ request: { runId }, running, outcome: undefined, ...change }) as unknown as RunState;
const stateOf = (run: RunState | undefined) =>
  ({ runs: new Map(run ? [[runId, run]] : []) }) as unknown as RunsState;

t.test('as long as its method runs it is wanted', async (t) => {
  const unsent = new UnsentOperations();
  const signal = unsent.hand(opId, runWith({}));
  unsent.review(stateOf(runWith({ results: ['another state of the same'] })));
  t.notOk(signal.aborted);
});

for (const [what, after] of [
  ['the next method', runWith({ running: { ...running, method: 1 } })],
  ['the next step', runWith({ running: { ...running, address: { stage: 0, step: 1 } } })],
  ['the same method, begun anew', runWith({ running: { ...running, methodBeganAtMs: 6 } })],
  ['no step', runWith({ running: undefined })],
  ['a run that is over', runWith({ outcome: 'pre-empted' })],
  ['a run that is gone', undefined],
] as const) {
  t.test(`not wanted any more: ${what}`, async (t) => {
    const unsent = new UnsentOperations();
    const signal = unsent.hand(opId, runWith({}));
    unsent.review(stateOf(after));
    t.ok(signal.aborted);
  });
}

t.test('what has ended is not given up', async (t) => {
  const unsent = new UnsentOperations();
  const signal = unsent.hand(opId, runWith({}));
  unsent.ended(opId);
  unsent.review(stateOf(undefined));
  t.notOk(signal.aborted);
});

t.test('not wanted any more: it counts as over while its method goes on', async (t) => {
  const unsent = new UnsentOperations();
  const [open, over] = [opId, 'other' as OpId];
  const signals = [open, over].map((id) => unsent.hand(id, runWith({})));
  const operations = [
    { opId: open, phase: 'sent' },
    { opId: over, phase: 'ended' },
  ];
  unsent.review(stateOf(runWith({ running: { ...running, operations } })));
  t.same(
    signals.map(({ aborted }) => aborted),
    [false, true],
  );
});
