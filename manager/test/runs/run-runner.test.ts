/** What is in the journal while several runs end at once. */
import { join } from 'node:path';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import type { OperationEnd, RunId } from '../../src/core/runs/run.ts';
import { openRuns } from '../../src/core/runs/runs.ts';
import { RunJournal } from '../../src/runs/run-journal.ts';
import type { RunOperations } from '../../src/runs/run-operations.ts';
import { RunRunner } from '../../src/runs/run-runner.ts';
import { planOf, requestOf, runIdOf, step, stopAll } from '../support/run-plans.ts';

const done: OperationEnd = { status: 'done', result: 'done', code: '', message: '', durationMs: 1 };
const options = { isIntentOverridden: false, intentAgeMaxMs: 0 };

t.test('two runs end in the same breath: neither is forgotten before its end is written (I7)', async (t) => {
  const folder = t.testdir({});
  const journal = await RunJournal.open(join(folder, 'runs'));
  const ends: ((end: OperationEnd) => void)[] = [];
  const operations = {
    apply: () => new Promise<OperationEnd>((resolve) => ends.push(resolve)),
  } as unknown as RunOperations;
  /** What a manager that is killed right then would find. */
  const found: (readonly RunId[])[] = [];
  const runner = new RunRunner(
    {
      clock: systemClock,
      journal,
      intentPath: join(folder, 'intent.json'),
      operations,
      observe: async () => ({}),
      runHook: async () => ({ exitStatus: 0, message: '' }),
      wake: () => undefined,
      arm: () => undefined,
      withdraw: async () => undefined,
      onEvent: () => undefined,
      onChange: () => undefined,
      onEnded: async () => {
        const records = journal.records();
        found.push([...openRuns({ records, intent: undefined, bootId: 'boot' }).runs.keys()]);
      },
      onTrouble: () => undefined,
    },
    openRuns({ records: [], intent: undefined, bootId: 'boot' }),
  );
  const begin = (number: number, name: string) =>
    runner.request(
      requestOf(planOf([[step(stopAll(name))]], { kind: 'sequence', nodes: [name] }), number),
      options,
    );
  await begin(1, 'a');
  await begin(2, 'b');
  const [endOfA, endOfB] = ends;
  // While a third is being written, the ends of both wait.
  const third = begin(3, 'c');
  endOfA?.(done);
  endOfB?.(done);
  await third;
  await until(() => found.length === 2, { what: 'both are over' });
  t.same(found, [
    [runIdOf(1), runIdOf(2), runIdOf(3)],
    [runIdOf(2), runIdOf(3)],
  ]);
  await runner.close();
  await journal.close();
});
