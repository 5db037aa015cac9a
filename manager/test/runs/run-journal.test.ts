import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { RunId } from '../../src/core/runs/run.ts';
import type { RunRecord } from '../../src/core/runs/run-record.ts';
import { RunJournal } from '../../src/runs/run-journal.ts';

const one = '01M7ZH0M95XW64C72NRBQPM8S1' as RunId;
const two = '01M7ZH0M95XW64C72NRBQPM8S2' as RunId;
const record = (runId: RunId, atMs: number): RunRecord => ({ type: 'resumed', bootId: 'boot', runId, atMs });

function pathOf(t: { teardown: (end: () => void) => unknown }): string {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-run-journal-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'runs.records');
}

t.test('a commit is in it whole or not at all', async (t) => {
  const path = pathOf(t);
  const journal = await RunJournal.open(path);
  await journal.commit([record(one, 1), record(one, 2)], false);
  await journal.commit([], false);
  await journal.commit([record(two, 3)], false);
  await journal.close();
  const text = readFileSync(path, 'utf8');
  t.equal(text.split('\n').filter(Boolean).length, 2, 'a line each');
  for (let length = 0; length <= text.length; length += 1) {
    writeFileSync(path, text.slice(0, length));
    const cut = await RunJournal.open(path);
    const times = cut.records().map(({ atMs }) => atMs);
    await cut.close();
    if (![0, 2, 3].includes(times.length)) t.fail(`cut at ${length}: ${times}`);
  }
  t.pass('a torn tail is cut');
});

t.test('what is over goes, the rest stays', async (t) => {
  const path = pathOf(t);
  const journal = await RunJournal.open(path);
  await journal.commit([record(one, 1)], false);
  await journal.commit([record(one, 2), record(two, 2)], false);
  await journal.keepOnly(new Set([two]));
  await journal.commit([record(two, 3)], false);
  await journal.close();
  const again = await RunJournal.open(path);
  t.same(again.records(), [record(two, 2), record(two, 3)]);
  await again.close();
});

t.test('other damage is refused loudly', async (t) => {
  const path = pathOf(t);
  const journal = await RunJournal.open(path);
  await journal.commit([record(one, 1)], false);
  await journal.close();
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace('boot', 'boat'));
  await t.rejects(RunJournal.open(path), { code: 'HEC_STATE', message: /runs\.records:1: damaged/ });
  writeFileSync(path, '');
  const other = await RunJournal.open(path);
  await other.commit([{ ...record(one, 1), type: 'of-tomorrow' } as unknown as RunRecord], false);
  await other.close();
  await t.rejects(RunJournal.open(path), { code: 'HEC_STATE', message: /of-tomorrow/ });
  appendFileSync(path, '');
});

t.test('what a disk refused and counts all the same is written ahead of the next', async (t) => {
  const path = pathOf(t);
  const journal = await RunJournal.open(path);
  await journal.commit([record(one, 1)], true);
  // A closed file refuses everything, as a full disk does.
  await journal.close();
  await t.rejects(journal.commit([record(one, 2)], true), { code: 'HEC_STATE' });
  await t.rejects(journal.commit([record(two, 3)], false), { code: 'HEC_STATE' });
  t.notOk(journal.isWritten());
  t.same(
    journal.records().map(({ atMs }) => atMs),
    [1, 2],
    'the one that halts is forgotten',
  );
});
