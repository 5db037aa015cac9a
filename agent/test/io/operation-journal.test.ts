import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
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
  t.same(again.records, [job]);
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
    message: /operations\.jsonl:1: damaged/,
  });
});

t.test('in memory', async (t) => {
  const journal = memoryJournal([job]);
  await journal.append(job);
  journal.appendLazily(job);
  await journal.rewrite([]);
  await journal.close();
  t.same(journal.records, [job]);
});
