import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { newJournalRecord } from '../../src/core/operation-record.ts';
import { openLogger } from '../../src/io/logger.ts';
import { memoryJournal, openOperationJournal } from '../../src/io/operation-journal.ts';
import { opId } from '../support/operations.ts';

const job = { type: 'job', opId: opId(1), jobId: 4, jobPath: '/j/4' } as const;

t.test('what was appended is there again; a torn end is cut off and told', async (t) => {
  const path = join(t.testdir(), 'operations.jsonl');
  const log: string[] = [];
  const logger = openLogger('info', (line) => void log.push(line));
  const journal = await openOperationJournal(path, logger);
  await journal.append(job);
  await journal.close();
  appendFileSync(path, '00000000 12 {"type"');
  const again = await openOperationJournal(path, logger);
  t.same(again.records, [newJournalRecord, job]);
  await again.close();
  t.match(log, [/torn end/]);
});

t.test('a record that is none names its line', async (t) => {
  const path = join(t.testdir(), 'operations.jsonl');
  const logger = openLogger('error', () => undefined);
  const journal = await openOperationJournal(path, logger);
  await journal.append(job);
  await journal.append(job);
  await journal.close();
  writeFileSync(path, readFileSync(path, 'utf8').replace('"jobId":4', '"jobId":5'));
  await t.rejects(openOperationJournal(path, logger), {
    code: 'HEC_STATE',
    message: /operations\.jsonl:2: damaged/,
  });
});

t.test(
  'a new one says that nothing before it is known, also when it takes the place of a lost one',
  async (t) => {
    const path = join(t.testdir(), 'operations.jsonl');
    const logger = openLogger('error', () => undefined);
    for (let n = 0; n < 2; n += 1) {
      const journal = await openOperationJournal(path, logger);
      t.same(journal.records, [newJournalRecord]);
      await journal.close();
      rmSync(path);
    }
  },
);

t.test('in memory', async (t) => {
  const journal = memoryJournal([job]);
  await journal.append(job);
  journal.appendLazily(job);
  await journal.rewrite([]);
  await journal.close();
  t.same(journal.records, [job]);
});
