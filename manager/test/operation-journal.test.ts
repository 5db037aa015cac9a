import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVerbOptions } from '@hecate/proto/generated/wire.ts';
import { openRecordFile } from '@hecate/proto/io/record-file.ts';
import t, { type Test } from 'tap';
import { OperationJournal } from '../src/operation-journal.ts';
import { opIdOf, outcomeOf, requestOf } from './support/operations-fixtures.ts';

function journalPath(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-journal-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'operations.records');
}

/** What a restart finds: ids of the open ones, and of those that are over with their status. */
async function found(path: string) {
  const { journal, open, past } = await OperationJournal.open(path);
  await journal.close();
  return {
    open: open.map(({ opId }) => opId),
    past: past.map(({ request, outcome }) => [request.opId, outcome.status]),
  };
}

t.test('what is open, and what is over', async (t) => {
  const path = journalPath(t);
  const { journal, open, past } = await OperationJournal.open(path);
  t.same([open, past], [[], []]);
  for (const n of [1, 2, 3]) await journal.record(requestOf(n));
  await journal.settle(opIdOf(2), outcomeOf('failed', opIdOf(2)));
  await journal.settle(opIdOf(9), outcomeOf('done', opIdOf(9)));
  await journal.close();
  t.same(await found(path), { open: [opIdOf(1), opIdOf(3)], past: [[opIdOf(2), 'failed']] });
});

t.test('I9: durable when it is told so, before and after each promise', async (t) => {
  const path = journalPath(t);
  const { journal } = await OperationJournal.open(path);
  await journal.record(requestOf());
  t.match(readFileSync(path, 'utf8'), opIdOf(1));
  await journal.settle(opIdOf(1), outcomeOf('done'));
  t.match(readFileSync(path, 'utf8'), '"status":"done"');
  await journal.close();
});

t.test('settled twice, as when an agent reports what is being settled: both wait for the disk', async (t) => {
  const path = journalPath(t);
  const { journal } = await OperationJournal.open(path);
  await journal.record(requestOf());
  void journal.settle(opIdOf(1), outcomeOf('done'));
  await journal.settle(opIdOf(1), outcomeOf('done'));
  const text = readFileSync(path, 'utf8');
  t.equal(text.split('"type":"outcome"').length - 1, 1, 'there, once');
  await journal.settle(opIdOf(1), outcomeOf('done'));
  await journal.close();
  t.equal(readFileSync(path, 'utf8'), text.replace(/\0+$/, ''), 'without the room that was made ahead');
});

t.test('settled before its record was durable', async (t) => {
  const path = journalPath(t);
  const { journal } = await OperationJournal.open(path);
  const recording = journal.record(requestOf());
  await journal.settle(opIdOf(1), outcomeOf('refused'));
  await recording;
  await journal.close();
  t.same(await found(path), { open: [], past: [[opIdOf(1), 'refused']] });
});

t.test('the arguments of a command are not written', async (t) => {
  const path = journalPath(t);
  const { journal } = await OperationJournal.open(path);
  const options = createVerbOptions({ argv: ['login', '--password', 'hunter2'] });
  await journal.record(requestOf(1, { verb: 'exec', options }));
  await journal.close();
  t.notMatch(readFileSync(path, 'utf8'), 'hunter2');
});

t.test(
  'compaction keeps what is open and what the history remembers, and loses nothing on its way',
  async (t) => {
    const path = journalPath(t);
    const compactAbove = 20_000;
    const { journal } = await OperationJournal.open(path, compactAbove);
    const count = 3000;
    // All at once: appends, outcomes and compactions share batches.
    const writing = Array.from({ length: count }, async (_, i) => {
      const n = i + 1;
      await journal.record(requestOf(n, { reason: 'x'.repeat(n % 100) }));
      if (n % 10 !== 0) await journal.settle(opIdOf(n), outcomeOf('done', opIdOf(n)));
      return n;
    });
    await Promise.all(writing);
    await journal.close();
    const { open, past } = await found(path);
    t.same(
      open,
      Array.from({ length: count / 10 }, (_, i) => opIdOf(10 * (i + 1))),
      'every open one',
    );
    t.equal(past.length, 2000);
    t.equal(new Set(past.map(([opId]) => opId)).size, 2000);
  },
);

t.test('I14: the journal does not grow with the operations that are over', async (t) => {
  const path = journalPath(t);
  const { journal } = await OperationJournal.open(path, 100_000);
  let largest = 0;
  for (let round = 0; round < 30; round += 1) {
    const batch = Array.from({ length: 200 }, async (_, i) => {
      const n = round * 200 + i + 1;
      await journal.record(requestOf(n));
      await journal.settle(opIdOf(n), outcomeOf('done', opIdOf(n)));
    });
    await Promise.all(batch);
    largest = Math.max(largest, statSync(path).size);
  }
  await journal.close();
  const bytesOfOne = statSync(path).size / 4000;
  t.ok(largest < 3 * 2000 * 2 * bytesOfOne + 200_000, `${largest} bytes at most`);
  t.equal((await found(path)).past.length, 2000);
});

t.test('a journal of something else is refused', async (t) => {
  const path = journalPath(t);
  const file = await openRecordFile<unknown>(path, { parse: (value) => value });
  await file.append({ type: 'recipe' });
  await file.close();
  await t.rejects(OperationJournal.open(path), { code: 'HEC_STATE', message: /operations\.records:1/ });
});
