/** What is on the disk while runs end. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import t, { type Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import type { OperationEnd, RunId } from '../../src/core/runs/run.ts';
import { openRuns } from '../../src/core/runs/runs.ts';
import { RunJournal } from '../../src/runs/run-journal.ts';
import type { RunOperations } from '../../src/runs/run-operations.ts';
import { RunRunner, type RunRunnerPorts } from '../../src/runs/run-runner.ts';
import { planOf, requestOf, runIdOf, step, stopAll } from '../support/run-plans.ts';

const done: OperationEnd = { status: 'done', result: 'done', code: '', message: '', durationMs: 1 };
const options = { isIntentOverridden: false, intentAgeMaxMs: 0 };

const runnerWith = (
  ports: Partial<RunRunnerPorts> & Pick<RunRunnerPorts, 'journal' | 'intentPath' | 'operations'>,
  opened = openRuns({ records: [], intent: undefined, bootId: 'boot' }),
) =>
  new RunRunner(
    {
      clock: systemClock,
      observe: async () => ({}),
      runHook: async () => ({ exitStatus: 0, message: '' }),
      wake: () => undefined,
      arm: () => undefined,
      withdraw: async () => undefined,
      onEvent: () => undefined,
      onChange: () => undefined,
      onEnded: async () => undefined,
      onTrouble: () => undefined,
      ...ports,
    },
    opened,
  );

const folderFor = (t: Test): string => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-run-runner-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
};

t.test('two runs end in the same breath: neither is forgotten before its end is written (I7)', async (t) => {
  const folder = folderFor(t);
  const journal = await RunJournal.open(join(folder, 'runs'));
  const ends: ((end: OperationEnd) => void)[] = [];
  const operations = {
    apply: () => new Promise<OperationEnd>((resolve) => ends.push(resolve)),
  } as unknown as RunOperations;
  /** What a manager that is killed right then would find. */
  const found: (readonly RunId[])[] = [];
  const runner = runnerWith({
    journal,
    intentPath: join(folder, 'intent.json'),
    operations,
    onEnded: async () => {
      const records = journal.records();
      found.push([...openRuns({ records, intent: undefined, bootId: 'boot' }).runs.keys()]);
    },
  });
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

t.test(
  'a shutdown is over, and its intent cannot be removed: by itself it is, as soon as it can be',
  async (t) => {
    const folder = folderFor(t);
    const [here, away] = [join(folder, 'here'), join(folder, 'away')];
    const intentPath = join(here, 'intent.json');
    mkdirSync(here);
    const journal = await RunJournal.open(join(folder, 'runs'));
    const ends: ((end: OperationEnd) => void)[] = [];
    const troubles: unknown[] = [];
    let isEnded = false;
    const runner = runnerWith({
      journal,
      intentPath,
      operations: {
        apply: () => new Promise<OperationEnd>((resolve) => ends.push(resolve)),
      } as unknown as RunOperations,
      onEnded: async () => {
        isEnded = true;
      },
      onTrouble: (trouble) => troubles.push(trouble),
      diskRetryMs: 20,
    });
    await runner.request(requestOf(planOf([[step(stopAll('a'))]], { nodes: ['a'] }), 1), options);
    t.ok(existsSync(intentPath));
    renameSync(here, away);
    ends[0]?.(done);
    await until(() => isEnded && troubles.length > 3, { what: 'it is over, and its intent was tried again' });
    t.match(troubles.at(-1), { code: 'HEC_STATE' });
    t.equal(runner.state.intent, undefined);
    t.same(
      [...openRuns({ records: journal.records(), intent: undefined, bootId: 'boot' }).runs.keys()],
      [runIdOf(1)],
      'a start of now would still learn that it is over',
    );
    renameSync(away, here);
    await until(() => !existsSync(intentPath), { what: 'the intent is gone' });
    await until(() => troubles.at(-1) === undefined, { what: 'and that it works again is told' });
    await runner.close();
    await journal.close();
  },
);
