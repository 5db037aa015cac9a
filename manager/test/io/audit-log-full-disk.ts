/** Run by audit-log.test.ts on a tmpfs of 16 KiB; prints what it saw as JSON. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openAuditLog } from '../../src/io/audit-log.ts';

const [disk = ''] = process.argv.slice(2);
const path = join(disk, 'audit.jsonl');
const told: string[] = [];
const log = await openAuditLog(path, { onFailure: ({ message }) => told.push(message) });
const entry = { who: 'alice', from: '', outcome: 'done' };

writeFileSync(join(disk, 'ballast'), 'x'.repeat(4096));
for (let i = 0; i < 300; i += 1) log.append({ ...entry, what: `verb${i}` });
await log.flush();
const trouble = log.trouble;
rmSync(join(disk, 'ballast'));
log.append({ ...entry, what: 'after' });
await log.flush();
await log.close();

const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
const parsed = lines.flatMap((line) => {
  try {
    return [JSON.parse(line) as { what: string }];
  } catch {
    return [];
  }
});
console.log(
  JSON.stringify({
    told,
    trouble,
    troubleAfter: log.trouble,
    failures: log.failures,
    whole: parsed.length,
    torn: lines.length - parsed.length,
    last: parsed.at(-1)?.what,
  }),
);
